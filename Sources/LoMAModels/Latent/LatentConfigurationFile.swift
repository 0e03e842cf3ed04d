// LAT-10: config.json of a model with latent attention; keys that change the arithmetic are read strictly.

import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

/// The content of a config.json that says what latent attention stores.
package struct LatentConfigurationFile: Sendable {
  /// `vocab_size`, V'.
  package let vocabularySize: Int
  /// `model_type` under `entries = latent`.
  static let modelType = "deepseek_v3"

  /// The decisions, canonical.
  package let profile: LatentProfile
  /// The shape, or the first fault in the order of the Spec's list.
  package let configuration: Result<LatentConfiguration, LatentModelError>

  /// Parses the text of a config.json; throws if its form is not that of LAT-10. A model whose form is right and whose
  /// sizes or keys are refused still has a vocabulary and a profile, which requests are judged by first.
  package init(parsing text: [UInt8]) throws(CheckpointError) {
    let object = try ConfigurationFile.object(text)
    let keys = ConfigurationKeys(object: object)
    do throws(ModelError) {
      vocabularySize = try keys.integer("vocab_size")
      let own = object[LatentKeys.object]?.objectValue ?? JSONObject([])
      profile = try Self.profile(own["profile"])
      let ownKeys = ConfigurationKeys(object: own, prefix: LatentKeys.object + ".")
      let form: LatentForm =
        switch profile.entries {
        case .latent: .latent(try Self.widths(keys, ownKeys))
        case .heads: try Self.heads(keys)
        }
      let stride = try ownKeys.integer("stride", default: 1)
      configuration = Self.configuration(
        text, object, own: ownKeys, profile: profile, stride: stride, form: form, vocabularySize: vocabularySize)
    } catch { throw .model(error) }
  }

  private static func profile(_ value: JSONValue?) throws(ModelError) -> LatentProfile {
    guard let value, value != .null else { return .base }
    let pairs = value.objectValue?.members.map { (axis: $0.key, value: $0.value.stringValue ?? "") }
    guard let pairs, let profile = try? LatentProfile(pairs) else {
      throw .invalidConfiguration(
        key: LatentKeys.object + ".profile", value: ConfigurationKeys.text(value), requirement: "an object of axes")
    }
    return profile
  }

  private static func widths(
    _ keys: ConfigurationKeys, _ own: ConfigurationKeys
  ) throws(ModelError) -> LatentWidths {
    /// Nil for 0, which is none.
    func optional(_ value: Int?) -> Int? { value == 0 ? nil : value }
    return LatentWidths(
      heads: try keys.integer("num_attention_heads"), plain: try keys.integer(LatentKeys.plain),
      rotated: try keys.integer(LatentKeys.rotated), value: try keys.integer(LatentKeys.value),
      latent: try keys.integer(LatentKeys.latent),
      queryLatent: optional(try keys.optionalInteger(LatentKeys.queryLatent)),
      bits: optional(try own.optionalInteger("bits")), rotatedBits: optional(try own.optionalInteger("rotated_bits")),
      group: try own.optionalInteger("group"))
  }

  private static func heads(_ keys: ConfigurationKeys) throws(ModelError) -> LatentForm {
    let query = try keys.integer("num_attention_heads")
    let hidden = try keys.integer("hidden_size")
    return .heads(
      query: query, keyValue: try keys.integer("num_key_value_heads", default: query),
      dimension: try keys.optionalInteger("head_dim") ?? hidden / max(query, 1))
  }

  /// The shape, its faults in the order of the list: sizes, then what is not supported, then other sizes.
  private static func configuration(
    _ text: [UInt8], _ object: JSONObject, own: ConfigurationKeys, profile: LatentProfile, stride: Int,
    form: LatentForm, vocabularySize: Int
  ) -> Result<LatentConfiguration, LatentModelError> {
    let parameters: Result<LatentParameters, PeerError> = Result { () throws(PeerError) in
      try LatentParameters(profile: profile, stride: stride, form: form)
    }
    if case .failure(let error) = parameters, LatentModelError.sizes(error).isOfSizes { return .failure(.sizes(error)) }
    do throws(ModelError) {
      let keys = ConfigurationKeys(object: object)
      try refuseUnsupported(keys, profile.entries)
      let (hidden, inner) = (try keys.integer("hidden_size"), try keys.integer("intermediate_size"))
      let layers = try keys.integer("num_hidden_layers")
      let ties = try keys.boolean("tie_word_embeddings", default: false)
      switch parameters {
      case .failure(let error): return .failure(.sizes(error))
      case .success(let attention):
        return .success(
          try LatentConfiguration(
            shape: LatentShape(
              vocabularySize: vocabularySize, hiddenSize: hidden, intermediateSize: inner, layers: layers,
              tiesHead: ties, attention: attention),
            epsilon: try keys.number("rms_norm_eps", default: 1e-6),
            latentEpsilon: try own.number("rms_norm_eps", default: LatentConfiguration.defaultLatentEpsilon),
            theta: try ConfigurationFile.theta(object)))
      }
    } catch { return .failure(.base(.model(error))) }
  }

  private static func refuseUnsupported(
    _ keys: ConfigurationKeys, _ entries: LatentProfile.Entries
  ) throws(ModelError) {
    let object = keys.object
    func refuse(_ key: String) -> ModelError {
      .unsupportedConfiguration(key: key, value: object[key].map(ConfigurationKeys.text) ?? "absent")
    }
    let modelType =
      switch entries {
      case .latent: Self.modelType
      case .heads: "llama"
      }
    try ConfigurationFile.rejectUnsupported(object, modelType: modelType)
    for (key, accepted, mayBeAbsent) in LatentKeys.plainValues {
      if entries == .heads, key == "rope_interleave" { continue }
      guard let value = object[key] else {
        if mayBeAbsent { continue }
        throw refuse(key)
      }
      // MOD-1 has the rest of the keys, and more plain values for some.
      guard accepted.contains(where: { $0.json == value }) || key == "hidden_act" else { throw refuse(key) }
    }
    guard entries == .latent else { return }
    let heads = try keys.integer("num_attention_heads")
    if let other = try keys.optionalInteger("num_key_value_heads"), other != heads {
      throw refuse("num_key_value_heads")
    }
    let experts = try keys.optionalInteger("n_routed_experts") ?? 0
    let dense = try keys.integer("first_k_dense_replace", default: 0)
    if experts != 0, dense < (try keys.integer("num_hidden_layers")) { throw refuse("n_routed_experts") }
  }
}

extension LatentKeys.Value {
  /// As it stands in a file; nil for what has no one form.
  fileprivate var json: JSONValue? {
    switch self {
    case .no: .boolean(false)
    case .null: .null
    case .integer(let number): .integer(number)
    case .word(let word): .string(word)
    case .other: nil
    }
  }
}

// MARK: - Writing

extension LatentConfigurationFile {
  /// The text of the file, with keys sorted as `save_pretrained` sorts them; `sparse` leaves out what has a default.
  package static func text(
    _ configuration: LatentConfiguration, elementType: ElementType, form: ConfigurationForm
  ) -> String {
    let shape = configuration.shape
    var members: [String: JSONValue] = [
      "attention_bias": .boolean(false), "dtype": .string(CheckpointWriter.word(elementType)),
      "hidden_act": .string("silu"), "hidden_size": .integer(shape.hiddenSize),
      "intermediate_size": .integer(shape.intermediateSize), "num_hidden_layers": .integer(shape.layers),
      "rms_norm_eps": .number(configuration.epsilon), "rope_theta": .number(configuration.theta),
      "tie_word_embeddings": .boolean(shape.tiesHead), "vocab_size": .integer(shape.vocabularySize),
    ]
    var own: [JSONObject.Member] = []
    if shape.attention.stride != 1 || form != .sparse { own.append(.init("stride", .integer(shape.attention.stride))) }
    switch shape.attention.form {
    case .latent(let widths):
      members["architectures"] = .array([.string("DeepseekV3ForCausalLM")])
      members["model_type"] = .string(modelType)
      members["rope_interleave"] = .boolean(false)
      members["first_k_dense_replace"] = .integer(shape.layers)
      members["num_attention_heads"] = .integer(widths.heads)
      members["num_key_value_heads"] = .integer(widths.heads)
      members[LatentKeys.latent] = .integer(widths.latent)
      members[LatentKeys.queryLatent] = widths.queryLatent.map { .integer($0) } ?? .null
      members[LatentKeys.plain] = .integer(widths.plain)
      members[LatentKeys.rotated] = .integer(widths.rotated)
      members[LatentKeys.value] = .integer(widths.value)
      if widths.bits != nil || form != .sparse { own.append(.init("bits", .integer(widths.bits ?? 0))) }
      if widths.rotatedBits != nil || form != .sparse {
        own.append(.init("rotated_bits", .integer(widths.rotatedBits ?? 0)))
      }
      if widths.group != widths.latent || form != .sparse { own.append(.init("group", .integer(widths.group))) }
      if configuration.latentEpsilon != LatentConfiguration.defaultLatentEpsilon || form != .sparse {
        own.append(.init("rms_norm_eps", .number(configuration.latentEpsilon)))
      }
    case .heads(let query, let keyValue, let dimension):
      members["architectures"] = .array([.string("LlamaForCausalLM")])
      members["model_type"] = .string("llama")
      members["mlp_bias"] = .boolean(false)
      members["num_attention_heads"] = .integer(query)
      members["num_key_value_heads"] = .integer(keyValue)
      members["head_dim"] = .integer(dimension)
    }
    let profile = shape.attention.profile
    let axes = LatentAxis.allCases.filter { profile[$0] != LatentProfile.base[$0] }
    if !axes.isEmpty || form != .sparse {
      own.append(.init("profile", .members(axes.map { .init($0.rawValue, .string(profile[$0])) })))
    }
    if !own.isEmpty { members[LatentKeys.object] = .members(own.sorted { $0.key < $1.key }) }
    let lines = members.sorted { $0.key < $1.key }.map { "  \(JSONValue.string($0.key).text()): \($0.value.text())" }
    return "{\n" + lines.joined(separator: ",\n") + "\n}\n"
  }
}
