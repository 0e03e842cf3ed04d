// GEN-1: the compressed cache.

import LoMA

/// Cached rows in cache order, with their keys and values in every layer.
public struct KeyValueCache: Hashable, Sendable {
  /// Zone, chunk, index and position of every entry; a cached row has no label.
  public private(set) var rows: [Row] = []
  /// One matrix pair per layer, an entry per row.
  public private(set) var layers: [KeyValues]

  /// A cache without entries.
  init(empty layers: [KeyValues]) { self.layers = layers }

  /// How many entries there are.
  public var count: Int { rows.count }

  /// Appends the entries of rows just fed.
  mutating func append(_ fed: [Row], from trace: ForwardTrace) {
    rows += fed
    for (index, layer) in trace.layers.enumerated() { layers[index] = layers[index].appending(layer.own) }
  }

  /// Removes the entries whose places are not kept (GEN-3); the others keep their order.
  mutating func keepEntries(_ keeps: (Place) -> Bool) {
    let kept = rows.indices.filter { keeps(rows[$0].place) }
    rows = kept.map { rows[$0] }
    layers = layers.map { layer in
      KeyValues(keys: layer.keys.selecting(rows: kept), values: layer.values.selecting(rows: kept))
    }
  }
}
