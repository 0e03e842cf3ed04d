// OWN-2…OWN-6, OWN-8: right simulated ports are right, wrong ones are wrong and named, and what cannot be told is said before.

import Foundation
import LoMA
import LoMAModels
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMAOwnModel

@Suite("OWN: ports")
struct PortTests {
  /// Whether LOMA_EVERY_PAIR is set: every model in every type, beside all alternatives, some minutes.
  private static let isWhole = ProcessInfo.processInfo.environment["LOMA_EVERY_PAIR"] != nil

  /// Every model in every one of the types, or each type once.
  private static func pairs(_ types: [ElementType]) -> [(name: String, type: ElementType)] {
    let names = ["text-c4", "random-c8"]
    if isWhole { return names.flatMap { name in types.map { (name, $0) } } }
    return types.indices.map { (names[$0 % names.count], types[$0]) }
  }

  @Test(arguments: pairs([.f32, .bf16, .f16]))
  func `OWN-2 ports that round at random are right in every operation`(name: String, type: ElementType) throws {
    let plan = try OwnFixtures.plan(name, [type], Self.isWhole ? .all : .axes)
    try OwnFixtures.withYardstick(plan) { yardstick in
      #expect(yardstick.isChaotic(type) == nil)
      for seed in UInt64(1)...3 {
        let port = try OwnFixtures.port(type, seed: seed)
        let findings = try OwnFixtures.findings(yardstick, type, port, capturing: seed == 1)
        let verdict = OwnVerdict(plan: plan, type: type, findings: [findings], chaotic: false)
        #expect(verdict.kind == .right, "\(verdict.sentence)")
        #expect(verdict.names.isEmpty && verdict.first == nil)
        #expect(findings.measurements.count { $0.rule == .exact } == (seed == 1 ? 3 : 2))
      }
    }
  }

  @Test func `OWN-6 the reference itself errs by nothing, with and without a cache`() throws {
    // Generation through the cache, with its own code, beside the rows of one pass: sums run in another order at most.
    for name in ["text-c4", "random-c8", "gqa"] {
      let plan = try OwnFixtures.plan(name, [.f32], .none)
      try OwnFixtures.withYardstick(plan) { yardstick in
        let findings = try OwnFixtures.findings(yardstick, .f32, .llama(workers: .single), capturing: true)
        for measurement in findings.measurements {
          #expect(measurement.share < 1e-5, "\(name): \(measurement.tensor), \(measurement.words)")
        }
        let layers = plan.model.checkpoint.configuration.layers
        let entries = findings.measurements.filter { $0.tensor == "appended.keys" && $0.rule == .freeWhole }
        #expect(entries.count == layers)
        #expect(findings.measurements.contains { $0.tensor == "chosen" && $0.rule == .token })
        #expect(findings.measurements.contains { $0.tensor == "tokens" && $0.rule == .token })
        #expect(findings.measurements.contains { $0.tensor == "repetition" && $0.rule == .loss })
      }
    }
  }

  @Test(arguments: pairs([.f32, .bf16]))
  func `OWN-3, OWN-4 every alternative that is decidable is wrong and named`(name: String, type: ElementType) throws {
    let naming: OwnNaming = Self.isWhole || type == .f32 ? .all : .axes
    let plan = try OwnFixtures.plan(name, [type], naming)
    // The second text of random-c8 has ten chunks, as the only one of text-c4.
    try OwnFixtures.withYardstick(plan, text: plan.texts.count - 1) { yardstick in
      var (decided, asked) = (0, 0)
      for known in yardstick.decidability(type) {
        guard
          let answer = try OwnFixtures.wrongForward(known.alternative, yardstick, type, seed: 4)
        else { continue }
        asked += 1
        let findings = try yardstick.judge(.forward, chunk: nil, answer: answer, type: type)
        let verdict = OwnVerdict(plan: plan, type: type, findings: [findings], chaotic: false)
        let id = known.alternative.id
        #expect(known.isDecidable(capturing: true) != verdict.undecidable.contains(known.alternative), "\(id)")
        guard known.isDecidable(capturing: true) else { continue }
        decided += 1
        #expect(verdict.kind == .wrong, "\(id): \(verdict.sentence)")
        #expect(verdict.names.contains(known.alternative), "\(id): \(verdict.sentence)")
        let beta = findings.projections.filter { $0.alternative == id && $0.isDecisive }.map { $0.beta }.max() ?? 0
        #expect(beta > 0.5, "\(id): β = \(beta)")
        // A judge that does not know the mistake has no name for it.
        var others = findings
        others.projections.removeAll { $0.alternative == id }
        let blind = OwnVerdict(
          alternatives: plan.alternatives.filter { $0.id != id }, type: type, findings: [others], chaotic: false)
        #expect(blind.names.isEmpty, "\(id): \(blind.sentence)")
        // The first name has the same effect, or it is this one.
        let mine = findings.projections.filter { $0.alternative == id && $0.isDecisive }.map { $0.strength }.max() ?? 0
        let first = try #require(verdict.names.first?.id)
        let best =
          findings.projections.filter { $0.alternative == first && $0.isDecisive }.map { $0.strength }.max() ?? 0
        #expect(best <= 1.02 * mine, "\(id) is called \(first)")
      }
      #expect(asked > (naming == .all ? 25 : 5))
      #expect(Double(decided) > 0.8 * Double(asked), "\(decided) of \(asked)")
    }
  }

  @Test func `OWN-5 a token is compared where its margin is large enough`() throws {
    let vocabulary = try Vocabulary(textSize: 4)
    let scores: [Double] = [1, 5, 4.9, 2, 9, 9]
    func share(_ token: Int, hat: Double) -> OwnMeasurement {
      var findings = OwnFindings()
      findings.choice(
        "chosen", at: 0, token: token, scores: scores[...], vocabulary: vocabulary, hat: hat, bound: 16, words: "")
      return findings.measurements[0]
    }
    // The best allowed score is that of 1; 2 is 0.1 behind it, 3 is 3 behind; 4 and 5 are special.
    #expect(!share(1, hat: 0.001).isWrong && share(1, hat: 0.001).error == 0)
    #expect(share(2, hat: 0.001).isWrong)
    #expect(!share(2, hat: 0.01).isWrong && !share(2, hat: 0.01).isSuspect)
    #expect(share(3, hat: 0.1).isWrong && !share(3, hat: 0.2).isWrong)
    #expect(share(4, hat: 100).isWrong && share(-1, hat: 100).isWrong)
    #expect(share(2, hat: 0).isWrong && !share(1, hat: 0).isWrong)
  }

  @Test func `OWN-2 another first row, another event, a NaN and a missing tensor`() throws {
    let plan = try OwnFixtures.plan("text-c4", [.bf16], .none)
    try OwnFixtures.withYardstick(plan) { yardstick in
      let port = try OwnFixtures.port(.bf16, seed: 2)
      let question = yardstick.questions(.forward, capturing: true)[0]
      let right = try OwnFixtures.answer(question, yardstick, port)
      func verdict(_ operation: LoMAVectors.Operation, _ answer: [NamedArray]) throws -> OwnVerdict {
        let findings = try yardstick.judge(operation, chunk: 0, answer: answer, type: .bf16)
        return OwnVerdict(plan: plan, type: .bf16, findings: [findings], chaotic: false)
      }
      func changed(_ name: String, _ answer: [NamedArray], _ change: (inout [Double]) -> Void) throws -> [NamedArray] {
        try answer.map { array in
          guard array.name == name else { return array }
          var values = try array.doubles()
          change(&values)
          return try NamedArray(name, array.elementType, shape: array.shape, doubles: values)
        }
      }
      #expect(try verdict(.forward, right).kind == .right)
      let moved = try verdict(.forward, try changed("hidden.0", right) { $0[64 * 8] += 0x1p-7 })
      #expect(moved.kind == .wrong && moved.first?.tensor == "hidden.0" && moved.first?.row == 8)
      #expect(moved.sentence == "bf16: wrong: first in hidden.0, row 8 (memory, chunk 0, index 0)")
      let undefined = try verdict(.forward, try changed("logits", right) { $0[258 * 2] = .nan })
      #expect(
        undefined.sentence == "bf16: wrong: logits, row 2 (reading, chunk 0, index 2), column 0 is no finite number")
      let far = try verdict(.forward, try changed("layers.1.attention.key", right) { $0 = $0.map { $0 * 1.5 } })
      #expect(far.first?.tensor == "layers.1.attention.key" && far.first?.rule == .freeWhole)
      #expect(throws: OwnError.self) { try verdict(.forward, right.filter { $0.name != "logits" }) }
      #expect(throws: OwnError.self) {
        try verdict(
          .forward, [try NamedArray("logits", .f32, shape: [1, 2, 258], doubles: Array(repeating: 0, count: 516))])
      }
      #expect(throws: OwnError.self) { try yardstick.judge(.layout, chunk: nil, answer: right, type: .bf16) }

      let generation = yardstick.questions(.generate, capturing: false)[0]
      let generated = try OwnFixtures.answer(generation, yardstick, port).map { array in
        guard array.name == "events" else { return array }
        var events = try array.integers()
        events[5] += 1
        return try NamedArray("events", .i64, shape: array.shape, integers: events)
      }
      let late = try verdict(.generate, generated)
      #expect(late.kind == .wrong && late.first?.tensor == "events" && late.first?.words == "entry 1")
    }
  }
}
