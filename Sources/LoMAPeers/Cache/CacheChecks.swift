// BAS-2, BAS-4: what every method asks of heads and of a choice that is given.

/// Checks that several methods share.
package enum CacheChecks {
  /// Throws `headsDoNotFit` unless H, G and d are at least 1 and G divides H.
  package static func heads(query: Int, keyValue: Int, dimension: Int) throws(PeerError) {
    guard query >= 1, keyValue >= 1, dimension >= 1, query % keyValue == 0 else {
      throw .headsDoNotFit(query: query, keyValue: keyValue)
    }
  }

  /// Throws `windowOutOfRange` unless a window is of 1 to T rows.
  package static func window(_ window: Int, rows: Int) throws(PeerError) {
    guard window >= 1, window <= rows else { throw .windowOutOfRange(window, limit: rows) }
  }

  /// Throws `choiceOutOfRange` unless indices rise and lie in 0..<limit.
  package static func ascending(_ indices: [Int], below limit: Int) throws(PeerError) {
    var last = -1
    for index in indices {
      guard index > last, index < limit else { throw .choiceOutOfRange(index, limit: limit) }
      last = index
    }
  }
}
