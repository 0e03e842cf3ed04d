// OWN-2, OWN-4: what was measured of an answer: errors in yardsticks, and projections on the alternatives.

import LoMA
import LoMAVectors

/// What an error is compared with.
package enum OwnRule: String, CaseIterable, Hashable, Sendable {
  /// Equal values: `hidden.0`, integers, events, the rows of the cache.
  case exact
  /// The root mean square of a whole tensor of the free run, over S.
  case freeWhole = "free_whole"
  /// A row of a tensor of the free run, over ŝ.
  case freeRow = "free_row"
  /// A row of a layer asked alone, over ŝ.
  case sliceRow = "slice_row"
  /// A loss of the free run.
  case loss
  /// How far a chosen token's score is below the best one, over ŝ (OWN-5).
  case token

  /// Whether the comparison needs a free run that is not chaotic (OWN-8).
  package var needsSteadyRun: Bool {
    switch self {
    case .freeWhole, .freeRow, .loss, .token: true
    case .exact, .sliceRow: false
    }
  }
}

/// The comparison of one tensor of an answer by one rule.
package struct OwnMeasurement: Hashable, Sendable {
  /// The answer's own name for the tensor.
  package let tensor: String
  package let rule: OwnRule
  /// In yardsticks of the rule; infinite where equality is asked for and not found.
  package let error: Double
  /// In the same unit; 0 for `exact`.
  package let bound: Double
  /// The row with the largest error; nil for a scalar or integers.
  package let row: Int?
  /// The column of that row with the largest difference.
  package let column: Int?
  /// What the answer has there.
  package let got: Double
  /// What the reference has there.
  package let want: Double
  /// The row in words: `row 12 (memory, chunk 1, index 0)`.
  package let words: String
  /// The first row beyond the bound of a row, in words; nil if there is none, or rows have no bound.
  package let firstWords: String?
  /// How many rows are beyond the bound of a row, of how many; nil if rows have no bound.
  package let wrongRows: Int?
  package let rows: Int

  package init(
    tensor: String, rule: OwnRule, error: Double, bound: Double, row: Int?, column: Int?, got: Double, want: Double,
    words: String, firstWords: String?, wrongRows: Int?, rows: Int
  ) {
    self.tensor = tensor
    self.rule = rule
    self.error = error
    self.bound = bound
    self.row = row
    self.column = column
    self.got = got
    self.want = want
    self.words = words
    self.firstWords = firstWords
    self.wrongRows = wrongRows
    self.rows = rows
  }

  /// `first in TENSOR, row 3 (…), worst in row 8 (…)`.
  package var firstPlace: String {
    guard let firstWords else { return "first in \(tensor), worst in \(words)" }
    return "first in \(tensor), \(firstWords)" + (firstWords == words ? "" : ", worst in \(words)")
  }

  /// Error over bound; for `exact` 0 or infinite.
  package var share: Double { error == 0 ? 0 : error / bound }

  /// Whether the bound is exceeded, or the error is no number.
  package var isWrong: Bool { !(share <= 1) }

  /// Between half the bound and the bound; a token near the edge is an undecided one, not a suspect.
  package var isSuspect: Bool { !isWrong && share > 0.5 && rule != .token }
}

/// β's sums of one answer for one alternative.
package struct OwnProjection: Hashable, Sendable {
  /// The alternative's id.
  package let alternative: String
  package let evidence: OwnEvidence
  /// Σ ⟨y − ref, Δ⟩ / s².
  package var numerator: Double
  /// Σ ‖Δ‖² / s².
  package var denominator: Double
  /// The numerators of the simulated ports.
  package var simulated: [Double]
  /// What is left of the error if the answer is the alternative.
  package var remainder: Remainder

  package init(
    alternative: String, evidence: OwnEvidence, numerator: Double, denominator: Double, simulated: [Double],
    remainder: Remainder
  ) {
    self.alternative = alternative
    self.evidence = evidence
    self.numerator = numerator
    self.denominator = denominator
    self.simulated = simulated
    self.remainder = remainder
  }

  /// β; NaN if the alternative changes nothing.
  package var beta: Double { numerator / denominator }

  /// σ; infinite if the alternative changes nothing.
  package var sigma: Double { Projected(numerators: simulated, denominator: denominator).scatter }

  /// Whether β counts (OWN-4).
  package var isDecisive: Bool { sigma < OwnDecidability.limit }

  /// β·‖Δ‖/s: how much of the error it explains; the nearest alternative has the largest (OWN-4).
  package var strength: Double { numerator / denominator.squareRoot() }
}

/// What was measured of one answer, or of several.
package struct OwnFindings: Hashable, Sendable {
  package var measurements: [OwnMeasurement]
  package var projections: [OwnProjection]
  /// The first value that is no finite number, in words; such an answer is wrong.
  package var nonFinite: String?
  /// Alternatives by id that a wrong tensor speaks against, since they leave it as it is (OWN-4).
  package var excluded: Set<String>

  package init(
    measurements: [OwnMeasurement] = [], projections: [OwnProjection] = [], nonFinite: String? = nil,
    excluded: Set<String> = []
  ) {
    self.measurements = measurements
    self.projections = projections
    self.nonFinite = nonFinite
    self.excluded = excluded
  }

  /// Adds another answer's findings; sums of one alternative and one kind of evidence add up.
  package mutating func add(_ other: OwnFindings) {
    measurements += other.measurements
    nonFinite = nonFinite ?? other.nonFinite
    excluded.formUnion(other.excluded)
    for projection in other.projections {
      if let index = projections.firstIndex(where: {
        $0.alternative == projection.alternative && $0.evidence == projection.evidence
      }) {
        projections[index].numerator += projection.numerator
        projections[index].denominator += projection.denominator
        projections[index].remainder.add(projection.remainder)
        for port in projections[index].simulated.indices {
          projections[index].simulated[port] += projection.simulated[port]
        }
      } else {
        projections.append(projection)
      }
    }
  }
}
