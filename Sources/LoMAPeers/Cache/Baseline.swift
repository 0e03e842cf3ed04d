// BAS-1: the axis of chapter 19, with its default first: what is done to what a Llama's cache holds.

/// A method, or none.
package enum Baseline: String, CaseIterable, Hashable, Sendable {
  /// Every entry stays as it was written.
  case none
  /// The best entries of each KV head stay (BAS-12).
  case eviction
  /// The same, with a budget for every layer (BAS-12).
  case zigzag
  /// Channels of keys are pruned (BAS-10).
  case think
  /// Entries are kept in few bits, by saliency (BAS-11).
  case zipCache = "zip_cache"
  /// Rows are pruned between layers (BAS-13).
  case pyramidInfer = "pyramid_infer"
  /// Layers read other layers' entries (BAS-14).
  case kvSharer = "kv_sharer"
  /// Tokens are appended to the cache, or accumulated in its last entry (BAS-15).
  case dmc
  /// Keys and values are made of low-rank weights (BAS-16).
  case lorc
  /// Keys and values are sums of a few atoms (BAS-17).
  case csr
  /// What is stored is disturbed (BAS-18).
  case noise
}

extension Baseline {
  /// The name of the axis in a profile.
  package static let axis = "baseline"

  /// Reads axis=value pairs; none if the axis is not named.
  ///
  /// Throws `unknownAxis`, `unknownAlternative` or `repeatedAxis`.
  package init(_ pairs: [(axis: String, value: String)]) throws(PeerError) {
    var chosen: Baseline?
    for (name, value) in pairs {
      guard name == Self.axis else { throw .unknownAxis(name) }
      guard chosen == nil else { throw .repeatedAxis(name) }
      guard let baseline = Baseline(rawValue: value) else { throw .unknownAlternative(axis: name, value: value) }
      chosen = baseline
    }
    self = chosen ?? .none
  }

  /// Reads a profile in the form of `name`, or `base`.
  package init(name: String) throws(PeerError) {
    guard name != "base" else {
      self = .none
      return
    }
    try self.init(
      name.split(separator: ",", omittingEmptySubsequences: false).map { pair in
        let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        return (axis: String(halves[0]), value: halves.count == 2 ? String(halves[1]) : "")
      })
  }

  /// The profile as text: `baseline=value`, or `base`.
  package var name: String { self == .none ? "base" : Self.axis + "=" + rawValue }
}
