// The verdict on one case in one element type, and what it rests on.

/// How far a tensor is from what is expected.
public struct TensorResult: Equatable, Sendable {
  /// Its name; in a property case with the number of the answer before it.
  public let name: String
  /// exact, derived or calibrated.
  public let rule: String
  /// max|y − ref| / max|ref|; none where the rule is exact.
  public let error: Double?
  /// Worst error over bound; at most 1 where right, infinite where no error is allowed.
  public let ratio: Double
  /// To which side all numbers are off that use more than half their bound; none where they are few, or to both.
  public var lean: Lean?

  /// The distance of a tensor.
  public init(name: String, rule: String, error: Double?, ratio: Double) {
    self.name = name
    self.rule = rule
    self.error = error
    self.ratio = ratio
  }
}

/// The worst element of the first wrong tensor.
public struct Finding: Equatable, Sendable {
  /// The tensor.
  public let tensor: String
  /// Its index, one number a dimension.
  public let index: [Int]
  /// The index in words: text, row, zone, chunk, column, as far as it has a meaning.
  public let place: String
  /// What the candidate answered, in decimal and, for a double, in hexadecimal.
  public let got: String
  /// What is right.
  public let want: String
  /// Error over bound there.
  public let ratio: Double

  /// A finding of these parts.
  public init(tensor: String, index: [Int], place: String, got: String, want: String, ratio: Double) {
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
  public static let clearRatio = 2.0
}

/// A judged case.
public struct CaseResult: Equatable, Sendable {
  /// The case.
  public let id: String
  /// The element type it was asked in; i64 where it has no doubles.
  public let dtype: String
  /// Its level.
  public let level: String
  /// Its operation.
  public let op: String
  /// Axes that differ from `base` as axis=value,…; `base` where none does.
  public let profile: String
  /// What it hunts.
  public let hunts: String
  /// The clauses it serves.
  public let clauses: [String]
  /// The verdict.
  public var verdict: Verdict
  /// One line: why; empty where passed.
  public var why: String
  /// Every compared tensor.
  public var tensors: [TensorResult]
  /// Where it is wrong.
  public var finding: Finding?
  /// How wrong the finding's tensor is, by row and column; none where there is no finding.
  public var divergence: Divergence?
  /// What a diagnosis says of it, line by line.
  public var diagnosis: [String]
  /// The last of what the candidate wrote to standard error; kept only where it did not pass.
  public var standardError: String
  /// Lines on standard output that are no replies.
  public var noise: Int
  /// Seconds from sending the requests to having the replies.
  public var seconds: Double

  /// A result of these parts.
  public init(
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
