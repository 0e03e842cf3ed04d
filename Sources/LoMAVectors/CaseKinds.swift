// TOL-1, OPS-7: how a case's answer is compared, as manifests name it.

/// How an output tensor is compared (chapter 12).
public enum Rule: String, CaseIterable, Sendable {
  /// Equal integers or booleans.
  case exact
  /// Per element, from recorded accumulation and rounding units.
  case derived
  /// Per tensor, from the measured errors of right implementations.
  case calibrated
}

/// A property of answers, which needs no recorded one.
public enum Property: String, CaseIterable, Sendable {
  /// An invisible row changes nothing, a visible one something; one layer.
  case interference
  /// Huge hidden keys and values change nothing.
  case poison
  /// The forward pass of a prefix gives the same reading rows.
  case prefix
  /// Logits of generation equal the reading rows of the forward pass.
  case cache
  /// A batch gives each text's own results.
  case batch
  /// Attention does not change when every position moves by the same amount.
  case shift
  /// The same request twice gives the same bytes.
  case `repeat`
}
