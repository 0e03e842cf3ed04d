// CCM-8…CCM-16 in the words of a finding: who sees whom and why, and a row's place.

import LoMAPeers

extension ContextMaskSentences {
  /// Why row `query` sees row `key`, or does not: one sentence that cites the clause.
  func explain(query: Int, key: Int, in mask: ContextMask) -> String {
    let rule = mask.rule(query: query, key: key)
    let verb = rule.isVisible ? "sees" : "does not see"
    let pair = mask.describe(row: query) + " " + verb + " " + (query == key ? "itself" : mask.describe(row: key))
    // A pad's own clause says more than the order of the rows does.
    if key > query, rule.clause != "CCM-8" { return pair + ": no row sees a later one (\(rule.clause))" }
    return pair + ": " + rule.clause + " " + self[rule.clause]
  }
}

extension ContextMask {
  /// A row in words: its number in the layout, role, slot and segment.
  func describe(row: Int) -> String { "row \(row) (" + rows[row].place.words + ")" }
}

extension ContextPlace {
  /// The place in words, such as `comp 1 of segment 0`.
  var words: String {
    guard let segment, let index else { return role.rawValue }
    return "\(role.rawValue) \(index) of segment \(segment)"
  }
}
