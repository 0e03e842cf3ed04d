// BAS-11: two classes of entries, the bits of their codes, and what they occupy.

/// The counts of ZipCache, checked.
package struct ZipClasses: Hashable, Sendable {
  /// n_low, the entries of each KV head that take the low bits.
  package let low: Int
  /// b_low; nil if they are kept as they are.
  package let lowBits: Int?
  /// b_high, of the others; nil if they are kept as they are.
  package let highBits: Int?

  /// Throws `prunedOutOfRange` unless 0 ≤ n_low ≤ T, then `bitsOutOfRange` unless bits are none, nil, or in 1...24.
  package init(low: Int, lowBits: Int?, highBits: Int?, rows: Int) throws(PeerError) {
    guard low >= 0, low <= rows else { throw .prunedOutOfRange(low, limit: rows) }
    try StoredBits.check(lowBits, .asymmetric)
    try StoredBits.check(highBits, .asymmetric)
    self.low = low
    self.lowBits = lowBits
    self.highBits = highBits
  }

  /// The two classes of T entries that are not empty: how many entries, and their bits.
  package func classes(of rows: Int) -> [(entries: Int, bits: Int?)] {
    [(low, lowBits), (rows - low, highBits)].filter { $0.0 > 0 }
  }

  /// The bits of a layer. Per KV head and class of N entries 2·N·d·b, with 16 for b where it is none; two scales for each
  /// of d channels of keys of a class, and for each entry's value, that is quantised; one for each of d channels of values
  /// if anything is; and a bit an entry that tells the classes apart, if both have entries and anything is quantised.
  /// Throws `cacheSizeOutOfRange`.
  package func bits(rows: Int, heads: Int, dimension: Int) throws(PeerError) -> Int {
    let classes = classes(of: rows)
    var (head, isQuantised) = (0, false)
    for (entries, bits) in classes {
      let numbers = try StoredBits.product(StoredBits.product(2, entries), dimension)
      guard let bits else {
        head = try StoredBits.sum(head, StoredBits.product(numbers, StoredBits.ofNumber))
        continue
      }
      isQuantised = true
      let groups = try StoredBits.sum(dimension, entries)
      head = try StoredBits.sum(
        head, StoredBits.payload(count: numbers, bits: bits, groups: groups, form: .asymmetric))
    }
    if isQuantised {
      head = try StoredBits.sum(head, StoredBits.product(dimension, StoredBits.ofNumber))
      if classes.count == 2 { head = try StoredBits.sum(head, rows) }
    }
    return try StoredBits.product(heads, head)
  }
}
