// BAS-16: LoRC in integers: ranks, and the bits of what is stored in their place.

/// The ranks of every layer's W_K and W_V.
package struct LowRanks: Hashable, Sendable {
  /// r_K by layer.
  package let keys: [Int]
  /// r_V by layer.
  package let values: [Int]

  /// Throws `rankOutOfRange` for the first layer's rank outside 1...limit, limit = min(G·d, D): keys, then values.
  package init(keys: [Int], values: [Int], limit: Int) throws(PeerError) {
    precondition(keys.count == values.count, "a rank of each for every layer")
    for rank in keys + values { try Self.check(rank, limit: limit) }
    (self.keys, self.values) = (keys, values)
  }

  /// Throws `rankOutOfRange` unless a rank is in 1...limit.
  package static func check(_ rank: Int, limit: Int) throws(PeerError) {
    guard rank >= 1, rank <= limit else { throw .rankOutOfRange(rank, limit: limit) }
  }

  /// 16·T·(r_K + r_V) of one layer (BAS-6). Throws `cacheSizeOutOfRange`.
  package func bits(ofLayer layer: Int, tokens: Int) throws(PeerError) -> Int {
    try StoredBits.product(StoredBits.ofNumber, StoredBits.product(tokens, keys[layer] + values[layer]))
  }
}
