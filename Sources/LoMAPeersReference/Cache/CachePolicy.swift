// BAS-1, BAS-8: a method that acts once, at the end of a prefill.

import LoMAPeers
import NaiveLlama

/// Every layer's prefill in, every layer's cache out; all at once, since a method may share one budget among layers.
package struct CachePolicy: Sendable {
  /// As in a report.
  package let name: String
  /// A cache for each observation, with an entry for each of its rows.
  package let compress: @Sendable ([Observation]) throws(PeerError) -> [LayerCache]

  /// A method of that name.
  package init(name: String, compress: @escaping @Sendable ([Observation]) throws(PeerError) -> [LayerCache]) {
    self.name = name
    self.compress = compress
  }

  /// A method that treats each layer by itself.
  package init(name: String, layer: @escaping @Sendable (Int, Observation) throws(PeerError) -> LayerCache) {
    self.init(name: name) { (observations) throws(PeerError) in
      var caches: [LayerCache] = []
      for (index, observation) in observations.enumerated() { caches.append(try layer(index, observation)) }
      return caches
    }
  }

  /// Everything stays, whole.
  package static let none = CachePolicy(name: Baseline.none.rawValue) { (_, seen) throws(PeerError) in
    try LayerCache(whole: seen.key, seen.value, positions: seen.positions, heads: seen.heads)
  }
}
