// QNT-1…QNT-4, BAS-6: how many bits numbers occupy in a cache, and which numbers of bits there are.

/// Where the codes of a group lie.
package enum QuantiserForm: String, CaseIterable, Hashable, Sendable {
  /// From the least number up: 0…2^b − 1 (QNT-1).
  case asymmetric
  /// On both sides of 0: ±(2^{b−1} − 1) (QNT-2).
  case symmetric
}

/// How lo and Δ of a group are kept (QNT-3).
package enum ScaleRounding: String, CaseIterable, Hashable, Sendable {
  /// As computed.
  case none
  /// With 8 significant bits.
  case bf16
}

/// Bits of stored numbers, counted and not packed.
package enum StoredBits {
  /// What a number counts that is not quantised, and so do lo and Δ (QNT-4).
  package static let ofNumber = 16
  /// The most bits of a code (QNT-1).
  package static let limit = 24

  /// Throws `bitsOutOfRange` unless bits are none, nil, or in 1...24, symmetric from 2 on.
  package static func check(_ bits: Int?, _ form: QuantiserForm) throws(PeerError) {
    guard let bits else { return }
    let least =
      switch form {
      case .asymmetric: 1
      case .symmetric: 2
      }
    guard bits >= least, bits <= limit else { throw .bitsOutOfRange(bits, least: least, limit: limit) }
  }

  /// The bits of `count` numbers in groups: count·b + groups·16·(2 or 1); count·16 without a quantiser, whose bits are
  /// nil; 0 of no number (QNT-4). Throws `cacheSizeOutOfRange` if that fits no `Int`.
  package static func payload(
    count: Int, bits: Int?, groups: Int, form: QuantiserForm
  ) throws(PeerError) -> Int {
    precondition(count >= 0 && groups >= 0, "counts")
    guard count > 0 else { return 0 }
    guard let bits else { return try product(count, ofNumber) }
    let scales =
      switch form {
      case .asymmetric: 2 * ofNumber
      case .symmetric: ofNumber
      }
    let (sum, overflow) = try product(count, bits).addingReportingOverflow(product(groups, scales))
    guard !overflow else { throw .cacheSizeOutOfRange }
    return sum
  }

  /// Keys and values of so many entries, `width` channels each, kept whole (BAS-6). Throws `cacheSizeOutOfRange`.
  package static func whole(entries: Int, width: Int) throws(PeerError) -> Int {
    try product(product(2 * ofNumber, width), entries)
  }

  /// a + b; throws `cacheSizeOutOfRange` if it fits no `Int`.
  package static func sum(_ a: Int, _ b: Int) throws(PeerError) -> Int {
    let (sum, overflow) = a.addingReportingOverflow(b)
    guard !overflow else { throw .cacheSizeOutOfRange }
    return sum
  }

  /// a·b; throws `cacheSizeOutOfRange` if it fits no `Int`.
  package static func product(_ a: Int, _ b: Int) throws(PeerError) -> Int {
    let (product, overflow) = a.multipliedReportingOverflow(by: b)
    guard !overflow else { throw .cacheSizeOutOfRange }
    return product
  }
}
