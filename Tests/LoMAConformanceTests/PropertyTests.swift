// Each property made to hold, and made to fail by the smallest mistake.

import LoMA
import LoMAVectors
import Testing
@testable import LoMAJudgement

@testable import LoMAConformance

@Suite("Chapter 11: judging properties")
struct PropertyTests {
  @Test func `OPS-7 every property case holds for a candidate that has it`() throws {
    for item in try Recorded.corpus().cases {
      guard case .property = item.answer else { continue }
      let result = try MeanCandidate(dtype: "f64").result(item.id)
      #expect(result.verdict == .pass, "\(item.id): \(result.why) \(String(describing: result.finding))")
      #expect(!result.tensors.isEmpty && result.tensors.allSatisfy { $0.ratio <= 1 })
    }
  }

  @Test func `OPS-7 interference: every kind of wrong mask cell is found and named by its clause`() throws {
    let zones: [(Zone, Zone, String)] = [
      (.reading, .reading, "MSK-1"), (.reading, .memory, "MSK-2"), (.reading, .repetition, "MSK-3"),
      (.memory, .reading, "MSK-4"), (.memory, .memory, "MSK-5"), (.memory, .repetition, "MSK-6"),
      (.repetition, .reading, "MSK-7"), (.repetition, .memory, "MSK-8"), (.repetition, .repetition, "MSK-9"),
    ]
    for (query, key, clause) in zones {
      // One pair of rows, of the last full chunk and the first, or of one chunk.
      for isSame in [false, true] {
        let candidate = MeanCandidate(
          dtype: "f32",
          sees: { row, other, isVisible in
            let chunk = isSame ? 1 : 0
            let isPair =
              row.place.zone == query && other.place.zone == key && row.place.chunk == 1 && other.place.chunk == chunk
              && row.place.index == 1 && other.place.index == 0
            return isPair ? !isVisible : isVisible
          })
        let result = try candidate.result("property.interference.base")
        #expect(result.verdict == .fail, "\(query) on \(key)")
        let place = try #require(result.finding?.place)
        #expect(place.contains(": " + clause + " "), "\(place)")
        #expect(place.hasPrefix("with row ") && result.tensors.count { $0.ratio > 0 } == 1)
      }
    }
  }

  @Test func `OPS-7 poison: the least of a hidden key that reaches a row is found`() throws {
    let result = try MeanCandidate(dtype: "f32", leak: 1e-6).result("property.poison.heads4-kv1")
    #expect(result.verdict == .fail)
    #expect(result.finding?.place.hasSuffix("changed when the keys hidden from it were poisoned (MSK-12)") == true)
    #expect(try MeanCandidate(dtype: "f32", leak: 1e40).result("property.poison.heads4-kv1").verdict == .invalidOutput)
  }

  @Test func `OPS-7 a poisoned key would score 10⁴, by the least power of two, with the query's signs`() throws {
    for id in ["property.poison.heads2-kv2", "property.poison.heads4-kv1", "property.poison.heads4-kv4"] {
      let item = try Recorded.item(id)
      let questions = try Recorded.corpus().questions(of: item, dtype: "f16")
      func numbers(_ question: Int, _ name: String) throws -> [Double] {
        try questions[question].input.first { $0.name == name }?.doubles() ?? []
      }
      let cells = try questions[0].input.first { $0.name == "mask" }?.booleans() ?? []
      let (rows, heads, groups) = (
        questions.count - 2, try #require(item.integer("heads")), try #require(item.integer("kv_heads"))
      )
      let (q, k, v, d) = (try numbers(0, "q"), try numbers(0, "k"), try numbers(0, "v"), 4)
      for row in 0..<rows {
        let (key, value) = (try numbers(row + 2, "k"), try numbers(row + 2, "v"))
        for other in 0..<rows {
          for cell in (0..<groups * d).map({ other * groups * d + $0 }) where cells[row * rows + other] {
            #expect(key[cell] == k[cell] && value[cell] == v[cell])
          }
          for group in 0..<groups where !cells[row * rows + other] {
            let mine = (0..<d).map { key[(other * groups + group) * d + $0] }
            let query = (0..<d).map { q[row * heads * d + group * (heads / groups) * d + $0] }
            let score = zip(mine, query).reduce(0) { $0 + $1.0 * $1.1 } / 2
            #expect(score >= 1e4 && score / 2 < 1e4 && mine[0].magnitude <= 0x1p15)
            #expect((0..<d).allSatisfy { value[(other * groups + group) * d + $0] == 0x1p14 })
          }
        }
      }
    }
  }

  @Test(arguments: ["property.prefix.base", "property.cache.base", "property.batch.mha", "property.shift.by1"])
  func `OPS-7 near properties: off by more than twice the bound fails, by less passes`(_ id: String) throws {
    let item = try Recorded.item(id)
    let candidate = MeanCandidate(dtype: "f64")
    guard case .tensors(let second)? = try candidate.replies(to: id).last else { return }
    let name = id.contains("shift") ? "y" : "logits"
    let largest = try #require(second.first { $0.name == name }).doubles().map(\.magnitude).max() ?? 0
    let last = try Recorded.corpus().questions(of: item, dtype: "f64").count - 1
    let bound = 2 * Precision.f64.provisionalBound
    for (factor, verdict) in [(0.5, Verdict.pass), (3, .fail)] {
      let off = MeanCandidate(dtype: "f64", noise: { $0 == last ? factor * bound * largest : 0 })
      let result = try off.result(id)
      #expect(result.verdict == verdict, "\(result)")
      #expect((result.finding != nil) == (verdict == .fail))
    }
  }

  @Test func `OPS-7 shift: a position that reaches the answer is found`() throws {
    for (dtype, id) in [("f64", "property.shift.by1"), ("f32", "property.shift.by1000")] {
      #expect(try MeanCandidate(dtype: dtype, drift: 0.01).result(id).verdict == .fail)
    }
  }

  @Test func `OPS-7 who does not repeat its bytes is indeterminate where bits are compared`() throws {
    for id in ["property.repeat.mha", "property.interference.base", "property.poison.heads2-kv2"] {
      let result = try MeanCandidate(dtype: "f64", noise: { $0 == 1 ? 1e-9 : 0 }).result(id)
      #expect(result.verdict == .indeterminate && result.why.hasPrefix("the same question got other bytes"))
      #expect(result.finding?.place == "the same question again")
    }
  }

  @Test func `OPS-7 the same question that gets another shape or type is indeterminate`() throws {
    let judge = Judge(
      item: try Recorded.item("property.repeat.mha"), dtype: "f64", bounds: .provisional, captures: false, input: [],
      expected: [])
    let longer = try NamedArray("chosen", .i64, shape: [3], integers: [1, 2, 3])
    for other in [
      try NamedArray("chosen", .i64, shape: [2], integers: [1, 2]),
      try NamedArray("chosen", .i64, shape: [0], integers: []),
      try NamedArray("chosen", .i32, shape: [3], integers: [1, 2, 3]),
    ] {
      for (first, second) in [(longer, other), (other, longer)] {
        let result = try #require(PropertyJudge(judge, .repeat).difference([first], [second]))
        #expect(result.verdict == .indeterminate && result.why.contains("another shape or type: chosen"))
      }
    }
    #expect(PropertyJudge(judge, .repeat).difference([longer], [longer]) == nil)
  }

  @Test func `OPS-7 an answer out of form is named with its number`() throws {
    var replies = try MeanCandidate(dtype: "f32").replies(to: "property.prefix.base")
    replies[2] = .tensors([])
    let result = try Recorded.result("property.prefix.base", "f32", replies)
    #expect(result.verdict == .invalidOutput && result.why == "answer 2: missing tensor logits")
    let nan = MeanCandidate(dtype: "f32", noise: { $0 == 3 ? .nan : 0 })
    #expect(try nan.result("property.prefix.base").verdict == .invalidOutput)
    #expect(try nan.result("property.interference.base").verdict == .invalidOutput)
  }
}
