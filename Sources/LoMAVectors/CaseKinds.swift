// OPS-1, OPS-7, TOL-1: the words of a case: what is asked, how strictly, and how an answer is compared, as manifests and the
// protocol name them.

/// The level of a case: what is compared, and how strictly.
public enum Level: String, CaseIterable, Sendable {
  /// Exact integers.
  case structure
  /// One stage of the model, a derived bound per element.
  case stage
  /// A forward pass, a calibrated bound per tensor.
  case model
  /// Gradients and optimiser steps, a calibrated bound per tensor.
  case training
  /// Generation and reconstruction, a calibrated bound per tensor.
  case generation
  /// Bad input: a typed rejection is the right answer.
  case rejection
  /// Answers compared with each other instead of with a recorded one.
  case property
}

/// An operation of the protocol.
public enum Operation: String, CaseIterable, Sendable {
  /// Rows, positions and labels (chapters 2, 3, 5).
  case layout
  /// Who sees whom (chapter 4).
  case mask
  /// Cache events (chapter 6).
  case schedule
  /// Both accuracies as counts (chapter 7).
  case metrics
  /// Pairs and bytes (chapter 9).
  case cost
  /// MOD-2.
  case rmsNorm = "rms_norm"
  /// MOD-3.
  case rope
  /// MOD-4 on given queries, keys, values and mask.
  case attention
  /// MOD-5 with its three linear layers.
  case feedForward = "feed_forward"
  /// MOD-6, one layer.
  case decoderLayer = "decoder_layer"
  /// LOS-5, row by row.
  case crossEntropy = "cross_entropy"
  /// Logits of the training layout, and named intermediates.
  case forward
  /// Both terms of LOS-4.
  case loss
  /// The gradient of every parameter.
  case gradients
  /// Parameters and moments after AdamW steps (LOS-6).
  case trainStep = "train_step"
  /// Text through the compressed cache (GEN).
  case generate
  /// A chunk from its memory (REC).
  case reconstruct
}

extension Set where Element == Operation {
  /// Those that run a whole model.
  package static let models: Self = [.forward, .loss, .gradients, .trainStep, .generate, .reconstruct]
  /// Those that lay out texts for training.
  package static let training: Self = [.forward, .loss, .gradients, .trainStep]
  /// Those that lay out texts.
  package static let texts: Self = [.layout, .mask, .forward, .loss, .gradients, .trainStep]
  /// Those with a compressed cache.
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
  public static let words = allCases.map(\.rawValue)
  /// The words for those with at least 24 bits of precision.
  public static let preciseWords = [f64, f32].map(\.rawValue)
  /// The word for answers without numbers.
  public static let integerWord = "i64"
  /// Every word that a case may be asked in, in the order of a run.
  public static let allWords = [integerWord] + words
}

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
