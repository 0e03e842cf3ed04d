// LAT-7: the same attention without keys and values of heads: W_UK goes to the query and W_UV to the output. No pass of
// the reference uses it; it is here to be compared with what they compute.

import LoMAPeers
import NaiveLlama

/// Attention over latents themselves.
package enum AbsorbedAttention {
  /// Rotated queries [rows, H·(d_n + d_r)], a producer's entries and kv_b_proj [H·(d_n + d_v), d_c] → context
  /// [rows, H·d_v].
  ///
  ///     q'_i = W_UK,iᵀ q_n        score = (q'_i·ĉ + q_r·k̂^R) · scale        o_i = W_UV,i Σ p·ĉ
  package static func context(
    query: Tensor, entries: StoredEntries, keyValueUp: Tensor, visible: VisibleKeys, widths: LatentWidths,
    scale: Double
  ) -> Tensor {
    let (heads, plain) = (widths.heads, widths.plain)
    let keys = Tensor(sideBySide: [entries.contents, entries.keys], rows: entries.count)
    let contexts = (0..<heads).map { head in
      let q = query.head(head, of: heads)
      let first = head * (plain + widths.value)
      let upKey = keyValueUp.selecting(rows: Array(first..<first + plain))
      let upValue = keyValueUp.selecting(rows: Array(first + plain..<first + plain + widths.value))
      let absorbed = Linear.forward(q.columns(0..<plain), weight: upKey.transposed(), workers: .single)
      let output = LatentAttention.forward(
        Tensor(sideBySide: [absorbed, q.columns(plain..<widths.key)], rows: q.rows), keys, entries.contents,
        visible: visible, heads: 1, scale: scale, workers: .single)
      return Linear.forward(output.context, weight: upValue, workers: .single)
    }
    return Tensor(sideBySide: contexts, rows: query.rows)
  }
}
