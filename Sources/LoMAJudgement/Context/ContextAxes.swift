// CCM-3: profiles of compressed context memory as cases and options name them.

import LoMAPeers

extension ContextProfile {
  /// The axes that a profile given as text sets, by name; nil if it is none of this chapter.
  ///
  /// An axis without effect is kept: the stage `merge` reads `merge_rate` alone (CCM-32).
  static func axes(named name: String) -> [String: String]? {
    guard name != "base" else { return [:] }
    let pairs = name.split(separator: ",", omittingEmptySubsequences: false).map { pair in
      let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return (axis: String(halves[0]), value: halves.count == 2 ? String(halves[1]) : "")
    }
    guard (try? ContextProfile(pairs)) != nil else { return nil }
    return Dictionary(uniqueKeysWithValues: pairs.filter { !isDefault($0) }.map { ($0.axis, $0.value) })
  }

  /// A profile's name from the axes that it sets, in the order of the chapter; nil if it is none of this chapter.
  static func name(of pairs: [(axis: String, value: String)]) -> String? {
    guard (try? ContextProfile(pairs)) != nil else { return nil }
    let set = Dictionary(uniqueKeysWithValues: pairs.filter { !isDefault($0) }.map { ($0.axis, $0.value) })
    let words = ContextAxis.allCases.compactMap { axis in set[axis.rawValue].map { axis.rawValue + "=" + $0 } }
    return words.isEmpty ? "base" : words.joined(separator: ",")
  }

  private static func isDefault(_ pair: (axis: String, value: String)) -> Bool {
    ContextAxis(rawValue: pair.axis)?.values.first == pair.value
  }
}
