// OWN-1, OWN-2, OWN-8: checkpoints of other families: biases, norms of queries and keys, scaled rotations.

import LoMA
import LoMAModels
import LoMAReference
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMAOwnModel

@Suite("OWN: families")
struct FamilyTests {
  static let models = ["qwen2", "qwen3", "yarn", "llama3"]

  @Test(arguments: models)
  func `OWN-8 passes of another family that share a layer have the bits of each alone`(name: String) throws {
    let plan = try OwnFixtures.plan(name, [.f32, .bf16], .axes)
    try OwnFixtures.withYardstick(plan) { yardstick in
      let form = try PassForm(plan, yardstick.text, workers: .single)
      let model = plan.model.transformer(workers: .single)
      let right = try model.forward(rows: form.rows, profile: form.profile)
      #expect(try yardstick.files.tensor("exact.logits", in: "logits") == right.logits)
      var computed = 0
      for (index, alternative) in plan.alternatives.enumerated() where alternative.id.contains("=") {
        var wrong = form
        guard alternative.change(&wrong, plan, yardstick.text) else { continue }
        let logits = try model.forward(rows: wrong.rows, profile: wrong.profile).logits
        let expected = zip(logits.values, right.logits.values).map { Double(Float($0 - $1)) }
        #expect(try yardstick.differences(index, layer: nil).values == expected, "\(alternative.id)")
        computed += 1
      }
      #expect(computed == 9 && plan.alternatives.count > 9)
    }
  }

  @Test(arguments: models, [ElementType.f32, .bf16])
  func `OWN-2 right ports of another family are not wrong`(name: String, type: ElementType) throws {
    let plan = try OwnFixtures.plan(name, [type], .axes)
    let last = plan.texts.count - 1
    try OwnFixtures.withYardstick(plan, text: last) { yardstick in
      for seed in UInt64(1)...2 {
        let port = try OwnFixtures.port(type, seed: seed)
        let findings = try OwnFixtures.findings(
          yardstick, type, port, capturing: true, parameters: type == .bf16 ? .bf16 : nil)
        let verdict = OwnVerdict(
          plan: plan, type: type, findings: [findings], chaotic: yardstick.isChaotic(type) != nil)
        // Rows of eight numbers scatter more than three simulated ports can tell: some are suspect.
        #expect(verdict.kind == .right || verdict.kind == .suspect, "\(verdict.sentence)")
        #expect(verdict.names.isEmpty)
      }
    }
  }

  @Test(
    arguments: zip(models, [["M320", "M321", "M322"], ["M323", "M324", "M325", "M326"], ["M300", "M307"], ["M300"]]))
  func `OWN-3 mistakes of a family are alternatives of its models alone`(name: String, expected: [String]) throws {
    let plan = try OwnFixtures.plan(name, [.f32], .all)
    let ids = Set(plan.alternatives.map { $0.id })
    #expect(ids.isSuperset(of: expected), "\(ids.sorted())")
    let plain = try OwnFixtures.plan("text-c4", [.f32], .all).alternatives.map { $0.id }
    #expect(!plain.contains { $0.hasPrefix("M3") || $0 == "M096" || $0 == "M103" })
    // They are looked for without being asked for.
    let usual = Set(try OwnFixtures.plan(name, [.f32], .axes).alternatives.map { $0.id })
    #expect(usual.isSuperset(of: expected) && usual.contains("M012") && !usual.contains("M040"))
    try OwnFixtures.withYardstick(plan, text: plan.texts.count - 1) { yardstick in
      for known in yardstick.decidability(.f32) where expected.contains(known.alternative.id) {
        #expect(known.isDecidable(capturing: true), "\(known.alternative.id)")
        let answer = try #require(try OwnFixtures.wrongForward(known.alternative, yardstick, .f32, seed: 6))
        let findings = try yardstick.judge(.forward, chunk: nil, answer: answer, type: .f32)
        let verdict = OwnVerdict(plan: plan, type: .f32, findings: [findings], chaotic: false)
        #expect(verdict.kind == .wrong && verdict.names.contains(known.alternative), "\(verdict.sentence)")
      }
    }
  }
}
