// What the runner says of one case in one element type.

/// A verdict.
package enum Verdict: String, CaseIterable, Sendable {
  /// Every output is right.
  case pass
  /// An output is wrong.
  case fail
  /// The candidate does not do this; it narrows the claim.
  case unsupported
  /// A property of bits, asked of a candidate that does not repeat its own.
  case indeterminate
  /// Wrong, and listed as known to be.
  case knownFailure = "known-failure"
  /// Right, though listed as known to be wrong.
  case unexpectedPass = "unexpected-pass"
  /// The candidate ended by itself or by a signal.
  case crash
  /// No reply before the deadline.
  case timeout
  /// A reply that is none.
  case protocolError = "protocol-error"
  /// The file of the answer is missing, unreadable, or holds other tensors than it must.
  case invalidOutput = "invalid-output"
  /// Good input was refused, bad input was not, or with another code.
  case wrongRejection = "wrong-rejection"
  /// The candidate took more memory than it may.
  case memory
  /// Not asked: the candidate failed too often in a row, or the run was interrupted.
  case notRun = "not-run"
  /// A fault of the runner.
  case runnerError = "runner-error"
}
