// BAS-5, BAS-8: what one layer keeps, as it is read.

import LoMAPeers
import NaiveLlama

/// The entries of one layer, one for every row fed so far, in their order.
///
/// An entry that a KV head does not keep is no longer alive in it; it is never read again, and its numbers mean nothing.
package struct LayerCache: Hashable, Sendable {
  /// Keys as they are read, rotated: [entries, G·d].
  package var keys: Tensor
  /// Values as they are read: [entries, G·d].
  package var values: Tensor
  /// Where the entries stand; nothing is renumbered (BAS-5).
  package var positions: [Int]
  /// By KV head, the entries that it sees, ascending.
  package var alive: [[Int]]
  /// What all of it would occupy (BAS-6).
  package var bits: Int
  /// Under a rule that writes otherwise (BAS-15), what all rows projected to; else nil.
  package var projected: ProjectedRows?

  /// Entries as they are read; `alive` has a list for every KV head.
  package init(keys: Tensor, values: Tensor, positions: [Int], alive: [[Int]], bits: Int) {
    precondition(keys.shape == values.shape && keys.rows == positions.count, "one of each per entry")
    self.keys = keys
    self.values = values
    self.positions = positions
    self.alive = alive
    self.bits = bits
  }

  /// Entries that every KV head keeps whole.
  package init(whole keys: Tensor, _ values: Tensor, positions: [Int], heads: AttentionHeads) throws(PeerError) {
    self.init(
      keys: keys, values: values, positions: positions,
      alive: Array(repeating: Array(0..<positions.count), count: heads.keyValue),
      bits: try StoredBits.whole(entries: positions.count, width: keys.columns))
  }

  /// No entry.
  package init(emptyFor heads: AttentionHeads) {
    let none = Tensor(zeros: [0, heads.keyValue * heads.dimension])
    self.init(
      keys: none, values: none, positions: [], alive: Array(repeating: [], count: heads.keyValue), bits: 0)
  }

  /// The number of entries, alive or not.
  package var count: Int { positions.count }

  /// These entries and behind them others, alive in every KV head of theirs: rows that are appended whole (BAS-9).
  package func appending(_ other: LayerCache) throws(PeerError) -> LayerCache {
    LayerCache(
      keys: keys.appending(other.keys), values: values.appending(other.values), positions: positions + other.positions,
      alive: zip(alive, other.alive).map { head, more in head + more.map { $0 + count } },
      bits: try StoredBits.sum(bits, other.bits))
  }

  /// The same entries, of which each KV head keeps those alive and chosen; the bits are those of what is left whole.
  package func keeping(_ isKept: (_ entry: Int) -> Bool) throws(PeerError) -> LayerCache {
    var kept = self
    kept.alive = alive.map { $0.filter(isKept) }
    let width = keys.columns / max(alive.count, 1)
    kept.bits = 0
    for head in kept.alive {
      kept.bits = try StoredBits.sum(kept.bits, StoredBits.whole(entries: head.count, width: width))
    }
    return kept
  }

  /// As a cache of all rows of a prefill, of which this one has those with the given indices; the others are +0.0 and
  /// alive in no KV head. The same if this one has them all, or stands behind other entries.
  func spread(over rows: [Int], of all: [Int]) -> LayerCache {
    guard rows.count < all.count else { return self }
    var (spreadKeys, spreadValues) = (
      Tensor(zeros: [all.count, keys.columns]), Tensor(zeros: [all.count, keys.columns])
    )
    spreadKeys.replace(rows: rows, by: keys)
    spreadValues.replace(rows: rows, by: values)
    var positions = all
    for (entry, row) in rows.enumerated() { positions[row] = self.positions[entry] }
    return LayerCache(
      keys: spreadKeys, values: spreadValues, positions: positions, alive: alive.map { $0.map { rows[$0] } }, bits: bits
    )
  }
}
