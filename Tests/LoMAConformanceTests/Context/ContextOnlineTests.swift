// CCM-34, CCM-37: the entries of an online answer, and the tokens that a right answer may choose differently.

import LoMAPeers
import LoMAVectors
import Testing
@testable import LoMAJudgement

@testable import LoMAConformance

@Suite("Chapter 16: judging online answers")
struct ContextOnlineTests {
  /// Segments of two, one and two tokens, n = 2, three tokens generated: seven text tokens and four COMP rows are fed.
  private static func online(forced: [Int]? = nil, profile: ContextProfile = .base) throws -> ContextCase {
    var made = try ContextCase.onTexts([[[1, 2], [3], [0, 4]]], .ccmOnline, level: .generation, profile: profile)
    made.parameters["generate"] = .integer(3)
    if let forced { made.input.append(try NamedArray("forced", .i64, shape: [3], integers: forced)) }
    // Rows 2 and 3 are C_0, rows 5 and 6 are C_1; the final segment is rows 7, 8 and the two tokens fed behind it.
    let held = profile.memory == .concat ? [2, 3, 5, 6, 7, 8, 9, 10] : [5, 6, 7, 8, 9, 10]
    func array(_ name: String, _ shape: [Int]) throws -> NamedArray {
      try NamedArray(name, .f64, shape: shape, doubles: unlikeNumbers(shape.reduce(1, *)))
    }
    // At every step token 2 is best, token 1 close behind it, token 0 far, token 3 equal to token 2.
    let logits = (0..<7).flatMap { row -> [Double] in row < 4 ? [0, 0, 0, 0, -8] : [1, 3.9375, 4, 4, -8] }
    made.expected = [
      try NamedArray("chosen", .i64, shape: [3], integers: [2, 2, 2]),
      try NamedArray("logits", .f64, shape: [7, 5], doubles: logits),
      try NamedArray("events", .i64, shape: [2, 3], integers: [0, 0, 1, 1, 0, 4]),
      try array("appended.keys", [2, 11, 2]), try array("appended.values", [2, 11, 2]),
      try NamedArray("cache.rows", .i64, shape: [held.count], integers: held),
      try array("cache.keys", [2, held.count, 2]), try array("cache.values", [2, held.count, 2]),
    ]
    made.rules = made.expected.map { ($0.name, $0.elementType == .i64 ? .exact : .calibrated) }
    return made
  }

  private static func verdict(_ made: ContextCase, _ answer: [NamedArray], bound: Double) throws -> Verdict {
    let names = answer.filter { $0.elementType.kind == .floating }.map { $0.name }
    let allowed = Dictionary(
      uniqueKeysWithValues: names.map { ($0, CalibratedBounds.Allowed(bound: bound, gates: true)) })
    let bounds = CalibratedBounds(
      suite: "0.1", manifestDigest: String(repeating: "a", count: 64), variants: [], general: [:],
      cases: [CalibratedBounds.Unit(id: made.id, dtype: "f32"): allowed])
    return try made.result(answer, "f32", bounds: bounds).verdict
  }

  @Test func `CCM-34 places are text tokens, fed rows and cache entries`() throws {
    let made = try Self.online()
    let answer = try made.answer("f64")
    func place(_ name: String, _ cell: Int) throws -> String? {
      try made.result(try answer.changing(name, at: cell) { $0 + 1 }, "f64").finding?.place
    }
    #expect(try place("logits", 2 * 5 + 3) == "text token 2, row 4 (text 0 of segment 1), column 3")
    #expect(try place("logits", 6 * 5) == "text token 6, row 10 (text 3 of segment 2), column 0")
    #expect(try place("appended.keys", 3 * 2 + 1) == "layer 0, fed row 3 (comp 1 of segment 0), column 1")
    #expect(try place("cache.values", 16 + 2 * 2) == "layer 1, cache entry 2, row 5 (comp 0 of segment 1), column 0")
    let events = try made.result(try answer.changing("events", at: 5, to: 9), "f64")
    #expect(events.finding?.place == "event 1 (compression of segment 0), cache size")
    let rows = try made.result(try answer.changing("cache.rows", at: 1, to: 9), "f64")
    #expect(rows.finding?.place == "cache entry 1, row 3 (comp 1 of segment 0)")
    let chosen = try made.result(try answer.changing("chosen", at: 1, to: 0), "f64")
    #expect(chosen.verdict == .fail && chosen.finding?.place == "step 1")
  }

  @Test func `CCM-37 a token within twice the bound of the best is right, one further off or equal is not`() throws {
    let made = try Self.online()
    let answer = try made.answer("f32")
    // Token 1 is behind by 1/16 of scores up to 8: a share of 1/128.
    for step in 0..<3 {
      let other = try answer.changing("chosen", at: step, to: 1)
      #expect(try Self.verdict(made, other, bound: 1 / 128.0 / 1.9) == .pass, "step \(step)")
      #expect(try Self.verdict(made, other, bound: 1 / 128.0 / 2.1) == .fail, "step \(step)")
      let far = try answer.changing("chosen", at: step, to: 0)
      #expect(try Self.verdict(made, far, bound: 1 / 128.0) == .fail)
      let equal = try answer.changing("chosen", at: step, to: 3)
      #expect(try Self.verdict(made, equal, bound: 1) == .fail, "equal scores: the lowest id")
    }
  }

  @Test(arguments: ["base", "memory=merge"])
  func `CCM-37 what follows another token is not compared, what precedes it is`(_ name: String) throws {
    let made = try Self.online(profile: try ContextProfile(name: name))
    let answer = try made.answer("f32").changing("chosen", at: 0, to: 1)
    let bound = 1 / 128.0 / 1.9
    func verdict(_ tensor: String, _ cell: Int) throws -> Verdict {
      try Self.verdict(made, try answer.changing(tensor, at: cell) { $0 + 9 }, bound: bound)
    }
    // The token of step 0 is fed as text token 5, in row 9.
    #expect(try verdict("logits", 5 * 5) == .pass)
    #expect(try verdict("logits", 4 * 5) == .fail)
    for (row, right) in [(9, Verdict.pass), (8, .fail)] {
      #expect(try verdict("appended.keys", row * 2) == right, "row \(row)")
      #expect(try verdict("appended.values", (11 + row) * 2) == right, "row \(row) of layer 1")
    }
    let held = try #require(made.expected.first { $0.name == "cache.rows" }).integers()
    for (entry, row) in held.enumerated() {
      #expect(try verdict("cache.keys", entry * 2) == (row >= 9 ? .pass : .fail), "entry \(entry), row \(row)")
    }
    // Events and rows do not depend on the ids.
    #expect(try Self.verdict(made, try answer.changing("events", at: 0, to: 9), bound: bound) == .fail)
    #expect(try Self.verdict(made, try answer.changing("cache.rows", at: 0, to: 9), bound: bound) == .fail)
  }

  @Test func `CCM-37 where tokens are forced each choice is judged by its own row, and all numbers are`() throws {
    let made = try Self.online(forced: [4, 0, 1])
    let bound = 1 / 128.0 / 1.9
    let answer = try made.answer("f32").changing("chosen", at: 0, to: 1)
    #expect(try Self.verdict(made, answer, bound: bound) == .pass)
    #expect(try Self.verdict(made, try answer.changing("chosen", at: 2, to: 0), bound: bound) == .fail)
    #expect(try Self.verdict(made, try answer.changing("logits", at: 6 * 5) { $0 + 9 }, bound: bound) == .fail)
    #expect(try Self.verdict(made, try answer.changing("cache.keys", at: 7 * 2) { $0 + 9 }, bound: bound) == .fail)
  }
}
