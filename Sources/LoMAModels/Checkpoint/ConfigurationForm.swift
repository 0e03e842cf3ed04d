// MOD-1: the ways to write a config.json with the same meaning.

/// The form in which a model's config.json is written; its meaning does not change.
package enum ConfigurationForm: Sendable {
  /// Every key, at the top level.
  case explicit
  /// Without keys whose default fits: `head_dim`, `num_key_value_heads`, `rms_norm_eps`, `tie_word_embeddings`.
  case sparse
  /// `rope_theta` in `rope_parameters`.
  case nested
  /// With `type` for `rope_type`, and without the fraction of numbers that are whole.
  case older
  /// With another `rope_theta` at the top level, and another rotation in `rope_parameters` where `rope_scaling` is there: the
  /// object's θ counts, and `rope_scaling` (MOD-8).
  case both
}
