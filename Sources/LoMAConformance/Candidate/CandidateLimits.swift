// RUN-9, RUN-10: limits on time and memory.

/// The resources a candidate may use, and where it works.
package struct CandidateLimits: Sendable {
  /// The deadline for hello, before the factor.
  package static let helloTime = Duration.seconds(60)
  /// The deadline for a question, before the factor.
  package static let questionTime = Duration.seconds(30)

  /// The factor on every deadline.
  package var timeFactor: Double
  /// The factor on the deadline of the first question after hello, in which a candidate may load a model or compile.
  package var firstFactor = 1.0
  /// The limit on resident bytes of a process and its descendants.
  package var memoryLimit: Int
  /// Whether a line that is not a reply is an error.
  package var isStrict: Bool
  /// If set, scratch folders are made below this folder and kept.
  package var keep: String?

  package init(timeFactor: Double, memoryLimit: Int, isStrict: Bool, keep: String?) {
    self.timeFactor = timeFactor
    self.memoryLimit = memoryLimit
    self.isStrict = isStrict
    self.keep = keep
  }
}
