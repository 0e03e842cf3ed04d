// RUN-9, RUN-10: how long, and how much.

/// What a candidate may take, and where it works.
package struct CandidateLimits: Sendable {
  /// For a hello, before the factor.
  package static let helloTime = Duration.seconds(60)
  /// For a question, before the factor.
  package static let questionTime = Duration.seconds(30)

  /// Every deadline is multiplied by this.
  package var timeFactor: Double
  /// Resident bytes of a process and its descendants.
  package var memoryLimit: Int
  /// A line that is no reply is an error.
  package var isStrict: Bool
  /// Scratch folders are made below this one, and stay.
  package var keep: String?

  /// These limits.
  package init(timeFactor: Double, memoryLimit: Int, isStrict: Bool, keep: String?) {
    self.timeFactor = timeFactor
    self.memoryLimit = memoryLimit
    self.isStrict = isStrict
    self.keep = keep
  }
}
