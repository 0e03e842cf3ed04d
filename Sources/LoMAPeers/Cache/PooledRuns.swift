// BAS-15: DMC in integers: runs of tokens that one entry holds, what a row sees of them, and their bits.

/// The runs of one KV head: a token begins an entry, or is accumulated into the last one.
package struct PooledRuns: Hashable, Sendable {
  /// For every token whether it begins an entry; the first one does.
  package let starts: [Bool]

  /// Runs that begin at these tokens.
  package init(starts: [Bool]) {
    precondition(starts.first != false, "the first token has no entry before it")
    self.starts = starts
  }

  /// The last token of every run, ascending: where its entry is whole, and where it stands. That of the last run so far.
  package var ends: [Int] {
    starts.indices.filter { $0 == starts.count - 1 || starts[$0 + 1] }
  }

  /// The first token of the run that a token is in.
  package func first(ofToken t: Int) -> Int {
    var first = t
    while !starts[first] { first -= 1 }
    return first
  }

  /// What row t sees of the entries as they are after every token: j = t, and the j < t with which a run ends.
  package func visible(toRow t: Int) -> [Int] {
    (0..<t).filter { starts[$0 + 1] } + [t]
  }

  /// 2·d·16·entries of all heads (BAS-6). Throws `cacheSizeOutOfRange`.
  package static func bits(entries: Int, dimension: Int) throws(PeerError) -> Int {
    try StoredBits.whole(entries: entries, width: dimension)
  }
}
