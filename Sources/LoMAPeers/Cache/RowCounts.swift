// BAS-13: PyramidInfer in integers: how many rows enter each layer, and the bits of what they leave.

/// How many rows of a prefill go on from layer to layer.
package struct RowCounts: Hashable, Sendable {
  /// T.
  package let tokens: Int
  /// ρ, the last rows, which always go on.
  package let recent: Int
  /// For every layer but the last, how many of the context rows alive in it go on at most.
  package let counts: [Int]

  /// Throws `windowOutOfRange` unless 1 ≤ ρ ≤ T, then `prunedOutOfRange` for a count below 0.
  package init(tokens: Int, recent: Int, counts: [Int]) throws(PeerError) {
    guard recent >= 1, recent <= tokens else { throw .windowOutOfRange(recent, limit: tokens) }
    for count in counts where count < 0 { throw .prunedOutOfRange(count, limit: tokens - recent) }
    (self.tokens, self.recent, self.counts) = (tokens, recent, counts)
  }

  /// The rows that enter each layer: T, then min(count, context rows alive) + ρ.
  package var entering: [Int] {
    var rows = [tokens]
    for count in counts { rows.append(min(count, rows[rows.count - 1] - recent) + recent) }
    return rows
  }

  /// 2·G·d·16·Σ rows entering a layer (BAS-6). Throws `cacheSizeOutOfRange`.
  package func bits(heads: Int, dimension: Int) throws(PeerError) -> Int {
    let width = try StoredBits.product(heads, dimension)
    var bits = 0
    for rows in entering { bits = try StoredBits.sum(bits, StoredBits.whole(entries: rows, width: width)) }
    return bits
  }
}
