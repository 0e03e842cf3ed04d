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
    try tensors.check(configuration.parameters, isDerived: isDerived)
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
