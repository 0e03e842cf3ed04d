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
          words: "layer 0 alone, row 3", firstWords: "layer 0 alone, row 3", wrongRows: 1, rows: 9)
      ],
      projections: [
        OwnProjection(
          alternative: alternative, evidence: .slices, numerator: 100 * beta, denominator: 100, simulated: [1, -1, 2],
          remainder: Remainder(error: 100, rest: 100 * (1 - beta) * (1 - beta), count: 100))
      ])
  }

  @Test func `OWN-8 β of one layer decides nothing and names what a bound refuses; the sum over layers decides`() throws
  {
    let bench = try RunBench("text-c4", [.bf16], .axes)
    let id = "memory_attention=causal"
    let steps = bench.computation.steps(bench.plan.places(allChunks: false), capturing: false) { place in
      if case .layer = place.kind { true } else { false }
    }
    let layers = try steps.map { step in
      (step.units[0].place, try step.make(step.units[0].place, step.units[0].dtype))
    }
    #expect(layers.count == 3)
    func verdict(_ share: Double, _ beta: Double) -> OwnVerdict { layers[0].1.verdict(findings(share, beta: beta, id)) }
    for beta in [0, 0.3, 0.51, 0.8, 1, -0.7] {
      #expect(verdict(0.3, beta).kind == .right && verdict(0.3, beta).names.isEmpty, "\(beta)")
      #expect(verdict(0.7, beta).kind == .suspect && verdict(0.7, beta).names.isEmpty, "\(beta)")
      let wrong = verdict(1.2, beta)
      #expect(wrong.kind == .wrong && wrong.names.map(\.id) == ([0.8, 1].contains(beta) ? [id] : []), "\(beta)")
      #expect(wrong.nearest?.id == (beta == 0.51 ? id : nil), "\(beta)")
    }
    // All layers together: what one leans to is made up for by another, or not.
    func together(_ betas: Double...) throws -> OwnVerdict {
      let units = zip(layers, betas).map { layer, beta in
        JudgedOwnUnit(
          result: layer.0.result("bf16", profile: "base", .pass, ""), findings: findings(0.3, beta: beta, id))
      }
      return try #require(bench.run(units).conclusions.first).verdict
    }
    #expect(try together(0.6, -0.5, 0.1).kind == .right)
    #expect(try together(0.8, 0.1, 0).kind == .suspect)
    #expect(try together(1, 0.9, 1.1).names.map(\.id) == [id])
    #expect(try together(0.6, 0.6, 0.6).names.isEmpty && together(0.6, 0.6, 0.6).nearest?.id == id)
    #expect(try together(0.6, 0.6, 0.6).kind == .wrong)
    #expect(try !together(0.6, 0.6, 0.6).undecidable.contains { $0.id == id })
    // Without one of them nothing is decided by β, and that is said.
    let part = try together(0.6, 0.6)
    #expect(part.kind == .right && part.undecidable.contains { $0.id == id })
  }

  @Test func `OWN-8 right ports lean to a mistake in one layer by more than half, and are right`() throws {
    // Measured: σ of OM11 in layer 0 of this model in bf16 is 0.059 by chance, and ports scatter ten times as far.
    let bench = try RunBench("text-c4", [.bf16], .all, seed: 0)
    let yardstick = bench.computation.yardsticks[0]
    let slice = try OwnSlice(
      computing: yardstick, layer: 0, type: .bf16, alternatives: [try bench.alternative("OM11")], workers: .single
    ) { _ in }
    let x = Tensor(shape: Array(slice.embeddings.shape.dropFirst()), values: slice.embeddings.values)
    var leaning = 0
    for seed in UInt64(1)...12 {
      let port = WrongPort(bench.plan, nil, seed: seed)
      let logits = try port.logits(ofLayer: 0, x, yardstick.text, .bf16)
      let findings = try slice.judge(
        answer: [try NamedArray("logits", .bf16, shape: [1] + logits.shape, doubles: logits.values)])
      let projection = try #require(findings.projections.first { $0.alternative == "OM11" })
      #expect(projection.isDecisive, "σ is \(projection.sigma)")
      if projection.beta.magnitude >= 0.5 { leaning += 1 }
      #expect(OwnVerdict(ofLayerAlone: findings, plan: bench.plan, type: .bf16).kind == .right, "seed \(seed)")
    }
    #expect(leaning >= 3, "\(leaning) of 12 right ports")
  }
}
