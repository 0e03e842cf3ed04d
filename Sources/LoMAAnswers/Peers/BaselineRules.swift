// Chapter 19: what its methods decide, or deliberately wrong ones, in one value.

import LoMAPeersReference

/// The rules of every baseline; a stage and a model are computed with the same.
package struct BaselineRules: Sendable {
  /// BAS-12.
  package var eviction = EvictionRules.spec
  /// BAS-12; what stays within its budgets is eviction's affair.
  package var zigzag = ZigZagRules.spec
  /// BAS-10.
  package var think = ThinKRules.spec
  /// BAS-11.
  package var zip = ZipRules.spec
  /// BAS-13.
  package var pyramid = PyramidRules.spec
  /// BAS-14.
  package var sharing = SharingRules.spec
  /// BAS-15.
  package var pooling = PoolingRules.spec
  /// BAS-16.
  package var lowRank = LowRankRules.spec
  /// BAS-17.
  package var pursuit = PursuitRules.spec
  /// BAS-18.
  package var noise = NoiseRules.spec
  /// The decoder under a method (BAS-5, BAS-9), given that of the method.
  package var decoder: @Sendable (DecoderRules) -> DecoderRules = { $0 }
  /// What is left of a prefill (BAS-1, BAS-6), given what the method leaves.
  package var left: @Sendable ([LayerCache]) -> [LayerCache] = { $0 }

  /// The rules of the Spec.
  package static let spec = BaselineRules()
}
