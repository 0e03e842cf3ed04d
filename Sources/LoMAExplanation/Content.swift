// What a section says, before it is drawn: tables, notes and masks. Text and HTML are two drawings of the same content.

import LoMA

/// One section's content.
package struct SectionContent: Sendable {
  /// Which section.
  package let section: ExplanationSection
  /// What follows the section's name in its heading.
  package let subtitle: String
  /// In order.
  package let blocks: [ContentBlock]
}

/// A piece of a section.
package enum ContentBlock: Sendable {
  /// What the blocks up to the next title speak of.
  case title(String)
  /// One or more sentences, at most a line each.
  case note([String])
  /// Columns.
  case table(ContentTable)
  /// A mask, with the texts' names for its tokens.
  case mask(MaskPicture)
}

/// How a piece of a table is coloured; letters and words always say the same.
package enum Ink: Hashable, Sendable {
  /// As everything else.
  case plain
  /// In the colour of a zone.
  case zone(Zone)
  /// Every character in the colour of the zone whose letter it is.
  case letters
}

/// One cell of a table.
package struct ContentCell: Hashable, Sendable {
  /// What it says.
  package let text: String
  /// Its colour.
  package let ink: Ink

  /// Plain unless said otherwise.
  package init(_ text: String, ink: Ink = .plain) {
    self.text = text
    self.ink = ink
  }
}

/// One column of a table.
package struct ContentColumn: Hashable, Sendable {
  /// Its heading.
  package let name: String
  /// Numbers stand on the right.
  package let isNumber: Bool

  /// A column of words.
  package static func words(_ name: String) -> ContentColumn { ContentColumn(name: name, isNumber: false) }
  /// A column of numbers.
  package static func number(_ name: String) -> ContentColumn { ContentColumn(name: name, isNumber: true) }
}

/// A table; a row may open a group, such as a chunk, that is set apart from the rows above it.
package struct ContentTable: Sendable {
  /// Left to right; without names no heading is drawn.
  package let columns: [ContentColumn]
  /// Each with one cell per column.
  package let rows: [[ContentCell]]
  /// Indices of rows that open a group.
  package var groupStarts: Set<Int> = []
}

/// A mask to draw, with names for its rows.
package struct MaskPicture: Sendable {
  /// The rows and the rule.
  package let mask: Mask
  /// How each row's token is written.
  package let tokens: [String]
  /// What it is a mask of.
  package let caption: String

  /// Indices of rows at which another chunk, or the padding, begins; 0 is not among them.
  package var chunkStarts: Set<Int> {
    Set(mask.rows.indices.dropFirst().filter { mask.rows[$0].place.chunk != mask.rows[$0 - 1].place.chunk })
  }

  /// Indices of rows at which another zone or another chunk begins; 0 is not among them.
  package var zoneStarts: Set<Int> {
    Set(mask.rows.indices.dropFirst().filter { mask.rows[$0].place.zone != mask.rows[$0 - 1].place.zone })
      .union(chunkStarts)
  }

  /// The zones that occur, in the Spec's order.
  package var zones: [Zone] { Zone.allCases.filter { zone in mask.rows.contains { $0.place.zone == zone } } }
}
