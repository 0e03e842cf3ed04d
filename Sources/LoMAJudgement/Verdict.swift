// The runner's verdict on one case in one element type.

package enum Verdict: String, CaseIterable, Sendable {
  /// Every output is right.
  case pass
  /// An output is wrong.
  case fail
  /// The candidate does not support this; it narrows the claim.
  case unsupported
  /// A bit-exact property, asked of a candidate that does not reproduce its own bits.
  case indeterminate
  /// Too far off to be called right, too near to be called wrong (OWN-8).
  case suspect
  /// Wrong, and listed as a known failure.
  case knownFailure = "known-failure"
  /// Right, although listed as a known failure.
  case unexpectedPass = "unexpected-pass"
  /// The candidate's process ended, by itself or by a signal.
  case crash
  /// No reply before the deadline.
  case timeout
  /// A malformed reply.
  case protocolError = "protocol-error"
  /// The answer file is missing, unreadable, or does not hold the required tensors.
  case invalidOutput = "invalid-output"
  /// Valid input was rejected, invalid input was not, or the code is another one.
  case wrongRejection = "wrong-rejection"
  /// The candidate exceeded the memory limit.
  case memory
  /// Not asked: the candidate failed too often in a row, or the run was interrupted.
  case notRun = "not-run"
  /// A fault of the runner.
  case runnerError = "runner-error"
}
