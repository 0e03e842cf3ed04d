// CCM-9…CCM-27: what compressed context memory decides on top of a decoder, as one value. The Spec's is the one
// instance here; a deliberately wrong one is another, so neither the passes nor the reader have a switch for it.

import LoMAPeers
import NaiveLlama

/// Which keys a row sees, where the adapter acts, how segments are merged, what the loss is, and what happens online.
package struct ContextRules: Sendable {
  // In every pass.

  /// CCM-9…CCM-16: the keys that some rows of a mask see.
  package var visible: @Sendable (ContextMask, Range<Int>) -> VisibleKeys = { mask, queries in
    VisibleKeys(lists: queries.map { mask.visibleKeys(of: $0) }, keyCount: mask.rows.count)
  }
  /// CCM-20: whether the adapter acts on a row.
  package var gate: @Sendable (ContextRow) -> Bool = { $0.place.role == .comp || $0.place.role == .sum }
  /// CCM-20: what B·A is multiplied with.
  package var scale: @Sendable (AdapterSettings) -> Double = { $0.scale }
  /// CCM-20: whether a projection of the layer of that number is updated, of so many layers.
  package var adapts: @Sendable (AdaptedProjection, _ layer: Int, _ layers: Int) -> Bool = { _, _, _ in true }

  // In the merge.

  /// CCM-17: the keys that enter, of the rotated and the unrotated ones of a block.
  package var enteringKeys: @Sendable (_ rotated: Tensor, _ unrotated: Tensor) -> Tensor = { rotated, _ in rotated }
  /// CCM-19: a memory with one segment more.
  package var fold: @Sendable (MergedMemory, KeyValues) -> MergedMemory = { $0.folding($1) }
  /// CCM-17: what a memory is read as, given what the SUM rows hold themselves and T; both nil online.
  package var merged: @Sendable (MergedMemory, _ own: KeyValues?, _ segments: Int?) -> KeyValues = { memory, _, _ in
    memory.mean
  }
  /// CCM-17: the keys that are read, of merged ones and the angles of the SUM rows.
  package var mergedKeys: @Sendable (Tensor, RotaryAngles) -> Tensor = { keys, _ in keys }

  // In training.

  /// CCM-23: the loss, from the rows of every text and their logits.
  package var loss: @Sendable ([[ContextRow]], [Tensor]) -> ContextLoss = { ContextLoss(texts: $0, logits: $1) }
  /// CCM-23: the gradient of the loss for each text's logits, from the same.
  package var lossBackward: @Sendable ([[ContextRow]], [Tensor]) -> [Tensor] = {
    ContextLoss.backward(texts: $0, logits: $1)
  }
  /// CCM-17: the gradients of the segments' entries, given those of the means, the rate and the shape of a block.
  package var mergeBackward: @Sendable ([Tensor?], MergeRate, [Int]) -> [Tensor] = {
    MergedMemory.backward($0, rate: $1, shape: $2)
  }
  /// CCM-17: the gradient of some rows' keys or values as it goes on into their projections; none is cut.
  package var entryBackward: @Sendable (Tensor, [ContextRow]) -> Tensor = { gradient, _ in gradient }

  // Online.

  /// CCM-7, CCM-25: the position of a row, given N, the number of text rows fed before it or its block.
  package var position: @Sendable (ContextPlace, _ textRows: Int, ContextParameters) -> Int = { place, textRows, _ in
    place.role == .comp || place.role == .sum ? textRows + (place.index ?? 0) : textRows
  }
  /// CCM-24: the passes in which n COMP rows are fed, in order.
  package var compPasses: @Sendable (Int) -> [Range<Int>] = { [0..<$0] }
  /// CCM-24: which entries stay when a segment is dropped.
  package var cache = ContextCacheRule.spec
  /// CCM-27: the greedy token of a row of logits: the lowest id among the exact maxima.
  package var choose: @Sendable ([Double]) -> Int = { greedyToken($0) }

  /// The rules of the Spec.
  package static let spec = ContextRules()
}
