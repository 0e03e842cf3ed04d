// The rows and the mask of a text as drawings show them, in the words of their method.

import LoMA

/// A kind of row: a zone of LoMA, or a role of another method.
package struct RowKind: Hashable, Sendable {
  package let name: String
  /// The letter in masks and caches.
  package let letter: Character
  /// The zone of LoMA that is drawn in the same colour.
  package let colour: Zone

  /// A kind in the colour of a zone.
  package init(name: String, letter: Character, colour: Zone) {
    self.name = name
    self.letter = letter
    self.colour = colour
  }
}

/// The words of a method for its rows.
package struct RowWords: Hashable, Sendable {
  /// The word for kinds: zone or role.
  package let kind: String
  /// The word for the parts of a text: chunk or segment.
  package let group: String
  /// Every kind, in the order of the Spec.
  package let kinds: [RowKind]
  /// What a line and a column are: a row of a text, or a layer.
  var row = "row"
  /// What a line is in a sentence.
  var query = "query"
  /// What a column is in a sentence.
  var key = "key"
  /// What a letter says of line and column.
  var sees = "sees"
  /// What a dot says of them.
  var seesNot = "does not see"
  /// The name of the whole picture.
  var noun = "Attention mask"

  /// LoMA's.
  package static let loma = RowWords(
    kind: "zone", group: "chunk",
    kinds: Zone.allCases.map { RowKind(name: $0.rawValue, letter: $0.letter, colour: $0) })

  /// What a picture shows, for screen readers.
  var description: String {
    guard row == "row" else {
      return "\(noun) as a grid: a line is a \(query), a column a \(key). A coloured cell means that the first "
        + "\(sees) what the second writes, a dot that it does not. "
    }
    return "An attention mask as a grid: a line is a query row, a column a key row. A coloured cell with the letter of "
      + "the key's \(kind) means that the query sees the key, a dot that it does not. "
  }

  /// The kind of a name.
  subscript(name: String) -> RowKind {
    guard let kind = kinds.first(where: { $0.name == name }) else { preconditionFailure("no \(kind) \(name)") }
    return kind
  }
}

/// A row as it is drawn.
package struct DrawnRow: Hashable, Sendable {
  /// The zone or role.
  package let kind: RowKind
  /// The chunk or segment; nil for a pad.
  package let group: Int?
  /// The index in the kind's rows of the group; nil for a pad.
  package let index: Int?
  /// The position that the rotary embedding is fed.
  package let position: Int
  /// The text of the token, and its id if the text was given as ids.
  package let token: DrawnToken
  /// The text of the label, and its id if the text was given as ids; nil without a label.
  package let label: DrawnToken?
}

/// A token as it is drawn.
package struct DrawnToken: Hashable, Sendable {
  /// The text of the token.
  package let name: String
  /// Nil in a text that was given by its length.
  package let id: Int?
}

/// A clause of the mask in words.
package struct DrawnSentence: Hashable, Sendable {
  /// The clause's id.
  package let clause: String
  /// The kinds of query that it is about; empty if it is about every kind.
  package let queries: [RowKind]
  /// The kinds of key that it is about; empty if it is about every kind.
  package let keys: [RowKind]
  /// What the clause says under the profile.
  package let sentence: String

  /// Whether the clause is about rows of which both kinds are among these.
  func applies(to kinds: some Collection<RowKind>) -> Bool {
    [queries, keys].allSatisfy { $0.isEmpty || $0.contains(where: kinds.contains) }
  }
}

/// Whether a query sees a key, and the clause that decides it.
package struct DrawnRule: Hashable, Sendable {
  /// The clause's id.
  package let clause: String
  /// Whether the query sees the key.
  package let isVisible: Bool
}

/// The rows of one text and its mask.
package struct MaskPicture: Sendable {
  package let rows: [DrawnRow]
  package let words: RowWords
  /// The clauses of the mask.
  package let sentences: [DrawnSentence]
  /// A description of the mask.
  package let caption: String
  /// The rule for two indices into `rows`.
  package let rule: @Sendable (_ query: Int, _ key: Int) -> DrawnRule

  /// Whether row `query` sees row `key`.
  package func allows(query: Int, key: Int) -> Bool { rule(query, key).isVisible }

  /// The sentence of a clause; empty if the clause is not one of the mask.
  package func sentence(of clause: String) -> String { sentences.first { $0.clause == clause }?.sentence ?? "" }

  /// A place in words: kind, chunk or segment, and index.
  package func place(of row: Int) -> String {
    guard let group = rows[row].group, let index = rows[row].index else { return rows[row].kind.name }
    return rows[row].kind.name + ", \(words.group) \(group), index \(index)"
  }

  /// A row in words: its number in the layout, and its place.
  package func describe(row: Int) -> String { words.row + " \(row) (" + place(of: row) + ")" }

  /// The indices of rows where another chunk or segment, or the padding, begins; 0 is not included.
  package var groupStarts: Set<Int> { starts { rows[$0].group != rows[$1].group } }

  /// The indices of rows where another kind or another group begins; 0 is not included.
  package var kindStarts: Set<Int> { starts { rows[$0].kind != rows[$1].kind }.union(groupStarts) }

  /// The indices of rows that differ from the row before in kind, group, or a clause about them; 0 is not included.
  ///
  /// Between them one clause decides all cells of a block: in CCM a sink among text rows has a clause of its own.
  package var blockStarts: Set<Int> {
    starts { before, row in
      rows.indices.contains { other in
        rule(before, other).clause != rule(row, other).clause || rule(other, before).clause != rule(other, row).clause
      }
    }.union(kindStarts)
  }

  private func starts(_ differ: (_ before: Int, _ row: Int) -> Bool) -> Set<Int> {
    Set(rows.indices.dropFirst().filter { differ($0 - 1, $0) })
  }

  /// The kinds that occur, in the order of the Spec.
  package var kinds: [RowKind] { words.kinds.filter { kind in rows.contains { $0.kind == kind } } }
}
