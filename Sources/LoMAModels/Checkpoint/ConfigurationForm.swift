// MOD-1: the ways to write a config.json that says the same.

/// How the config.json of a model is written; what it says is the same.
package enum ConfigurationForm: Sendable {
  /// Every key, at the top.
  case explicit
  /// Without the keys that have a default which fits: `head_dim`, `num_key_value_heads`, `rms_norm_eps`, `tie_word_embeddings`.
  case sparse
  /// `rope_theta` in `rope_parameters`.
  case nested
}
