// MOD-1: writing a checkpoint as a Hugging Face Llama directory.

import LoMA
import LoMAVectors
import NaiveLlama

/// Writes config.json and model.safetensors.
package enum CheckpointWriter {
  /// Writes a new directory, whole or not at all; throws if it exists.
  ///
  /// Every value is rounded once to `elementType`; a type that holds all values keeps them unchanged. Throws for a
  /// value beyond the type's range.
  package static func write(
    _ parameters: ParameterSet, configuration: Configuration, loma: LoMASection?, elementType: ElementType,
    to directory: String
  ) throws(CheckpointError) {
    let files = try files(
      parameters, configuration: configuration, loma: loma, elementType: elementType, form: .explicit)
    do { try Files.createDirectory(directory, containing: files) } catch { throw .file(error) }
  }

  /// The two files of a checkpoint directory, in memory.
  package static func files(
    _ parameters: ParameterSet, configuration: Configuration, loma: LoMASection?, elementType: ElementType,
    form: ConfigurationForm
  ) throws(CheckpointError) -> [(name: String, bytes: [UInt8])] {
    do { try parameters.check(against: configuration) } catch { throw .model(error) }
    let text = configurationText(configuration, loma: loma, elementType: elementType, form: form)
    let bytes = try container(parameters, elementType: elementType)
    return [("model.safetensors", bytes), ("config.json", Array(text.utf8))]
  }

  /// model.safetensors with these tensors, each value rounded once to `elementType`; throws for one beyond its range.
  static func container(
    _ parameters: ParameterSet, elementType: ElementType
  ) throws(CheckpointError) -> [UInt8] {
    var arrays: [NamedArray] = []
    for name in parameters.names {
      guard let tensor = parameters.tensors[name] else { continue }
      let rounded: [Double]
      do {
        let array = try NamedArray(name, elementType, shape: tensor.shape, doubles: tensor.values)
        arrays.append(array)
        rounded = try array.doubles()
      } catch { throw .container(file: "model.safetensors", error) }
      if let index = rounded.firstIndex(where: { !$0.isFinite }) {
        throw .valueOutOfRange(tensor: name, index: index, elementType: elementType)
      }
    }
    do { return try ArrayFile(arrays, metadata: ["format": "pt"]).encoded() } catch {
      throw .container(file: "model.safetensors", error)
    }
  }

  /// The word for an element type in config.json.
  static func dtype(_ elementType: ElementType) -> String {
    [.f64: "float64", .f32: "float32", .bf16: "bfloat16", .f16: "float16"][elementType] ?? "float32"
  }

  /// The text of config.json, with keys sorted as `save_pretrained` sorts them.
  static func configurationText(
    _ configuration: Configuration, loma: LoMASection?, elementType: ElementType, form: ConfigurationForm
  ) -> String {
    var members: [String: String] = [
      "architectures": "[\"LlamaForCausalLM\"]", "attention_bias": "false",
      "dtype": "\"\(dtype(elementType))\"", "head_dim": "\(configuration.heads.dimension)",
      "hidden_act": "\"silu\"", "hidden_size": "\(configuration.hiddenSize)",
      "intermediate_size": "\(configuration.intermediateSize)", "mlp_bias": "false", "model_type": "\"llama\"",
      "num_attention_heads": "\(configuration.heads.query)", "num_hidden_layers": "\(configuration.layers)",
      "num_key_value_heads": "\(configuration.heads.keyValue)", "rms_norm_eps": "\(configuration.epsilon)",
      "rope_theta": "\(configuration.theta)", "tie_word_embeddings": "\(configuration.tiesHead)",
      "vocab_size": "\(configuration.vocabularySize)",
    ]
    if let loma { members["loma"] = loma.json }
    switch form {
    case .explicit: break
    case .sparse:
      for key in ["head_dim", "num_key_value_heads", "rms_norm_eps", "tie_word_embeddings"] { members[key] = nil }
    case .nested:
      members["rope_theta"] = nil
      members["rope_parameters"] = "{\"rope_theta\": \(configuration.theta), \"rope_type\": \"default\"}"
    }
    let lines = members.sorted { $0.key < $1.key }.map { "  \"\($0.key)\": \($0.value)" }
    return "{\n" + lines.joined(separator: ",\n") + "\n}\n"
  }
}
