// CCM-3, LAT-1, BAS-1: profiles of part II as cases and options name them. Each method has axes of its own.

import LoMAPeers
import LoMAVectors

extension PeerMethod {
  /// The axes of the method in the order of its chapter, each with its default.
  private var axes: [(name: String, first: String?)] {
    switch self {
    case .context: ContextAxis.allCases.map { ($0.rawValue, $0.values.first) }
    case .latent: LatentAxis.allCases.map { ($0.rawValue, $0.values.first) }
    case .cache: [(Baseline.axis, Baseline.allCases.first?.rawValue)]
    }
  }

  /// Throws `PeerError` unless these pairs are a profile of the method.
  func check(_ pairs: [(axis: String, value: String)]) throws(PeerError) {
    switch self {
    case .context: _ = try ContextProfile(pairs)
    case .latent: _ = try LatentProfile(pairs)
    case .cache: _ = try Baseline(pairs)
    }
  }

  /// The axes that a profile given as text sets, by name; nil if it is none of this method.
  ///
  /// An axis without effect is kept: the stage `merge` reads `merge_rate` alone (CCM-32).
  func axes(named name: String) -> [String: String]? {
    guard name != "base" else { return [:] }
    let pairs = name.split(separator: ",", omittingEmptySubsequences: false).map { pair in
      let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return (axis: String(halves[0]), value: halves.count == 2 ? String(halves[1]) : "")
    }
    guard (try? check(pairs)) != nil else { return nil }
    return Dictionary(uniqueKeysWithValues: pairs.map { ($0.axis, $0.value) })
  }

  /// A profile's name from the axes that it sets, in the order of the chapter; nil if it is none of this method.
  ///
  /// Claims are named by it, and two methods must not share one: only compressed context memory has a `base`; latent
  /// attention always says what its entries are, and a baseline which one it is.
  func name(of pairs: [(axis: String, value: String)]) -> String? {
    guard (try? check(pairs)) != nil else { return nil }
    let set = Dictionary(uniqueKeysWithValues: pairs.map { ($0.axis, $0.value) })
    let always: String? =
      switch self {
      case .context: nil
      case .latent: LatentAxis.entries.rawValue
      case .cache: Baseline.axis
      }
    let words = axes.compactMap { axis -> String? in
      guard let value = set[axis.name] ?? axis.first, value != axis.first || axis.name == always else { return nil }
      return axis.name + "=" + value
    }
    return words.isEmpty ? "base" : words.joined(separator: ",")
  }

  /// Whether a case that sets these axes has those that are asked for; `base`, which sets none, asks for cases that set
  /// none.
  func isAskedFor(_ asked: [String: String], in set: [String: String]) -> Bool {
    if asked.isEmpty { return axes.allSatisfy { set[$0.name] ?? $0.first == $0.first } }
    return axes.allSatisfy { axis in asked[axis.name].map { $0 == set[axis.name] ?? axis.first } ?? true }
  }
}
