// REC-1, REC-3, REC-4: reproducing a chunk from the memories in the cache.

import LoMA

/// A chunk as the cache remembers it.
public struct ReconstructedChunk: Hashable, Sendable {
  /// The greedy tokens, L of them (GEN-5).
  public let tokens: [Int]
  /// The logits of the L repetition rows: [L, V'].
  public let logits: Tensor
}

extension Generator {
  /// Reconstructs a full chunk fed before; the repetition rows see what MSK-8 and MSK-9 allow and are never cached.
  ///
  /// Throws `no-such-chunk`.
  public func reconstruct(chunk: Int) throws(ModelError) -> ReconstructedChunk {
    let plan = try rejecting { () throws(InputError) in
      try Reconstruction(chunk: chunk, textLength: fedLength, parameters: parameters, profile: profile)
    }
    let rows = (0..<parameters.chunkLength).map {
      row(vocabulary.repetitionToken, .repetition(chunk: chunk, index: $0))
    }
    let logits = try pass(rows).logits
    let tokens = plan.predictingRows.map { source in
      switch source {
      case .repetition(let index): rules.choose(vocabulary, Array(logits.row(index)))
      case .lastMemory: rules.choose(vocabulary, lastMemoryLogits[chunk])
      }
    }
    return ReconstructedChunk(tokens: tokens, logits: logits)
  }
}
