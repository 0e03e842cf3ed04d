// MOD-1: a Hugging Face Llama directory, mapped; each tensor is widened to binary64 when it is asked for.

import LoMA
import LoMAVectors
import NaiveLlama

/// A checkpoint directory: config.json, and model.safetensors or the shards that its index names.
package struct Checkpoint: Sendable {
  /// The content of config.json.
  package let file: ConfigurationFile
  private let tensors: StoredTensors

  package var configuration: Configuration { file.configuration }

  /// Maps a directory and checks the name, shape and element type of every tensor against config.json.
  ///
  /// Values are checked when they are read: a pass that reads a NaN or an infinity throws.
  package init(directory: String) throws(CheckpointError) {
    file = try ConfigurationFile(parsing: try ConfigurationFile.text(in: directory))
    tensors = try StoredTensors(directory: directory)
    do { try checkTensors() } catch { throw .model(error) }
  }

  /// Checks that every parameter is there as a floating-point array of its shape, and that no other tensor is.
  private func checkTensors() throws(ModelError) {
    try tensors.checkLayers(configuration.layers) { ParameterName.layer($0).attentionNorm }
    try configuration.checkBiases { tensors.entry($0) != nil }
    try tensors.check(configuration.parameters, isDerived: isDerived)
    if configuration.tiesHead { try tensors.checkTiedHead() }
  }

  /// Older checkpoints also store the rotary frequencies, which follow from θ, and a tied head beside its embedding.
  private func isDerived(_ name: String) -> Bool {
    name.hasSuffix(".rotary_emb.inv_freq") || name == ParameterName.head && configuration.tiesHead
  }

  /// The header's entry of a tensor; nil if there is none.
  package func entry(_ name: String) -> ContainerHeader.Entry? { tensors.entry(name) }

  /// A tensor as it is stored: its element type and bytes.
  package func stored(_ name: String) throws(CheckpointError) -> NamedArray { try tensors.stored(name) }

  /// The parameters, read on demand; none is kept in memory.
  package var weights: Weights { tensors.weights }

  /// All parameters, read into memory.
  package func parameters() throws(CheckpointError) -> ParameterSet {
    var tensors: [String: Tensor] = [:]
    do throws(ModelError) {
      for (name, _) in configuration.parameters { tensors[name] = try weights.tensor(name) }
    } catch { throw .model(error) }
    return ParameterSet(tensors)
  }
}

extension Configuration {
  /// Throws `unsupportedConfiguration` if layers should have biases and the first one's are not among the tensors: Hugging Face
  /// would draw them (MOD-10).
  package func checkBiases(isThere: (String) -> Bool) throws(ModelError) {
    let name = ParameterName.layer(0)
    let keys: [(String, String, [(Biases, String)])] = [
      (
        family == .qwen2 ? "model_type" : "attention_bias", family == .qwen2 ? family.rawValue : "true",
        [
          (.query, name.queryBias), (.key, name.keyBias), (.value, name.valueBias),
          (.attentionOutput, name.attentionOutputBias),
        ]
      ),
      ("mlp_bias", "true", [(.gate, name.gateBias), (.up, name.upBias), (.down, name.downBias)]),
    ]
    for (key, value, names) in keys {
      for (bias, tensor) in names where biases.contains(bias) && !isThere(tensor) {
        throw .unsupportedConfiguration(key: key, value: value, reason: "there is no \(tensor)")
      }
    }
  }

  /// Throws `unsupportedConfiguration` unless this is a plain Llama: part II is defined on no other model (MOD-8).
  package func checkPlain() throws(ModelError) {
    if isPlain { return }
    let reason = "a method of part II is computed on a plain Llama"
    switch rotation.scaling {
    case .none: break
    case .linear: throw .unsupportedConfiguration(key: "rope_scaling", value: "linear", reason: reason)
    case .dynamic: throw .unsupportedConfiguration(key: "rope_scaling", value: "dynamic", reason: reason)
    case .llama3: throw .unsupportedConfiguration(key: "rope_scaling", value: "llama3", reason: reason)
    case .yarn: throw .unsupportedConfiguration(key: "rope_scaling", value: "yarn", reason: reason)
    }
    if let slidingWindow {
      throw .unsupportedConfiguration(key: "sliding_window", value: "\(slidingWindow)", reason: reason)
    }
    throw .unsupportedConfiguration(key: "model_type", value: family.rawValue + " with biases or norms", reason: reason)
  }
}
