// OWN-8: the verdict from every combination of errors and projections, and how findings add up.

import LoMA
import LoMAModels
import LoMAVectors
import Testing

@testable import LoMAOwnModel

@Suite("OWN: verdicts")
struct VerdictTests {
  private static func alternative(_ id: String) -> OwnAlternative {
    OwnAlternative(id: id, sentence: "I did \(id)", types: [.bf16]) { _, _, _ in true }
  }

  private let alternatives = ["A", "B"].map { alternative($0) }

  private func measurement(_ rule: OwnRule, _ share: Double) -> OwnMeasurement {
    let bound = rule == .exact ? 0.0 : 8
    return OwnMeasurement(
      tensor: rule.rawValue, rule: rule, error: rule == .exact ? (share > 1 ? .infinity : 0) : share * bound,
      bound: bound, row: 3, column: 0, got: 1, want: 0, words: "row 3 (reading, chunk 0, index 3)",
      firstWords: rule == .sliceRow ? "row 1 (reading, chunk 0, index 1)" : nil, wrongRows: nil, rows: 4)
  }

  /// The alternative explains it if `left`, the share of a large squared error that remains, is small.
  private func projection(
    _ id: String, _ beta: Double, decisive: Bool, _ evidence: OwnEvidence, size: Double = 16, left: Double = 0.01
  ) -> OwnProjection {
    let sigma = decisive ? 0.01 : 0.1
    return OwnProjection(
      alternative: id, evidence: evidence, numerator: beta * size, denominator: size,
      simulated: [sigma * size, -sigma * size, sigma * size],
      remainder: Remainder(error: 1e6, rest: 1e6 * left, count: 10))
  }

  @Test func `OWN-8 the verdict follows from errors and projections, in all combinations`() {
    var seen: [OwnVerdict.Kind: Int] = [:]
    for rule in OwnRule.allCases {
      for share in [0, 0.3, 0.6, 1, 1.2, .infinity, .nan] {
        for beta in [0, 0.2, 0.3, 0.5, 0.72, 0.74, 1, 1.26, 1.28, -0.2, -0.3, -0.6] {
          for decisive in [true, false] {
            for evidence in OwnEvidence.allCases {
              for chaotic in [true, false] {
                for nonFinite in [nil, "logits"] {
                  let verdict = OwnVerdict(
                    alternatives: alternatives, type: .bf16,
                    findings: [
                      OwnFindings(
                        measurements: [measurement(rule, share)],
                        projections: [projection("B", beta, decisive: decisive, evidence)], nonFinite: nonFinite)
                    ], chaotic: chaotic)
                  // The rule a second time, as a table.
                  let freeRun: Set<OwnRule> = [.freeRow, .freeWhole, .loss, .token]
                  let counts = !(chaotic && freeRun.contains(rule))
                  let betaCounts = decisive && (!chaotic || evidence == .slices)
                  let exceeded = rule == .exact ? share > 1 : !(share <= 1)
                  let expected: OwnVerdict.Kind
                  if nonFinite != nil || counts && exceeded || betaCounts && beta >= 0.5 {
                    expected = .wrong
                  } else if rule == .exact || !counts {
                    expected = .notDecidable
                  } else if share > 0.5 && rule != .token || betaCounts && abs(beta) >= 0.25 {
                    expected = .suspect
                  } else {
                    expected = .right
                  }
                  #expect(verdict.kind == expected, "\(rule) \(share) \(beta) \(decisive) \(evidence) \(chaotic)")
                  let isNear = betaCounts && beta >= 0.5
                  let isNamed = isNear && abs(beta - 1) < 0.27 && nonFinite == nil
                  #expect(verdict.names.map { $0.id } == (isNamed ? ["B"] : []), "\(beta)")
                  #expect(verdict.nearest?.id == (isNear && !isNamed ? "B" : nil), "\(beta)")
                  #expect(verdict.undecidable.map { $0.id } == (betaCounts ? ["A"] : ["A", "B"]))
                  #expect(verdict.sentence.hasPrefix("bf16: \(verdict.kind.rawValue)"))
                  seen[verdict.kind, default: 0] += 1
                }
              }
            }
          }
        }
      }
    }
    #expect(Set(seen.keys) == Set(OwnVerdict.Kind.allCases), "every verdict occurs")
  }

  @Test func `OWN-4 of several names the one that leaves least of the error comes first`() {
    func names(_ projections: [OwnProjection]) -> [String] {
      OwnVerdict(
        alternatives: alternatives, type: .bf16, findings: [OwnFindings(projections: projections)], chaotic: false
      ).names.map { $0.id }
    }
    let (weak, strong) = (
      projection("A", 1, decisive: true, .logits, size: 100, left: 0.05), projection("B", 0.9, decisive: true, .logits)
    )
    #expect(names([weak, strong]) == ["B", "A"])
    #expect(names([strong, weak]) == ["B", "A"])
    // Equal remainders keep the order of the alternatives.
    let (a, b) = (projection("A", 1, decisive: true, .contexts), projection("B", 1, decisive: true, .logits))
    #expect(names([b, a]) == ["A", "B"])
    // All evidence of an alternative counts together.
    #expect(names([a, b, projection("B", 1, decisive: true, .contexts, size: 400, left: 0.001)]) == ["B", "A"])
  }

  @Test func `OWN-4 a name explains the whole error, in all evidence; what does not is nearest`() {
    func verdict(_ projections: [OwnProjection], excluded: Set<String> = []) -> OwnVerdict {
      OwnVerdict(
        alternatives: alternatives, type: .bf16,
        findings: [
          OwnFindings(measurements: [measurement(.freeWhole, 3)], projections: projections, excluded: excluded)
        ],
        chaotic: false)
    }
    let logits = projection("A", 1, decisive: true, .logits)
    #expect(verdict([logits]).names.map(\.id) == ["A"])
    // A tenth of the squared error may be left, and what roundings leave: 4 for each of 10 numbers.
    #expect(verdict([projection("A", 1, decisive: true, .logits, left: 0.1)]).names.map(\.id) == ["A"])
    #expect(verdict([projection("A", 1, decisive: true, .logits, left: 0.1 + 39e-6)]).names.map(\.id) == ["A"])
    let tooMuch = verdict([projection("A", 1, decisive: true, .logits, left: 0.1 + 41e-6)])
    #expect(tooMuch.names.isEmpty && tooMuch.nearest?.id == "A" && tooMuch.kind == .wrong)
    #expect(
      tooMuch.sentence
        == "bf16: wrong: first in free_whole, worst in row 3 (reading, chunk 0, index 3); nearest: A (β 1.00), which does "
        + "not explain it")
    // The other evidence speaks against it, whether it decides or not; a tensor that it leaves as it is, too.
    for decisive in [true, false] {
      let contexts = projection("A", 1, decisive: decisive, .contexts, left: 0.5)
      #expect(verdict([logits, contexts]).names.isEmpty)
    }
    #expect(verdict([logits], excluded: ["A"]).names.isEmpty)
    #expect(verdict([logits], excluded: ["A"]).nearest?.id == "A")
    #expect(verdict([logits], excluded: ["B"]).names.map(\.id) == ["A"])
    // A name comes before what is nearer by its size.
    let strong = projection("B", 0.6, decisive: true, .logits, size: 1e6)
    #expect(verdict([strong, logits]).names.map(\.id) == ["A"] && verdict([strong, logits]).nearest == nil)
  }

  @Test func `OWN-4 a rounding may leave more of the error, and is not excluded by what it leaves as it is`() throws {
    let rounding = Self.alternative("OM12")
    func names(_ beta: Double, left: Double) -> [String] {
      OwnVerdict(
        alternatives: [rounding], type: .bf16,
        findings: [OwnFindings(projections: [projection("OM12", beta, decisive: true, .logits, left: left)])],
        chaotic: false
      ).names.map(\.id)
    }
    #expect(names(0.6, left: 0.7) == ["OM12"])
    #expect(names(0.6, left: 0.8).isEmpty && names(1.6, left: 0.1).isEmpty)
    // One kind of evidence is enough: behind the first rounding that differs they go their own ways.
    let both = [
      projection("OM12", 0.4, decisive: true, .logits, left: 0.9),
      projection("OM12", 0.8, decisive: true, .contexts, left: 0.4),
    ]
    #expect(
      OwnVerdict(
        alternatives: [rounding], type: .bf16, findings: [OwnFindings(projections: both)], chaotic: false
      ).names.map(\.id) == ["OM12"])
  }

  @Test func `OWN-4 sums over slices add up before σ and β are taken`() {
    var findings = OwnFindings(projections: [projection("A", 0.4, decisive: false, .slices, size: 10)])
    findings.add(
      OwnFindings(
        projections: [
          OwnProjection(
            alternative: "A", evidence: .slices, numerator: 60, denominator: 90, simulated: [-1, 1, -1],
            remainder: Remainder(error: 5, rest: 3, count: 2)),
          projection("A", 0.1, decisive: true, .logits), projection("B", 0.1, decisive: true, .slices),
        ]))
    #expect(findings.projections.count == 3)
    let sum = findings.projections[0]
    #expect(sum.numerator == 64 && sum.denominator == 100 && sum.simulated == [0, 0, 0])
    #expect(sum.remainder == Remainder(error: 1e6 + 5, rest: 1e4 + 3, count: 12))
    #expect(sum.beta == 0.64 && sum.sigma == 0 && sum.isDecisive)
    #expect(
      OwnProjection(
        alternative: "A", evidence: .logits, numerator: 0, denominator: 0, simulated: [0],
        remainder: Remainder()
      ).sigma
        == .infinity)
  }

  @Test func `OWN-8 the first comparison that is wrong is told, and the sentence names the mistake`() {
    let (early, late) = (measurement(.freeWhole, 0.6), measurement(.sliceRow, 2))
    let verdict = OwnVerdict(
      alternatives: alternatives, type: .bf16,
      findings: [
        OwnFindings(measurements: [early, late], projections: [projection("B", 0.9, decisive: true, .logits)])
      ], chaotic: false)
    #expect(verdict.first == late)
    #expect(
      verdict.sentence == "bf16: wrong: B: I did B; first in slice_row, row 1 (reading, chunk 0, index 1), worst in "
        + "row 3 (reading, chunk 0, index 3)")
    let right = OwnVerdict(
      alternatives: alternatives, type: .bf16,
      findings: [
        OwnFindings(
          measurements: [measurement(.freeWhole, 0.1)], projections: [projection("A", 0, decisive: true, .logits)])
      ], chaotic: false)
    #expect(right.sentence == "bf16: right up to B")
  }
}
