// LAT-10: the keys of config.json that say what MOD-1 has no key for, and those that are refused.

/// The keys of a model with latent attention.
package enum LatentKeys {
  /// d_c.
  package static let latent = "kv_lora_rank"
  /// d_q, or null.
  package static let queryLatent = "q_lora_rank"
  /// d_n.
  package static let plain = "qk_nope_head_dim"
  /// d_r.
  package static let rotated = "qk_rope_head_dim"
  /// d_v.
  package static let value = "v_head_dim"
  /// The object that holds the rest.
  package static let object = "latent"
  /// The keys of that object, each with the default of `mla` if it is absent.
  package static let ofObject = ["stride", "bits", "rotated_bits", "group", "rms_norm_eps", "profile"]

  /// A value of a key, as far as its meaning depends on it.
  package enum Value: Hashable, Sendable {
    /// false.
    case no
    /// null.
    case null
    /// An integer.
    case integer(Int)
    /// A string.
    case word(String)
    /// Anything else.
    case other
  }

  /// Keys that would change the arithmetic, with the values that change nothing, and whether they may be absent. An
  /// absent `rope_interleave` means true in Hugging Face's program.
  package static let plainValues: [(key: String, accepted: [Value], mayBeAbsent: Bool)] = [
    ("rope_interleave", [.no], false), ("attention_bias", [.no, .null], true), ("mlp_bias", [.no, .null], true),
    ("sliding_window", [.null], true), ("hidden_act", [.word("silu")], true), ("use_qk_norm", [.no, .null], true),
    ("use_cla", [.no, .null], true), ("cla_share_factor", [.integer(1), .null], true),
  ]

  /// Whether a key with this value, nil if it is absent, is refused by itself.
  package static func refuses(_ key: String, _ value: Value?) -> Bool {
    guard let row = plainValues.first(where: { $0.key == key }) else { return false }
    guard let value else { return !row.mayBeAbsent }
    return !row.accepted.contains(value)
  }

  /// Whether `rope_scaling` or `rope_parameters` asks for another rotation: a type but `default`, or a member beside
  /// `rope_type`, `type`, `rope_theta` and `partial_rotary_factor`, such as `mscale`.
  package static func refusesRotation(type: String?, members: [String]) -> Bool {
    let plain = ["rope_type", "type", "rope_theta", "partial_rotary_factor"]
    return (type ?? "default") != "default" || members.contains { !plain.contains($0) }
  }

  /// Whether some layer has routed experts: there are some, and not every layer is dense.
  package static func refusesExperts(routed: Int?, firstDense: Int?, layers: Int) -> Bool {
    guard let routed, routed != 0 else { return false }
    return (firstDense ?? 0) < layers
  }

  /// Whether `num_key_value_heads`, nil if absent or null, is another number than that of the heads.
  package static func refusesKeyValueHeads(_ keyValue: Int?, heads: Int) -> Bool { (keyValue ?? heads) != heads }
}
