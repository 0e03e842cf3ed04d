// OPS-1, OPS-7, TOL-1: the vocabulary of a case, in the words of manifests and the protocol: level, operation, rule and
// property.

/// The level of a case: what is compared, and how strictly.
public enum Level: String, CaseIterable, Sendable {
  /// Integers, compared exactly.
  case structure
  /// One stage of the model, with a derived bound per element.
  case stage
  /// A forward pass, with a calibrated bound per tensor.
  case model
  /// Gradients and optimiser steps, with a calibrated bound per tensor.
  case training
  /// Generation and reconstruction, with a calibrated bound per tensor.
  case generation
  /// Bad input; the right answer is a rejection with a code.
  case rejection
  /// Several answers, compared with each other instead of with a recorded one.
  case property
}

/// An operation of the protocol.
public enum Operation: String, CaseIterable, Sendable {
  /// Rows with positions and labels (chapters 2, 3, 5).
  case layout
  /// Which rows see which (chapter 4).
  case mask
  /// The events of the cache (chapter 6).
  case schedule
  /// Both accuracies of reconstruction, as counts (chapter 7).
  case metrics
  /// Visible pairs and bytes of the cache (chapter 9).
  case cost
  /// RMSNorm (MOD-2).
  case rmsNorm = "rms_norm"
  /// Rotary embedding (MOD-3).
  case rope
  /// Attention on given queries, keys, values and mask (MOD-4).
  case attention
  /// The feed-forward block with its three linear layers (MOD-5).
  case feedForward = "feed_forward"
  /// One decoder layer (MOD-6).
  case decoderLayer = "decoder_layer"
  /// Cross-entropy of each row (LOS-5).
  case crossEntropy = "cross_entropy"
  /// Logits of the training layout, and intermediates that the request names.
  case forward
  /// Both terms of the loss (LOS-4).
  case loss
  /// The gradient of the loss by every parameter.
  case gradients
  /// Parameters and moments after AdamW steps (LOS-6).
  case trainStep = "train_step"
  /// Generation: text through the compressed cache (chapter 6).
  case generate
  /// Reconstruction of a chunk from its memory (chapter 7).
  case reconstruct
}

extension Set where Element == Operation {
  /// The operations that run a whole model.
  package static let models: Self = [.forward, .loss, .gradients, .trainStep, .generate, .reconstruct]
  /// The operations on training layouts of texts.
  package static let training: Self = [.forward, .loss, .gradients, .trainStep]
  /// The operations on texts that are laid out as rows.
  package static let texts: Self = [.layout, .mask, .forward, .loss, .gradients, .trainStep]
  /// The operations with a compressed cache.
  package static let caches: Self = [.generate, .reconstruct]
}

/// A type of numbers that a candidate may be asked in; an answer of integers alone is asked for as `i64`.
public enum NumberType: String, CaseIterable, Sendable {
  /// IEEE 754 binary64.
  case f64
  /// IEEE 754 binary32.
  case f32
  /// bfloat16.
  case bf16
  /// IEEE 754 binary16.
  case f16

  /// The words of the protocol for all of them, the widest first.
  public static let words = allCases.map { $0.rawValue }
  /// The words for those with at least 24 bits of precision.
  public static let preciseWords = [f64, f32].map { $0.rawValue }
  /// The word for answers without numbers.
  public static let integerWord = "i64"
  /// Every word that a case may be asked in, in the order of a run.
  public static let allWords = [integerWord] + words
}

/// How an output tensor is compared (chapter 12).
public enum Rule: String, CaseIterable, Sendable {
  /// Integers or booleans, which must be equal.
  case exact
  /// A bound per element, from recorded accumulation and rounding units.
  case derived
  /// A bound per tensor, from the measured errors of right implementations.
  case calibrated
}

/// A property that several answers must have together; nothing recorded is compared (OPS-7).
public enum Property: String, CaseIterable, Sendable {
  /// A change of an invisible row changes nothing, of a visible one something; one layer.
  case interference
  /// Huge keys and values of hidden rows change nothing.
  case poison
  /// The forward pass of a prefix of a text has the same reading rows.
  case prefix
  /// The logits of generation equal those of the reading rows of the forward pass.
  case cache
  /// Each text of a batch gets the same results as alone.
  case batch
  /// Attention stays the same if every position moves by the same amount.
  case shift
  /// The same request twice gives the same bytes.
  case `repeat`
}
