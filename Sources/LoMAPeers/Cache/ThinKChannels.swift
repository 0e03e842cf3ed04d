// BAS-10: how many channels of which keys are pruned, and what is left.

/// The counts of ThinK, checked.
package struct ThinKChannels: Hashable, Sendable {
  /// w_q, how many of the last queries say what a channel matters.
  package let window: Int
  /// p, the channels that are pruned in each KV head.
  package let pruned: Int
  /// R, how many of the last keys stay whole.
  package let recent: Int

  /// Throws `windowOutOfRange` unless w_q ≥ 1 and R ≥ 0, then `prunedOutOfRange` unless 0 ≤ p ≤ d.
  package init(window: Int, pruned: Int, recent: Int, dimension: Int, rows: Int) throws(PeerError) {
    guard window >= 1 else { throw .windowOutOfRange(window, limit: rows) }
    guard recent >= 0 else { throw .windowOutOfRange(recent, limit: rows) }
    guard pruned >= 0, pruned <= dimension else { throw .prunedOutOfRange(pruned, limit: dimension) }
    self.window = window
    self.pruned = pruned
    self.recent = recent
  }

  /// The last min(T, w_q) rows, whose queries are asked.
  package func queries(of rows: Int) -> Range<Int> { max(0, rows - window)..<rows }

  /// The entries whose keys are pruned, 0 ..< T − R; none if T ≤ R.
  package func old(of rows: Int) -> Range<Int> { 0..<max(0, rows - recent) }

  /// How many channels a KV head loses: p, or 0 if T ≤ R.
  package func prunedChannels(rows: Int) -> Int { rows <= recent ? 0 : pruned }

  /// The bits of a layer, per KV head ((T − R)(d − p) + R·d + T·d)·16 + d, where something is pruned; else whole.
  /// Throws `cacheSizeOutOfRange`.
  package func bits(rows: Int, heads: Int, dimension: Int) throws(PeerError) -> Int {
    let whole = try StoredBits.whole(entries: rows, width: StoredBits.product(heads, dimension))
    let channels = prunedChannels(rows: rows)
    guard channels > 0 else { return whole }
    // What is pruned fits, since it is part of the whole.
    let saved = heads * old(of: rows).count * channels * StoredBits.ofNumber
    return try StoredBits.sum(whole - saved, StoredBits.product(heads, dimension))
  }
}
