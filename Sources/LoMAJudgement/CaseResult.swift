// The verdict on one case in one element type, and what it rests on.

/// How far a tensor is from what is expected.
package struct TensorResult: Equatable, Sendable {
  /// Its name; in a property case with the number of the answer before it.
  package let name: String
  /// exact, derived or calibrated.
  package let rule: String
  /// max|y − ref| / max|ref|; none where the rule is exact.
  package let error: Double?
  /// Worst error over bound; at most 1 where right, infinite where no error is allowed.
  package let ratio: Double
  /// To which side all numbers are off that use more than half their bound; none where they are few, or to both.
  package var lean: Lean?

  /// The distance of a tensor.
  package init(name: String, rule: String, error: Double?, ratio: Double) {
    self.name = name
    self.rule = rule
    self.error = error
    self.ratio = ratio
  }
}

/// The worst element of the first wrong tensor.
package struct Finding: Equatable, Sendable {
  /// The tensor.
  package let tensor: String
  /// Its index, one number a dimension.
  package let index: [Int]
  /// The index in words: text, row, zone, chunk, column, as far as it has a meaning.
  package let place: String
  /// What the candidate answered, in decimal and, for a double, in hexadecimal.
  package let got: String
  /// What is right.
  package let want: String
  /// Error over bound there.
  package let ratio: Double

  /// A finding of these parts.
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
  /// Errors over bound below this may be a rounding's: they are evidence against nobody (RUN-30).
  package static let clearRatio = 2.0
}

/// A judged case.
package struct CaseResult: Equatable, Sendable {
  /// The case.
  package let id: String
  /// The element type it was asked in; i64 where it has no doubles.
  package let dtype: String
  /// Its level.
  package let level: String
  /// Its operation.
  package let op: String
  /// Axes that differ from `base` as axis=value,…; `base` where none does.
  package let profile: String
  /// What it hunts.
  package let hunts: String
  /// The clauses it serves.
  package let clauses: [String]
  /// The verdict.
  package var verdict: Verdict
  /// One line: why; empty where passed.
  package var why: String
  /// Every compared tensor.
  package var tensors: [TensorResult]
  /// Where it is wrong.
  package var finding: Finding?
  /// How wrong the finding's tensor is, by row and column; none where there is no finding.
  package var divergence: Divergence?
  /// What a diagnosis says of it, line by line.
  package var diagnosis: [String]
  /// The last of what the candidate wrote to standard error; kept only where it did not pass.
  package var standardError: String
  /// Lines on standard output that are no replies.
  package var noise: Int
  /// Seconds from sending the requests to having the replies.
  package var seconds: Double

  /// A result of these parts.
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
