// LAT-10: writing a decoder with latent attention as a Hugging Face directory, in either order of rotated rows (LAT-3).

import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

/// Writes config.json and model.safetensors.
package enum LatentCheckpointWriter {
  /// Writes a new directory, whole or not at all; throws if it exists.
  ///
  /// Every value is rounded once to `elementType`; a model whose heads pool (BAS-26) says to which ratio. Throws for a
  /// value beyond the type's range.
  package static func write(
    _ parameters: ParameterSet, configuration: LatentConfiguration, pairs: PairOrder, loma: LoMASection?,
    pooling ratio: Int? = nil, elementType: ElementType, to directory: String
  ) throws(LatentError) {
    let files = try files(
      parameters, configuration: configuration, pairs: pairs, loma: loma, pooling: ratio, elementType: elementType)
    do { try Files.createDirectory(directory, containing: files) } catch { throw .checkpoint(.file(error)) }
  }

  /// The two files of a directory, in memory; the weights are given in half-split order.
  package static func files(
    _ parameters: ParameterSet, configuration: LatentConfiguration, pairs: PairOrder, loma: LoMASection?,
    pooling ratio: Int? = nil, elementType: ElementType
  ) throws(LatentError) -> [(name: String, bytes: [UInt8])] {
    try modelling(try parameters.check(against: configuration))
    var stored = parameters
    switch pairs {
    case .halfSplit: break
    case .neighbours:
      for (name, rows) in configuration.shape.neighbouringRows {
        var places = rows
        for (here, there) in rows.enumerated() { places[there] = here }
        stored.tensors[name] = stored.tensors[name]?.selecting(rows: places)
      }
    }
    let bytes = try reading(try CheckpointWriter.container(stored, elementType: elementType))
    let text = text(configuration, pairs: pairs, loma: loma, pooling: ratio, elementType: elementType)
    return [("model.safetensors", bytes), ("config.json", Array(text.utf8))]
  }

  /// The text of config.json, with keys sorted as `save_pretrained` sorts them.
  private static func text(
    _ configuration: LatentConfiguration, pairs: PairOrder, loma: LoMASection?, pooling ratio: Int?,
    elementType: ElementType
  ) -> String {
    let shape = configuration.shape
    var members: [String: String] = [
      "attention_bias": "false", "dtype": "\"\(CheckpointWriter.dtype(elementType))\"", "hidden_act": "\"silu\"",
      "hidden_size": "\(shape.hiddenSize)", "intermediate_size": "\(shape.intermediateSize)",
      "latent": latent(configuration), "num_hidden_layers": "\(shape.layers)",
      "rms_norm_eps": "\(configuration.epsilon)", "rope_theta": "\(configuration.theta)",
      "tie_word_embeddings": "\(shape.tiesHead)", "vocab_size": "\(shape.vocabularySize)",
    ]
    let more: [String: String] =
      switch shape.attention.form {
      case .heads(let query, let keyValue, let dimension):
        [
          "architectures": "[\"LlamaForCausalLM\"]", "head_dim": "\(dimension)", "mlp_bias": "false",
          "model_type": "\"llama\"", "num_attention_heads": "\(query)", "num_key_value_heads": "\(keyValue)",
        ]
      case .latent(let widths):
        [
          "architectures": "[\"DeepseekV3ForCausalLM\"]", "first_k_dense_replace": "\(shape.layers)",
          LatentKeys.latent: "\(widths.latent)", "model_type": "\"deepseek_v3\"",
          "num_attention_heads": "\(widths.heads)", "num_key_value_heads": "\(widths.heads)",
          LatentKeys.queryLatent: widths.queryLatent.map(String.init) ?? "null", LatentKeys.plain: "\(widths.plain)",
          LatentKeys.rotated: "\(widths.rotated)", "rope_interleave": "\(pairs == .neighbours)",
          LatentKeys.value: "\(widths.value)",
        ]
      }
    members.merge(more) { first, _ in first }
    if let loma { members["loma"] = loma.json }
    if let ratio { members["dmc"] = "{\"ratio\": \(ratio)}" }
    let lines = members.sorted { $0.key < $1.key }.map { "  \"\($0.key)\": \($0.value)" }
    return "{\n" + lines.joined(separator: ",\n") + "\n}\n"
  }

  /// The object `latent`, with members in the order of the Spec.
  private static func latent(_ configuration: LatentConfiguration) -> String {
    let (attention, base) = (configuration.attention, LatentProfile.base)
    let axes = LatentAxis.allCases.filter { attention.profile[$0] != base[$0] }
      .map { "\"\($0.rawValue)\": \"\(attention.profile[$0])\"" }.joined(separator: ", ")
    var members = ["\"stride\": \(attention.stride)"]
    if case .latent(let widths) = attention.form {
      members += [
        "\"bits\": \(widths.bits.map(String.init) ?? "null")",
        "\"rotated_bits\": \(widths.rotatedBits.map(String.init) ?? "null")", "\"group\": \(widths.group)",
      ]
    }
    members.append("\"rms_norm_eps\": \(configuration.latentEpsilon)")
    return "{" + (members + ["\"profile\": {\(axes)}"]).joined(separator: ", ") + "}"
  }
}
