// D-2…D-5, D-8: ports that set axes of the profile to one value, whatever is asked.

import LoMA

extension Mutant {
  /// The reference with some axes set; its id is axis=value joined by commas.
  static func deciding(_ choices: [(axis: Axis, value: String)]) -> Mutant {
    let words = choices.map { "\($0.axis.rawValue) = \($0.value)" }.joined(separator: " and ")
    let id = choices.map { "\($0.axis.rawValue)=\($0.value)" }.joined(separator: ",")
    let axes = choices.map { ($0.axis.rawValue, $0.value) }
    let chunked = Set.texts.union(Set.caches).union([.schedule, .metrics, .cost])
    return Mutant(id, .mask, "I took \(words), whatever was asked", on: chunked) { answers, request in
      let other = request.with(axes: request.axes.merging(axes) { $1 })
      guard let asked = try? request.profile(), let taken = try? other.profile(),
        taken.canonical != asked.canonical
      else { return nil }
      return (answers, other)
    }
  }

  /// The same, by its id; nil if a word is not an axis with one of its values, or if an axis is given twice.
  static func deciding(_ id: String) -> Mutant? {
    var choices: [(axis: Axis, value: String)] = []
    for pair in id.split(separator: ",", omittingEmptySubsequences: false) {
      let words = pair.split(separator: "=", omittingEmptySubsequences: false).map { String($0) }
      guard words.count == 2, let axis = Axis(rawValue: words[0]), axis.values.contains(words[1]),
        !choices.contains(where: { $0.axis == axis })
      else { return nil }
      choices.append((axis, words[1]))
    }
    return deciding(choices)
  }
}
