// RUN-30: what wrong answers share whose form is wrong.

import LoMAVectors
import Testing

@testable import LoMAAnswers
@testable import LoMACatalogue
@testable import LoMADiagnosis
@testable import LoMASuite

@Suite("Chapter 14: what wrong answers share")
struct SymptomsTests {
  private func symptoms(_ id: String, entries: Int, leavingOut: Bool) throws -> Symptoms {
    let item = try #require(Catalogue.item("generation.generate.gqa.base"))
    let right = try [3, 4].map { try NamedArray("t\($0)", .i64, shape: [$0], integers: Array(0..<$0)) }
    let other = try NamedArray("t4", .i64, shape: [entries], integers: Array(0..<entries))
    return Symptoms(
      id: id, level: .generation, request: item.request, answer: leavingOut ? [right[0]] : [right[0], other],
      right: right,
      tensors: [], place: nil, bound: { _ in 0 })
  }

  @Test func `RUN-30 a tensor that most answers have in another shape, or not at all, is named`() throws {
    let all = [
      try symptoms("a", entries: 5, leavingOut: false), try symptoms("b", entries: 4, leavingOut: true),
      try symptoms("c", entries: 4, leavingOut: false),
    ]
    #expect(
      Symptoms.shared(all, at: .generation)
        == ["generation: generate: t4 is missing or has another shape in 2 of 3 cases"])
    #expect(Symptoms.shared([all[2]], at: .generation) == [])
  }

  /// What is said of the answer of one port, in binary64.
  private func said(_ change: (inout [NamedArray]) throws -> Void) throws -> [String] {
    let item = try #require(Catalogue.item("generation.generate.gqa.base"))
    let models = try StoredModels(vectors: projectRoot + "/Vectors")
    let right = try ReferenceAnswers(models: models.models, workers: .single).answer(item.request)
      .filter { !$0.isBound }.map { try $0.array() }
    var answer = right
    try change(&answer)
    let bound = { (_: String) in 1e-12 }
    let symptoms = Symptoms(
      id: item.id, level: .generation, request: item.request, answer: answer, right: right,
      tensors: zip(right, answer).map { ($0.name, $0 != $1) }, place: nil, bound: bound)
    return Symptoms.shared([symptoms], at: .generation)
  }

  /// One number of a tensor [layers, rows, width] changed.
  private func change(_ name: String, layer: Int, row: Int, in answer: inout [NamedArray]) throws {
    let place = try #require(answer.firstIndex { $0.name == name })
    let array = answer[place]
    var values = try array.doubles()
    values[(layer * array.shape[1] + row) * array.shape[2]] += 1
    answer[place] = try NamedArray(name, .f64, shape: array.shape, doubles: values)
  }

  @Test func `RUN-30 the first wrong entry says whether token, position or sight is wrong`() throws {
    // c = 2, t = 2: rows 0 to 3 are read, 4 and 5 are memory, 6 is reading 0 of chunk 1.
    let moved = try said { answer in
      try change("appended.keys", layer: 0, row: 6, in: &answer)
      try change("appended.values", layer: 1, row: 6, in: &answer)
    }
    #expect(moved.last?.contains("its key in layer 0") == true)
    #expect(moved.last?.hasSuffix("in 1 of 1 cases; the row is reading 0 of chunk 1") == true)
    let other = try said { answer in
      try change("appended.values", layer: 0, row: 4, in: &answer)
      try change("appended.keys", layer: 0, row: 6, in: &answer)
    }
    #expect(other.last?.contains("its value in layer 0") == true)
    #expect(other.last?.hasSuffix("the row is memory 0 of chunk 0") == true)
    let blind = try said { try change("appended.keys", layer: 1, row: 5, in: &$0) }
    #expect(blind.last?.contains("an entry above layer 0") == true)
    #expect(try said { try change("cache.keys", layer: 1, row: 0, in: &$0) }.count == 1)
  }

  @Test func `RUN-30 tensors that are kept in a narrower type are said to be`() throws {
    let lines = try said { answer in
      for (index, array) in answer.enumerated() where array.name.hasPrefix("appended.") {
        answer[index] = try NamedArray(
          array.name, .f64, shape: array.shape, doubles: NarrowFloat.bfloat16.rounded(try array.doubles()))
      }
    }
    #expect(
      lines.last
        == "generation: generate: every number of appended.keys, appended.values is one of BF16 in 1 of 1 cases: they are kept in that type"
    )
  }

  @Test(arguments: [
    0, 1e-307, .leastNonzeroMagnitude, 1e300, .greatestFiniteMagnitude, .infinity, .nan, 0.31, 1 + 1e-15,
  ])
  func `RUN-30 any number is said in a moment`(_ value: Double) {
    #expect(!Multiple.short(value).isEmpty)
  }
}
