// OWN-8: one layer asked alone is judged by its bounds; β is judged summed over layers.

import LoMAJudgement
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMAOwnModel
@testable import LoMAOwnRun

@Suite("OWN: a layer alone")
struct LayerAloneTests {
  /// Findings of a layer whose worst row is at a share of its bound, and whose logits follow an alternative by β.
  private func findings(_ share: Double, beta: Double, _ alternative: String) -> OwnFindings {
    OwnFindings(
      measurements: [
        OwnMeasurement(
          tensor: "logits", rule: .sliceRow, error: 8 * share, bound: 8, row: 3, column: 0, got: 1, want: 0,
          words: "layer 0 alone, row 3")
      ],
      projections: [
        OwnProjection(
          alternative: alternative, evidence: .slices, numerator: 100 * beta, denominator: 100, simulated: [1, -1, 2])
      ])
  }

  @Test func `OWN-8 β of one layer decides nothing and names what a bound refuses; the sum over layers decides`() throws
  {
    let bench = try RunBench("text-c4", [.bf16], .axes)
    let (id, other) = ("memory_attention=causal", OwnPlace(.layer(1), text: "text0"))
    let steps = bench.computation.steps(bench.plan.places(allChunks: false), capturing: false) {
      $0 == OwnPlace(.layer(0), text: "text0") || $0 == other
    }
    let layers = try steps.map { step in
      (step.units[0].place, try step.make(step.units[0].place, step.units[0].dtype))
    }
    #expect(layers.count == 2)
    func verdict(_ share: Double, _ beta: Double) -> OwnVerdict { layers[0].1.verdict(findings(share, beta: beta, id)) }
    for beta in [0, 0.3, 0.51, 0.8, 1, -0.7] {
      #expect(verdict(0.3, beta).kind == .right && verdict(0.3, beta).names.isEmpty, "\(beta)")
      #expect(verdict(0.7, beta).kind == .suspect && verdict(0.7, beta).names.isEmpty, "\(beta)")
      let wrong = verdict(1.2, beta)
      #expect(wrong.kind == .wrong && wrong.names.map(\.id) == (beta >= 0.5 ? [id] : []), "\(beta)")
    }
    // Two layers together: what one leans to is made up for by the other, or not.
    func together(_ first: Double, _ second: Double) throws -> OwnVerdict {
      let units = zip(layers, [first, second]).map { layer, beta in
        JudgedOwnUnit(
          result: layer.0.result("bf16", profile: "base", .pass, ""), findings: findings(0.3, beta: beta, id))
      }
      return try #require(bench.run(units).conclusions.first).verdict
    }
    #expect(try together(0.6, -0.5).kind == .right)
    #expect(try together(0.6, 0.1).kind == .suspect)
    #expect(try together(0.6, 0.6).names.map(\.id) == [id])
    #expect(try together(0.6, 0.6).kind == .wrong)
  }
}
