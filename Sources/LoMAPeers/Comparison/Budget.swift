// EQB-1, EQB-2: the moment at which caches are compared, what a full one holds then, and which of a method's settings
// stands at a point. Shares are fractions of whole numbers: nothing is rounded.

/// The moment: F full chunks of L tokens were fed, and nothing after them.
package struct BudgetMoment: Hashable, Sendable {
  /// F.
  package let chunks: Int
  /// L.
  package let chunkLength: Int

  /// The moment after so many chunks, at least one, of at least one token.
  package init(chunks: Int, chunkLength: Int) {
    precondition(chunks >= 1 && chunkLength >= 1, "a text")
    self.chunks = chunks
    self.chunkLength = chunkLength
  }

  /// n, the tokens fed.
  package var length: Int { chunks * chunkLength }

  /// The bits of a cache that keeps every token's keys and values, 16 bits a number: 2·layers·H_kv·d·16·n.
  ///
  /// Throws `cacheSizeOutOfRange` if they fit no `Int`.
  package func fullBits(layers: Int, keyValueHeads: Int, dimension: Int) throws(PeerError) -> Int {
    var bits = 2 * StoredBits.ofNumber
    for factor in [layers, keyValueHeads, dimension, length] { bits = try StoredBits.product(bits, factor) }
    return bits
  }
}

/// A point of the comparison: a share of the full cache, 1/2^h.
package struct BudgetPoint: Hashable, Sendable {
  /// h.
  package let halvings: Int

  /// The point 1/2^h, h in 0...62.
  package init(halvings: Int) {
    precondition((0...62).contains(halvings), "a share of a 64-bit number")
    self.halvings = halvings
  }

  /// 1, ½, … 1/64.
  package static let all = (0...6).map { BudgetPoint(halvings: $0) }

  /// As in a table: `1`, `1/2`, `1/4`.
  package var name: String { halvings == 0 ? "1" : "1/\(1 << halvings)" }

  /// Whether so many bits are at most this share of the full cache: bits·2^h ≤ full, without rounding.
  package func allows(_ bits: Int, ofFull full: Int) -> Bool {
    let (product, overflow) = bits.multipliedReportingOverflow(by: 1 << halvings)
    return !overflow && product <= full
  }

  /// The setting that stands here: the largest that does not exceed the share, of equal ones the first; nil if all do.
  ///
  /// Nothing is interpolated.
  package func standing(_ bits: [Int], ofFull full: Int) -> Int? {
    var best: Int?
    for (place, size) in bits.enumerated() where allows(size, ofFull: full) {
      if let other = best, bits[other] >= size { continue }
      best = place
    }
    return best
  }
}
