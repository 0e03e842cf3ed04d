// LAT-10: the keys of a config.json that would make attention, or the model around it, another one, each with what it
// would change.

import LoMAPeers
import LoMAVectors
import NaiveLlama

/// What is refused by name and reason.
enum LatentRefusals {
  /// Throws `unsupported` for the first key that does not have its plain value.
  static func check(
    _ object: JSONObject, entries: LatentProfile.Entries, accepting pairs: Set<PairOrder>
  ) throws(LatentError) {
    for (key, plain, reason) in ofSharing { try check(object, key, plain, reason) }
    switch entries {
    case .heads:
      do throws(ModelError) { try ConfigurationFile.rejectUnsupported(object) } catch {
        throw .checkpoint(.model(error))
      }
    case .latent:
      for (key, plain, reason) in ofDeepSeek { try check(object, key, plain, reason) }
      try checkPairs(object, pairs)
      for key in ["rope_scaling", "rope_parameters"] { try checkRope(object, key) }
      try checkExperts(object)
      let heads = object["num_attention_heads"]
      if let keyValue = object["num_key_value_heads"], keyValue != .null, keyValue != heads {
        throw .unsupported(
          key: "num_key_value_heads", value: ConfigurationKeys.text(keyValue),
          reason: "every head has keys and values of its own")
      }
    }
  }

  private typealias PlainKey = (key: String, plain: [JSONValue], reason: String)

  /// What the object `latent` says, in other programs' words.
  private static let ofSharing: [PlainKey] = [
    ("use_qk_norm", [.boolean(false), .null], "queries and keys of heads are not normalised"),
    ("use_cla", [.boolean(false), .null], "layers are shared by latent.stride"),
    ("cla_share_factor", [.integer(1), .null], "layers are shared by latent.stride"),
  ]

  private static let ofDeepSeek: [PlainKey] = [
    ("model_type", [.string("deepseek_v3")], "the weights must have the names of deepseek_v3"),
    ("hidden_act", [.string("silu"), .string("swish")], "the feed-forward block is MOD-5's"),
    ("attention_bias", [.boolean(false), .null], "no projection has a bias"),
    ("mlp_bias", [.boolean(false), .null], "no projection has a bias"),
    ("sliding_window", [.null], "every row sees all before it"),
    ("use_sliding_window", [.boolean(false), .null], "every row sees all before it"),
    ("layer_types", [.null], "all layers are alike"),
    ("mlp_layer_types", [.null], "all layers are dense"),
    ("pretraining_tp", [.integer(1), .null], "weights are whole"),
    ("quantization_config", [.null], "weights are numbers"),
    ("partial_rotary_factor", [.integer(1), .number(1), .null], "what is rotated is qk_rope_head_dim wide"),
  ]

  private static func check(
    _ object: JSONObject, _ key: String, _ plain: [JSONValue], _ reason: String
  ) throws(LatentError) {
    guard let value = object[key], !plain.contains(value) else { return }
    throw .unsupported(key: key, value: ConfigurationKeys.text(value), reason: reason)
  }

  /// `rope_interleave` has no plain value that could be left out: absent, it is true in one program and false in another.
  private static func checkPairs(_ object: JSONObject, _ pairs: Set<PairOrder>) throws(LatentError) {
    let key = "rope_interleave"
    switch object[key] {
    case .boolean(false) where pairs.contains(.halfSplit), .boolean(true) where pairs.contains(.neighbours): return
    case .boolean(let value):
      throw .unsupported(key: key, value: "\(value)", reason: "rotated rows stand in another order here")
    case let value:
      throw .unsupported(
        key: key, value: value.map(ConfigurationKeys.text) ?? "absent", reason: "rotated rows have an order")
    }
  }

  /// A rope object may name the default type and θ alone.
  private static func checkRope(_ object: JSONObject, _ key: String) throws(LatentError) {
    guard let value = object[key], value != .null else { return }
    guard let members = value.objectValue?.members else {
      throw .unsupported(key: key, value: ConfigurationKeys.text(value), reason: "it must be an object")
    }
    for member in members {
      let isPlain =
        switch member.key {
        case "rope_type", "type": member.value == .string("default")
        case "rope_theta": true
        case "partial_rotary_factor": member.value.doubleValue == 1
        default: false
        }
      guard !isPlain else { continue }
      throw .unsupported(
        key: key + "." + member.key, value: ConfigurationKeys.text(member.value),
        reason: "the rotation of longer contexts, and its scale of scores, are no part of this")
    }
  }

  private static func checkExperts(_ object: JSONObject) throws(LatentError) {
    let key = "n_routed_experts"
    guard let experts = object[key], experts != .null, experts != .integer(0) else { return }
    let (dense, layers) = (object["first_k_dense_replace"]?.integerValue, object["num_hidden_layers"]?.integerValue)
    if let dense, let layers, dense >= layers { return }
    throw .unsupported(
      key: key, value: ConfigurationKeys.text(experts),
      reason: "first_k_dense_replace is \(dense.map(String.init) ?? "absent"), and every layer must be dense")
  }
}
