// MOD-10…MOD-13: what a config.json says that depends on its `model_type`: biases, norms, head sizes and windows.

import LoMAVectors
import NaiveLlama

/// The family of a config.json, and what follows from it.
struct FamilyKeys {
  private let object: JSONObject
  let family: ModelFamily

  /// Reads `model_type`; llama if there is none. Throws for another one, with the reason if it is a known family.
  init(_ object: JSONObject) throws(ModelError) {
    self.object = object
    guard let value = object["model_type"], value != .null else {
      family = .llama
      return
    }
    guard let word = value.stringValue, let family = ModelFamily(rawValue: word) else {
      let word = ConfigurationKeys.text(value)
      throw .unsupportedConfiguration(key: "model_type", value: word, reason: OtherFamilies.reason(word))
    }
    self.family = family
  }

  private var keys: ConfigurationKeys { ConfigurationKeys(object: object) }

  /// The biases of a layer: what the keys say, or in Qwen2 always those of q, k and v (MOD-10).
  func biases() throws(ModelError) -> Biases {
    let (attention, feedForward) = (try flag("attention_bias"), try flag("mlp_bias"))
    switch family {
    case .llama:
      let given: [Biases] = [attention ? .attention : [], feedForward ? .feedForward : []]
      return given.reduce([]) { $0.union($1) }
    // Not read there: Hugging Face's Qwen2 has these biases whatever the key says.
    case .qwen2: try refuse("mlp_bias", feedForward)
    case .qwen3: try refuse("mlp_bias", feedForward)
    case .mistral:
      try refuse("attention_bias", attention)
      try refuse("mlp_bias", feedForward)
    }
    return family == .qwen2 ? .inputs : attention && family == .qwen3 ? .attention : []
  }

  /// H_kv: absent, H in a Llama; the others have defaults that fit no checkpoint, and must say it.
  func keyValueHeads(of heads: Int) throws(ModelError) -> Int {
    try keys.integer("num_key_value_heads", default: family == .llama ? heads : nil)
  }

  /// d; nil, D/H: `head_dim`, or 128 in a Qwen3 without one (MOD-12).
  func headDimension() throws(ModelError) -> Int? {
    try keys.optionalInteger("head_dim") ?? (family == .qwen3 ? 128 : nil)
  }

  /// The width of the window that some layer has; nil if none has one (MOD-13).
  func slidingWindow(layers: Int) throws(ModelError) -> Int? {
    let types = try layerTypes(layers)
    let window = try keys.optionalInteger("sliding_window")
    switch family {
    case .llama:
      if let window {
        throw .unsupportedConfiguration(key: "sliding_window", value: "\(window)", reason: "a Llama has no window")
      }
      try refuse("use_sliding_window", try flag("use_sliding_window"))
      return nil
    case .mistral:
      // An absent key is not a null one.
      return object["sliding_window"] == nil ? 4096 : window
    case .qwen2, .qwen3:
      guard try flag("use_sliding_window") else { return nil }
      if let types, types.allSatisfy({ $0 == "full_attention" }) { return nil }
      let width = object["sliding_window"] == nil ? 4096 : window
      let first = try keys.integer("max_window_layers", default: 28)
      return types != nil || first < layers ? width : nil
    }
  }

  /// `layer_types`, each of which must be full or sliding attention; nil if absent.
  private func layerTypes(_ layers: Int) throws(ModelError) -> [String]? {
    guard let value = object["layer_types"], value != .null else { return nil }
    let accepted = family == .llama ? ["full_attention"] : ["full_attention", "sliding_attention"]
    let words = value.arrayValue?.map { ConfigurationKeys.text($0) } ?? [ConfigurationKeys.text(value)]
    if let other = words.first(where: { !accepted.contains($0) }) {
      throw .unsupportedConfiguration(
        key: "layer_types", value: other, reason: "every layer is of \(accepted.joined(separator: " or "))")
    }
    guard words.count == layers else {
      throw .unsupportedConfiguration(
        key: "layer_types", value: "of \(words.count) layers", reason: "the model has \(layers)")
    }
    return words
  }

  /// A key that is true or false; false if it is absent or null.
  private func flag(_ key: String) throws(ModelError) -> Bool {
    switch object[key] {
    case nil, .null?: return false
    case .boolean(let value)?: return value
    case .some(let value):
      throw .unsupportedConfiguration(
        key: key, value: ConfigurationKeys.text(value), reason: "it is neither true nor false")
    }
  }

  private func refuse(_ key: String, _ isSet: Bool) throws(ModelError) {
    guard isSet else { return }
    throw .unsupportedConfiguration(
      key: key, value: "true", reason: "Hugging Face's \(family.rawValue) does not read it")
  }
}

/// Families that are refused, each with what it computes otherwise.
enum OtherFamilies {
  /// What is different in a family; which are read, if it is not known.
  static func reason(_ name: String) -> String {
    reasons.first { name == $0.name || name.hasPrefix($0.name) && $0.isPrefix }?.reason
      ?? "llama, mistral, qwen2 and qwen3 are read"
  }

  private static let reasons: [(name: String, isPrefix: Bool, reason: String)] = [
    ("gemma", true, "its norms multiply with 1 + gain, its activation is gelu, and embeddings are multiplied with √D"),
    ("phi3", true, "q, k and v are one matrix, and so are gate and up"),
    ("olmo2", true, "its norms stand behind attention and feed-forward, and query norms span all heads"),
    ("olmo3", true, "its norms stand behind attention and feed-forward, and query norms span all heads"),
    ("exaone4", true, "its norms stand behind attention and feed-forward"),
    ("chatglm", true, "it rotates neighbours, and a part of each head"),
    ("glm", true, "it rotates neighbours, and a part of each head"),
    ("ernie4_5", true, "it rotates neighbours"), ("helium", true, "it rotates neighbours"),
    ("stablelm", true, "it has LayerNorm"), ("nemotron", true, "it has LayerNorm"),
    ("cohere", true, "it has LayerNorm"),
    ("arcee", true, "its feed-forward has no gate"), ("apertus", true, "its feed-forward has no gate"),
    ("nanochat", true, "its feed-forward has no gate"),
    ("minicpm", true, "it scales embeddings, branches and logits"),
    ("granite", true, "it scales embeddings, scores, branches and logits"),
    ("internlm2", true, "its parameters have other names"),
    ("ministral3", true, "it scales queries by their position"),
    ("smollm3", false, "some of its layers do not rotate"),
    ("seed_oss", false, "its keys of biases have other names"),
    ("hunyuan_v1_dense", false, "it normalises queries and keys behind the rotation"),
    ("mixtral", true, "it has experts"), ("qwen2_moe", true, "it has experts"), ("qwen3_moe", true, "it has experts"),
    ("deepseek_v2", true, "it has latent attention and experts"),
    ("deepseek_v3", true, "it has latent attention and experts"),
    ("qwen2_vl", true, "it reads images"), ("qwen2_5_vl", true, "it reads images"),
    ("qwen3_vl", true, "it reads images"), ("mllama", true, "it reads images"), ("llava", true, "it reads images"),
    ("bert", true, "it is an encoder"), ("t5", true, "it has an encoder"),
  ]
}
