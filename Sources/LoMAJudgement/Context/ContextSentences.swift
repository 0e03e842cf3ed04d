// CCM-8…CCM-16 in words: one sentence per clause under a profile, as a finding cites it.

import LoMAPeers

/// The sentences of the mask of compressed context memory under one profile.
struct ContextSentences {
  private let profile: ContextProfile

  init(profile: ContextProfile) { self.profile = profile }

  /// What a clause of the mask says under the profile; empty if the clause is not one of the mask.
  subscript(clause: String) -> String {
    let isRecurrent = profile.recurrence == .recurrent
    return switch clause {
    case "CCM-8": "pad rows see only themselves and are seen by no other row"
    case "CCM-9": "text and COMP rows see the text rows of their own segment only"
    case "CCM-10": "text and COMP rows see the COMP rows of their own segment and of earlier ones"
    case "CCM-11": "text and COMP rows of a context segment see the COMP rows of that segment only"
    case "CCM-12": "text rows of the final segment see the COMP rows of all segments"
    case "CCM-13":
      isRecurrent
        ? "text and COMP rows see the SUM rows of the segment before theirs only"
        : "of text and COMP rows only the text rows of the final segment see the SUM rows"
    case "CCM-14":
      isRecurrent
        ? "SUM rows see their own segment and the SUM rows of the segment before"
        : "SUM rows see COMP and SUM rows only"
    case "CCM-15": "text rows of the final segment see no COMP row where memory is merged"
    case "CCM-16": "every row but a pad sees each earlier text row that holds the beginning token"
    default: ""
    }
  }

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

  /// The place as a label in a picture, such as `c0.1`: the letter of its role, segment and index; a pad has only a
  /// letter.
  package var label: String {
    let letter =
      switch role {
      case .text: "x"
      case .comp: "c"
      case .sum: "s"
      case .pad: "p"
      }
    guard let segment, let index else { return letter }
    return "\(letter)\(segment).\(index)"
  }
}
