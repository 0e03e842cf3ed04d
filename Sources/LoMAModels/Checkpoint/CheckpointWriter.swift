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
      if let index = Elements.firstNonFinite(rounded) {
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
      "architectures": "[\"\(configuration.family.architecture)\"]",
      "dtype": "\"\(dtype(elementType))\"", "head_dim": "\(configuration.heads.dimension)",
      "hidden_act": "\"silu\"", "hidden_size": "\(configuration.hiddenSize)",
      "intermediate_size": "\(configuration.intermediateSize)",
      "model_type": "\"\(configuration.family.rawValue)\"",
      "num_attention_heads": "\(configuration.heads.query)", "num_hidden_layers": "\(configuration.layers)",
      "num_key_value_heads": "\(configuration.heads.keyValue)", "rms_norm_eps": "\(configuration.epsilon)",
      "rope_theta": "\(configuration.theta)", "tie_word_embeddings": "\(configuration.tiesHead)",
      "vocab_size": "\(configuration.vocabularySize)",
    ]
    for (key, value) in configuration.familyMembers { members[key] = value }
    let rope = configuration.rotation.scaling.members
    if !rope.isEmpty { members["rope_scaling"] = object(rope) }
    if let loma { members["loma"] = loma.json }
    switch form {
    case .explicit: break
    case .sparse:
      for key in ["head_dim", "num_key_value_heads", "rms_norm_eps", "tie_word_embeddings"] { members[key] = nil }
    case .older:
      func whole(_ number: String) -> String { number.hasSuffix(".0") ? String(number.dropLast(2)) : number }
      members["rope_theta"] = whole("\(configuration.theta)")
      if !rope.isEmpty {
        members["rope_scaling"] = object(rope.map { ($0.key == "rope_type" ? "type" : $0.key, whole($0.value)) })
      }
    case .both:
      let theta = (key: "rope_theta", value: "\(configuration.theta)")
      let other = (key: "rope_theta", value: "7.0")
      members["rope_theta"] = other.value
      if !rope.isEmpty { members["rope_scaling"] = object([theta] + rope) }
      members["rope_parameters"] = object([rope.isEmpty ? theta : other, ("rope_type", "\"default\"")])
    case .nested:
      members["rope_theta"] = nil
      members["rope_scaling"] = nil
      members["rope_parameters"] = object(
        [("rope_theta", "\(configuration.theta)")] + (rope.isEmpty ? [("rope_type", "\"default\"")] : rope))
    }
    let lines = members.sorted { $0.key < $1.key }.map { "  \"\($0.key)\": \($0.value)" }
    return "{\n" + lines.joined(separator: ",\n") + "\n}\n"
  }

  private static func object(_ members: [(key: String, value: String)]) -> String {
    "{" + members.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ", ") + "}"
  }
}

extension ModelFamily {
  /// The class of transformers that computes it.
  fileprivate var architecture: String {
    switch self {
    case .llama: "LlamaForCausalLM"
    case .mistral: "MistralForCausalLM"
    case .qwen2: "Qwen2ForCausalLM"
    case .qwen3: "Qwen3ForCausalLM"
    }
  }
}

extension Configuration {
  /// What config.json says of biases, windows and positions: the keys that the family reads (MOD-10 to MOD-13).
  fileprivate var familyMembers: [(key: String, value: String)] {
    var members: [(key: String, value: String)] = []
    if family == .llama || family == .qwen3 {
      members.append(("attention_bias", "\(biases.contains(.attention))"))
    }
    switch family {
    case .llama: members.append(("mlp_bias", "\(biases.contains(.feedForward))"))
    case .mistral: members.append(("sliding_window", slidingWindow.map { "\($0)" } ?? "null"))
    case .qwen2, .qwen3:
      members.append(("use_sliding_window", "\(slidingWindow != nil)"))
      if let slidingWindow { members += [("max_window_layers", "0"), ("sliding_window", "\(slidingWindow)")] }
    }
    if let maximumPositions { members.append(("max_position_embeddings", "\(maximumPositions)")) }
    return members
  }
}

extension RotationScaling {
  /// The members of `rope_scaling`, as JSON; none if nothing is scaled.
  fileprivate var members: [(key: String, value: String)] {
    switch self {
    case .none: return []
    case .linear(let factor): return [("factor", "\(factor)"), ("rope_type", "\"linear\"")]
    case .dynamic(let factor): return [("factor", "\(factor)"), ("rope_type", "\"dynamic\"")]
    case .llama3(let scaling):
      return [
        ("factor", "\(scaling.factor)"), ("high_freq_factor", "\(scaling.highFrequencyFactor)"),
        ("low_freq_factor", "\(scaling.lowFrequencyFactor)"),
        ("original_max_position_embeddings", "\(Int(scaling.originalPositions))"), ("rope_type", "\"llama3\""),
      ]
    case .yarn(let scaling):
      var members = [("beta_fast", "\(scaling.betaFast)"), ("beta_slow", "\(scaling.betaSlow)")]
      for (key, value) in [
        ("attention_factor", scaling.givenAttentionFactor), ("mscale", scaling.scale),
        ("mscale_all_dim", scaling.scaleOfAllDimensions),
      ] {
        if let value { members.append((key, "\(value)")) }
      }
      return members + [
        ("factor", "\(scaling.factor)"),
        ("original_max_position_embeddings", "\(Int(scaling.originalPositions))"), ("rope_type", "\"yarn\""),
        ("truncate", "\(scaling.truncates)"),
      ]
    }
  }
}
