// MOD-1: the names of a Llama decoder's parameters in a Hugging Face checkpoint.

/// Names as `save_pretrained` writes them.
public enum ParameterName {
  /// [V', hidden].
  public static let embedding = "model.embed_tokens.weight"
  /// [hidden].
  public static let finalNorm = "model.norm.weight"
  /// [V', hidden]; absent when tied.
  public static let head = "lm_head.weight"

  /// The names of one decoder layer.
  public static func layer(_ index: Int) -> LayerParameterNames { LayerParameterNames(index: index) }
}

/// The nine parameters of a decoder layer.
public struct LayerParameterNames: Hashable, Sendable {
  /// Which layer, from 0.
  public let index: Int

  private var prefix: String { "model.layers.\(index)." }

  /// [hidden].
  public var attentionNorm: String { prefix + "input_layernorm.weight" }
  /// [H·d, hidden].
  public var query: String { prefix + "self_attn.q_proj.weight" }
  /// [H_kv·d, hidden].
  public var key: String { prefix + "self_attn.k_proj.weight" }
  /// [H_kv·d, hidden].
  public var value: String { prefix + "self_attn.v_proj.weight" }
  /// [hidden, H·d].
  public var attentionOutput: String { prefix + "self_attn.o_proj.weight" }
  /// [hidden].
  public var feedForwardNorm: String { prefix + "post_attention_layernorm.weight" }
  /// [intermediate, hidden].
  public var gate: String { prefix + "mlp.gate_proj.weight" }
  /// [intermediate, hidden].
  public var up: String { prefix + "mlp.up_proj.weight" }
  /// [hidden, intermediate].
  public var down: String { prefix + "mlp.down_proj.weight" }
}
