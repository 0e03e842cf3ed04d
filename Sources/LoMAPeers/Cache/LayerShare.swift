// BAS-14: KVSharer in integers: which layer reads whose cache, closed to its root, and the bits that are left.

/// A layer that would read another one's cache.
package struct LayerPair: Hashable, Sendable {
  /// The layer that reads.
  package let reader: Int
  /// The layer that is read.
  package let source: Int

  /// These two.
  package init(reader: Int, source: Int) { (self.reader, self.source) = (reader, source) }
}

/// Whose cache every layer reads: its own, or that of an earlier layer that has one.
package struct LayerShare: Hashable, Sendable {
  /// For every layer the layer it reads, which reads its own.
  package let sources: [Int]

  /// The map that says for every layer which one it reads, chains followed to their root.
  ///
  /// Throws `shareOutOfRange` for the first layer that reads a later one, or none.
  package init(_ share: [Int]) throws(PeerError) {
    for (layer, source) in share.enumerated() where source < 0 || source > layer {
      throw .shareOutOfRange(source, layer: layer)
    }
    sources = Self.closed(share)
  }

  private init(closed share: [Int]) { sources = share }

  /// Every layer reads its own.
  package static func none(layers: Int) -> LayerShare { LayerShare(closed: Array(0..<layers)) }

  /// Every source is an earlier layer, so its root is known when a layer's turn comes.
  private static func closed(_ share: [Int]) -> [Int] {
    var sources: [Int] = []
    for (layer, source) in share.enumerated() { sources.append(source == layer ? layer : sources[source]) }
    return sources
  }

  /// N, the layers that read another one's cache.
  package var maps: Int { sources.enumerated().count { $0.offset != $0.element } }

  /// With one pair more; those that read its reader follow it to the root. Throws `shareOutOfRange`.
  package func mapping(_ pair: LayerPair) throws(PeerError) -> LayerShare {
    var share = sources
    share[pair.reader] = pair.source
    return try LayerShare(share)
  }

  /// 2·G·d·16·T·(L − N) (BAS-6). Throws `cacheSizeOutOfRange`.
  package func bits(tokens: Int, heads: Int, dimension: Int) throws(PeerError) -> Int {
    try StoredBits.whole(
      entries: StoredBits.product(tokens, sources.count - maps), width: StoredBits.product(heads, dimension))
  }
}
