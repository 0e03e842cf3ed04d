// BAS-19…BAS-24: recorded answers of chapter 19 pass, the smallest wrong ones do not, and codes at a border may differ.

import LoMAVectors
import Testing
@testable import LoMAJudgement

@testable import LoMAConformance

@Suite("Chapter 19: judging recorded answers")
struct BaselineJudgeTests {
  private static let shared = Result { () throws(CorpusError) in try CaseCorpus(folder: Recorded.folder + "/peers") }

  private func item(_ id: String) throws -> StoredCase {
    try #require(try Self.shared.get().cases.first { $0.id == id }, "\(id)")
  }

  /// The recorded answer as a candidate of an element type would give it: rounded once.
  private func answer(_ item: StoredCase, _ dtype: String) throws -> [NamedArray] {
    guard case .tensors(_, let rules) = item.answer else { return [] }
    return try Self.shared.get().expected(of: item).filter { array in rules.contains { $0.name == array.name } }.map {
      guard $0.elementType == .f64, let type = ElementType(word: dtype) else { return $0 }
      return try NamedArray($0.name, type, shape: $0.shape, doubles: try $0.doubles())
    }
  }

  private func result(_ item: StoredCase, _ dtype: String, _ replies: [[NamedArray]]) throws -> CaseResult {
    try Self.shared.get().judge(
      item, dtype: dtype, replies: replies.map { .tensors($0) }, bounds: .provisional)
  }

  @Test func `BAS-20 every recorded answer of chapter 19 passes, and a claim is named by its baseline`() throws {
    var profiles: Set<String> = []
    for item in try Self.shared.get().cases where item.op.method == .cache {
      if item.level != .rejection { profiles.insert(item.profileName) }
      guard case .tensors = item.answer else { continue }
      for dtype in item.dtypes {
        #expect(try result(item, dtype, [answer(item, dtype)]).verdict == .pass, "\(item.id) \(dtype)")
      }
    }
    #expect(profiles.count == 11 && profiles.allSatisfy { $0.hasPrefix("baseline=") }, "\(profiles)")
    #expect(profiles.contains("baseline=none"))
  }

  @Test func `BAS-4 BAS-24 a choice must be equal, and what is only copied too`() throws {
    let item = try item("stage.think.gqa")
    let right = try answer(item, "f32")
    let choice = try #require(right.first { $0.name == "choice" }).integers()
    let other = try right.changing("choice", at: 0, to: (choice[0] + 1) % 4)
    let wrong = try result(item, "f32", [other])
    #expect(wrong.verdict == .fail && wrong.finding?.place == "KV head 0, place 0")
    let moved = try right.changing("keys", at: 5) { $0 * (1 + 0x1p-22) + 0x1p-40 }
    #expect(try result(item, "f32", [moved]).verdict == .fail)
    let bits = try right.changing("bits", at: 0, to: 1)
    #expect(try result(item, "f32", [bits]).verdict == .fail)
  }

  @Test
  func
    `BAS-24 a code near a border may be its neighbour where the type cannot tell, and its number is then not compared`()
    throws
  {
    var tolerated: [String: Int] = [:]
    for id in ["stage.zip_cache.gqa", "stage.zip_cache.wide", "stage.zip_cache.one-entry"] {
      let item = try item(id)
      let recorded = try Self.shared.get().expected(of: item)
      for (codes, numbers) in CachedCodes.tensors {
        let margins = try #require(recorded.first { $0.name == codes + ".margin" }).doubles()
        let right = try #require(recorded.first { $0.name == codes }).integers()
        for dtype in item.dtypes {
          let unit = try #require(ElementType(word: dtype).flatMap { Precision.of($0) }).output
          let answer = try answer(item, dtype)
          for cell in right.indices {
            let other = right[cell] == 0 ? 1 : right[cell] - 1
            let mayDiffer = margins[cell] <= 4 * unit * Double(right[cell] + 1)
            let moved = try answer.changing(codes, at: cell, to: other)
            let said: Comment = "\(id) \(dtype) \(codes) cell \(cell), margin \(margins[cell])"
            #expect(
              try result(item, dtype, [moved.changing(numbers, at: cell) { $0 + 0.25 }]).verdict
                == (mayDiffer ? .pass : .fail), said)
            let far = try answer.changing(codes, at: cell, to: right[cell] + 2)
            #expect(try result(item, dtype, [far]).verdict == .fail, said)
            if mayDiffer { tolerated[dtype, default: 0] += 1 }
          }
        }
      }
    }
    #expect(tolerated["f64"] == nil && tolerated["f32"] == nil && tolerated["bf16", default: 0] > 3, "\(tolerated)")
  }

  @Test func `BAS-23 a property compares the rows that both answers have, and says where they differ`() throws {
    let item = try item("property.cache.bas.eviction")
    func reply(_ prefill: Int, _ change: Int? = nil) throws -> [NamedArray] {
      let rows = 7 - prefill + 1
      var values = (0..<rows * 11).map { Double(($0 + (7 - rows) * 11) % 7) - 3 }
      if let change { values[change] += 1 }
      let entries = [3, prefill, 8]
      let zeros = Array(repeating: 0.0, count: entries.reduce(1, *))
      return [
        try NamedArray("logits", .f64, shape: [rows, 11], doubles: values),
        try NamedArray("cache.keys", .f64, shape: entries, doubles: zeros),
        try NamedArray("cache.values", .f64, shape: entries, doubles: zeros),
        try NamedArray("cache.alive", shape: [3, 2, prefill], booleans: Array(repeating: true, count: 6 * prefill)),
        try NamedArray("bits", .i64, shape: [], integers: [1]),
      ]
    }
    let questions = try Self.shared.get().questions(of: item, dtype: "f64")
    #expect(questions.count == 2 && questions[1].profile.members.isEmpty)
    #expect(questions[1].parameters["prefill"] == .integer(1))
    #expect(try result(item, "f64", [reply(5), reply(1)]).verdict == .pass)
    // The first rows of the text have no other.
    #expect(try result(item, "f64", [reply(5), reply(1, 3)]).verdict == .pass)
    let wrong = try result(item, "f64", [reply(5, 12), reply(1)])
    #expect(wrong.verdict == .fail && wrong.finding?.place == "text token 5, column 1", "\(wrong)")
    #expect(try result(item, "f64", [reply(5), reply(5)]).verdict == .invalidOutput)
  }
}
