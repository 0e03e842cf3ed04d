// LAT-10: the weights of latent attention in the order of the forward pass, for `ForwardOrder`.

enum LatentOrder {
  /// The weights of a layer's attention that MOD-1 does not have.
  static let ofAttention = [
    "q_a_proj", "q_a_layernorm", "q_b_proj", "kv_a_proj_with_mqa", "kv_a_layernorm", "kv_b_proj",
  ].map { "self_attn." + $0 }
}
