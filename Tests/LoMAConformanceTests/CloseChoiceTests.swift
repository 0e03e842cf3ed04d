// TOL-17: choices between scores that are nearer than two right answers need be.

import LoMAVectors
import Testing
@testable import LoMAJudgement

@testable import LoMAConformance

@Suite("Chapter 12: close choices")
struct CloseChoiceTests {
  private static let id = "generation.generate.gqa.base"

  /// The recorded answer to a generation with the token of a step replaced by the second best, and what follows spoilt.
  private struct Flip {
    let answer: [NamedArray]
    /// How far the second best is behind, as a share of the largest score.
    let lead: Double
  }

  private static func flip(_ id: String, step: Int) throws -> Flip {
    let item = try Recorded.item(id)
    var answer = try Recorded.answer(item, "f32")
    let name = item.op == .generate ? "chosen" : "tokens"
    let chosen = try #require(try answer.first { $0.name == name }?.integers())
    let logits = try #require(answer.first { $0.name == "logits" })
    let (scores, width) = (try logits.doubles(), logits.shape[1])
    let first = item.op == .generate ? logits.shape[0] - chosen.count : 0
    let row = Array(scores[(first + step) * width..<(first + step) * width + (item.integer("text_vocabulary") ?? 0)])
    let others = row.indices.filter { $0 != chosen[step] && row[$0] < row[chosen[step]] }
    let second = try #require(others.max { row[$0] < row[$1] })
    let largest = scores.reduce(0) { max($0, $1.magnitude) }
    answer = try answer.changing(name, at: step, to: second)
    return Flip(answer: answer, lead: (row[chosen[step]] - row[second]) / largest)
  }

  private static func verdict(_ id: String, _ answer: [NamedArray], bound: Double) throws -> Verdict {
    let item = try Recorded.item(id)
    let names = answer.filter { $0.elementType.kind == .floating }.map { $0.name }
    let allowed = Dictionary(
      uniqueKeysWithValues: names.map { ($0, CalibratedBounds.Allowed(bound: bound, gates: true)) })
    let bounds = CalibratedBounds(
      suite: "1.1", manifestDigest: String(repeating: "a", count: 64), variants: [], general: [:],
      cases: [CalibratedBounds.Unit(id: id, dtype: "f32"): allowed])
    return try Recorded.corpus().judge(item, dtype: "f32", replies: [.tensors(answer)], bounds: bounds).verdict
  }

  @Test func `TOL-17 a token within twice the bound of the best is right, one further off is not`() throws {
    for step in 0..<3 {
      let flip = try Self.flip(Self.id, step: step)
      #expect(try Self.verdict(Self.id, flip.answer, bound: flip.lead / 1.9) == .pass, "step \(step)")
      #expect(try Self.verdict(Self.id, flip.answer, bound: flip.lead / 2.1) == .fail, "step \(step)")
    }
  }

  @Test func `TOL-17 what follows another token is not compared, what precedes it is`() throws {
    let step = 1
    let flip = try Self.flip(Self.id, step: step)
    let bound = flip.lead / 1.9
    let logits = try #require(flip.answer.first { $0.name == "logits" })
    let (rows, width) = (logits.shape[0], logits.shape[1])
    let behind = rows - 6 + step + 1  // six tokens are chosen, the token of this step is fed in the row behind
    let later = try flip.answer.changing("logits", at: behind * width) { $0 + 100 }
    #expect(try Self.verdict(Self.id, later, bound: bound) == .pass)
    let earlier = try flip.answer.changing("logits", at: (behind - 1) * width) { $0 + 100 }
    #expect(try Self.verdict(Self.id, earlier, bound: bound) == .fail)
    // n = 5, c = t = 2: text token 6 is row 8 of the generation layout.
    let keys = try #require(flip.answer.first { $0.name == "appended.keys" })
    for (row, verdict) in [(8, Verdict.pass), (7, .fail)] {
      let other = try flip.answer.changing("appended.keys", at: row * keys.shape[2]) { $0 + 9 }
      #expect(try Self.verdict(Self.id, other, bound: bound) == verdict, "row \(row)")
    }
  }

  @Test func `TOL-17 each recited token is judged by its own row`() throws {
    let id = "generation.reconstruct.gqa.base"
    let flip = try Self.flip(id, step: 2)
    #expect(try Self.verdict(id, flip.answer, bound: flip.lead / 1.9) == .pass)
    #expect(try Self.verdict(id, flip.answer, bound: flip.lead / 2.1) == .fail)
    // Under `shifted` token 1 is chosen from row 0, and token 0 from a row that is not recorded.
    let shifted = "generation.reconstruct.gqa.repetition-labels-shifted"
    let answer = try Recorded.answer(try Recorded.item(shifted), "f32")
    let token = try #require(try answer.first { $0.name == "tokens" }?.integers().first)
    let first = try answer.changing("tokens", at: 0, to: (token + 1) % 11)
    #expect(try Self.verdict(shifted, first, bound: 1) == .fail)
  }

  @Test func `TOL-17 equal scores are no close ones`() throws {
    let id = "generation.generate.ties.c2-t2"
    let item = try Recorded.item(id)
    let answer = try Recorded.answer(item, "f32")
    let chosen = try #require(try answer.first { $0.name == "chosen" }?.integers())
    // Ids v and v + 4 have the same row in this model's head.
    let other = try answer.changing("chosen", at: 0, to: chosen[0] + 4)
    #expect(try Self.verdict(id, other, bound: 1) == .fail)
  }
}
