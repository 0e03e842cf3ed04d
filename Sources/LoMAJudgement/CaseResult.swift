// The verdict on one case in one element type, with its evidence.

import LoMAVectors

/// The error of one tensor.
package struct TensorResult: Equatable, Sendable {
  /// Its name; in a property case preceded by the number of the answer.
  package let name: String
  /// The rule it is compared by: exact, derived or calibrated.
  package let rule: String
  /// max|y − ref| / max|ref|; nil if the rule is exact.
  package let error: Double?
  /// The worst error/bound: at most 1 if right, infinite if no error is allowed.
  package let ratio: Double
  /// The side to which all numbers above half their bound are off; nil if they are few, or off to both sides.
  package var lean: Lean?

  package init(name: String, rule: String, error: Double?, ratio: Double) {
    self.name = name
    self.rule = rule
    self.error = error
    self.ratio = ratio
  }
}

/// The worst element of the first wrong tensor.
package struct Finding: Equatable, Sendable {
  package let tensor: String
  /// Its index, one number per dimension.
  package let index: [Int]
  /// The index in words: text, row, zone, chunk and column, where these have a meaning.
  package let place: String
  /// The candidate's value, in decimal and, for a double, in hexadecimal.
  package let got: String
  /// The expected value.
  package let want: String
  /// Error/bound of this element.
  package let ratio: Double

  package init(tensor: String, index: [Int], place: String, got: String, want: String, ratio: Double) {
    self.tensor = tensor
    self.index = index
    self.place = place
    self.got = got
    self.want = want
    self.ratio = ratio
  }
}

extension CaseResult {
  /// A worst error/bound below this may be rounding, so it counts neither for nor against a mistake (RUN-30).
  package static let clearRatio = 2.0
}

/// The result of one case in one element type.
package struct CaseResult: Equatable, Sendable {
  /// The id of the case.
  package let id: String
  /// The element type it was asked in; i64 if it has no doubles.
  package let dtype: String
  package let level: String
  package let op: String
  /// The axes that differ from `base` as axis=value,…; `base` if none does.
  package let profile: String
  /// The mistake it hunts.
  package let hunts: String
  /// The clauses it covers.
  package let clauses: [String]
  package var verdict: Verdict
  /// The reason on one line; empty if passed.
  package var why: String
  package var tensors: [TensorResult]
  /// The worst element; nil if no tensor is wrong.
  package var finding: Finding?
  /// How wrong the finding's tensor is, by row and column; nil without a finding.
  package var divergence: Divergence?
  /// The lines of the diagnosis.
  package var diagnosis: [String]
  /// The end of what the candidate wrote to standard error; empty if it passed.
  package var standardError: String
  /// Lines on standard output that are not replies.
  package var noise: Int
  /// Seconds from sending the requests to receiving the replies.
  package var seconds: Double

  package init(
    id: String, dtype: String, level: String, op: String, profile: String, hunts: String, clauses: [String],
    verdict: Verdict, why: String, tensors: [TensorResult], finding: Finding?
  ) {
    self.id = id
    self.dtype = dtype
    self.level = level
    self.op = op
    self.profile = profile
    self.hunts = hunts
    self.clauses = clauses
    self.verdict = verdict
    self.why = why
    self.tensors = tensors
    self.finding = finding
    self.divergence = nil
    self.diagnosis = []
    self.standardError = ""
    self.noise = 0
    self.seconds = 0
  }
}

extension CaseResult {
  /// The clauses that the case covers: the one that the finding names first, the others by chapter and number.
  package var orderedClauses: [String] {
    let named = clauses.filter { finding?.place.contains(": " + $0 + " ") == true }
    return named + ClauseOrder.sorted(clauses.filter { !named.contains($0) })
  }

  /// How many elements of a tensor that is compared exactly are wrong, of how many; nil of other tensors, and where too
  /// many are.
  package var wrongElements: (count: Int, of: Int)? {
    guard let divergence, let runs = divergence.wrong, finding?.ratio == .infinity else { return nil }
    return (runs.reduce(0) { $0 + $1.count }, divergence.rows * divergence.columns)
  }
}
