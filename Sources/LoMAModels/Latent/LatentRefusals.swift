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
    for key in ofSharing { try checkPlain(object, key) }
    switch entries {
    case .heads:
      do throws(ModelError) { try ConfigurationFile.rejectUnsupported(object) } catch {
        throw .checkpoint(.model(error))
      }
    case .latent:
      for (key, plain, reason) in ofPrograms {
        guard let value = object[key], !plain.contains(value) else { continue }
        throw .unsupported(key: key, value: ConfigurationKeys.text(value), reason: reason)
      }
      for (key, _, _) in LatentKeys.plainValues where key != pairsKey { try checkPlain(object, key) }
      try checkPairs(object, pairs)
      for key in ["rope_scaling", "rope_parameters"] { try checkRope(object, key) }
      try checkExperts(object)
      try checkHeads(object)
    }
  }

  private static let pairsKey = "rope_interleave"
  /// Keys of programs that share layers, whose meaning the object `latent` has here.
  private static let ofSharing = ["use_qk_norm", "use_cla", "cla_share_factor"]

  /// Why a key of `LatentKeys.plainValues` is refused.
  private static let reasons = [
    "use_qk_norm": "queries and keys of heads are not normalised", "use_cla": "layers are shared by latent.stride",
    "cla_share_factor": "layers are shared by latent.stride", "attention_bias": "no projection has a bias",
    "mlp_bias": "no projection has a bias", "sliding_window": "every row sees all before it",
    "hidden_act": "the feed-forward block is MOD-5's",
  ]

  /// Keys of MOD-1 that a DeepSeek has too.
  private static let ofPrograms: [(key: String, plain: [JSONValue], reason: String)] = [
    ("model_type", [.string("deepseek_v3")], "the weights must have the names of deepseek_v3"),
    ("use_sliding_window", [.boolean(false), .null], "every row sees all before it"),
    ("layer_types", [.null], "all layers are alike"), ("mlp_layer_types", [.null], "all layers are dense"),
    ("pretraining_tp", [.integer(1), .null], "weights are whole"),
    ("quantization_config", [.null], "weights are numbers"),
    ("partial_rotary_factor", [.integer(1), .number(1), .null], "what is rotated is qk_rope_head_dim wide"),
  ]

  private static func checkPlain(_ object: JSONObject, _ key: String) throws(LatentError) {
    let value: LatentKeys.Value? = object[key].map { value in
      switch value {
      case .null: .null
      case .boolean(false): .no
      case .integer(let integer): .integer(integer)
      case .string(let word): .word(word)
      case .boolean, .number, .array, .object: .other
      }
    }
    guard LatentKeys.refuses(key, value) else { return }
    throw .unsupported(
      key: key, value: object[key].map(ConfigurationKeys.text) ?? "absent", reason: reasons[key] ?? "it has one meaning"
    )
  }

  /// `rope_interleave` has no plain value that could be left out: absent, it is true in one program and false in another.
  private static func checkPairs(_ object: JSONObject, _ pairs: Set<PairOrder>) throws(LatentError) {
    let key = pairsKey
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
    guard let experts = object[key], experts != .null else { return }
    let (dense, layers) = (object["first_k_dense_replace"]?.integerValue, object["num_hidden_layers"]?.integerValue)
    guard LatentKeys.refusesExperts(routed: experts.integerValue ?? 1, firstDense: dense, layers: layers ?? .max) else {
      return
    }
    throw .unsupported(
      key: key, value: ConfigurationKeys.text(experts),
      reason: "first_k_dense_replace is \(dense.map(String.init) ?? "absent"), and every layer must be dense")
  }

  private static func checkHeads(_ object: JSONObject) throws(LatentError) {
    let key = "num_key_value_heads"
    guard let heads = object["num_attention_heads"]?.integerValue, let given = object[key], given != .null,
      LatentKeys.refusesKeyValueHeads(given.integerValue ?? 0, heads: heads)
    else { return }
    throw .unsupported(
      key: key, value: ConfigurationKeys.text(given), reason: "every head has keys and values of its own")
  }
}
