// GEN-3…GEN-5, POS-4: what a generator decides, as one value. The Spec's is the one instance here; a deliberately wrong one
// is another, so the generator itself has no switch for it.

import LoMA

/// When a chunk is compressed, how, what stays, and which token is chosen.
public struct GenerationRules: Sendable {
  /// POS-4: where a row stands.
  public var position: @Sendable (Place, Parameters, Profile) -> Int = { place, parameters, profile in
    Positions(parameters: parameters, profile: profile)[place]
  }
  /// LAY-3: the id that a row is fed, from the right one.
  public var token: @Sendable (Int, Place) -> Int = { token, _ in token }
  /// PAR-2: refuses tokens that may not be fed.
  public var check: @Sendable (Vocabulary, [Int]) throws(InputError) -> Void = { (ids, tokens) throws(InputError) in
    try ids.check(text: tokens)
  }
  /// GEN-3: how many tokens will have been fed when the next chunk is compressed, from how many were fed; more than those.
  public var nextCompression: @Sendable (Int, Parameters) -> Int = { fed, parameters in
    (fed / parameters.chunkLength + 1) * parameters.chunkLength
  }
  /// D-1: whether the tail is compressed as well once so many tokens were fed and no more are given; it never is.
  public var compressesTail: @Sendable (Int, Parameters) -> Bool = { _, _ in false }
  /// GEN-3: the passes in which t memory rows are fed, in order.
  public var memoryPasses: @Sendable (Int) -> [Range<Int>] = { [0..<$0] }
  /// GEN-3: whether an entry stays once a chunk has been compressed.
  public var keeps: @Sendable (Place, Int) -> Bool = { place, chunk in
    place.zone != .reading || place.chunk != chunk
  }
  /// GEN-4: from which logits a token is chosen after a compression: the last reading row's, or the last memory row's.
  public var logitsAfterCompression: @Sendable ([Double]?, [Double]) -> [Double]? = { reading, _ in reading }
  /// GEN-5: the greedy token.
  public var choose: @Sendable (Vocabulary, [Double]) -> Int = { $0.greedyToken($1) }

  /// The rules of the Spec.
  public init() {}
}
