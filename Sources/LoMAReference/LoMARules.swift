// MSK, LOS-4, POS-4, GEN-3…GEN-5: what LoMA decides on top of a decoder, as one value. The Spec's is the one instance here; a
// deliberately wrong one is another, so neither the passes nor the generator have a switch for it.

import LoMA
import NaiveLlama

/// Which keys a row sees, what the loss is, when a chunk is compressed and what stays, and which token is chosen.
public struct LoMARules: Sendable {
  // In every pass.

  /// MSK: the keys that some rows of a mask see.
  public var visible: @Sendable (Mask, Range<Int>) -> VisibleKeys = { VisibleKeys($0, queries: $1) }

  // In training.

  /// LOS-4: the loss, from the rows of every text and their logits.
  public var loss: @Sendable ([[Row]], [Tensor]) -> Loss = { Loss(texts: $0, logits: $1) }
  /// LOS-4: the gradient of the loss for each text's logits, from the same.
  public var lossBackward: @Sendable ([[Row]], [Tensor]) -> [Tensor] = { Loss.backward(texts: $0, logits: $1) }

  // In generation.

  /// POS-4: the position of a row.
  public var position: @Sendable (Place, Parameters, Profile) -> Int = { place, parameters, profile in
    Positions(parameters: parameters, profile: profile)[place]
  }
  /// LAY-3: the id that is fed for a row, given the right one.
  public var token: @Sendable (Int, Place) -> Int = { token, _ in token }
  /// PAR-2: refuses tokens that may not be fed.
  public var check: @Sendable (Vocabulary, [Int]) throws(InputError) -> Void = { (ids, tokens) throws(InputError) in
    try ids.check(text: tokens)
  }
  /// GEN-3: after how many tokens the next chunk is compressed, and whether an entry stays then.
  public var compression = CompressionRule.spec
  /// D-1: whether the tail is compressed as well, given how many tokens were fed, once no more are given; it never is.
  public var compressesTail: @Sendable (Int, Parameters) -> Bool = { _, _ in false }
  /// GEN-3: the passes in which t memory rows are fed, in order.
  public var memoryPasses: @Sendable (Int) -> [Range<Int>] = { [0..<$0] }
  /// GEN-4: from which logits a token is chosen after a compression: the last reading row's, or the last memory row's.
  public var logitsAfterCompression: @Sendable ([Double]?, [Double]) -> [Double]? = { reading, _ in reading }
  /// GEN-5: the greedy token.
  public var choose: @Sendable (Vocabulary, [Double]) -> Int = { $0.greedyToken($1) }

  /// The rules of the Spec.
  public static let spec = LoMARules()
}
