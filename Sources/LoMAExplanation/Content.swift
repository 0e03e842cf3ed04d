// The content of a section before it is drawn: tables, notes and masks. Text and HTML are two drawings of the same
// content.

import LoMA

package struct SectionContent: Sendable {
  package let section: ExplanationSection
  /// The part of the heading after the section's name.
  package let subtitle: String
  package let blocks: [ContentBlock]
}

/// A part of a section.
package enum ContentBlock: Sendable {
  /// A title for the blocks up to the next title.
  case title(String)
  /// One or more sentences, each on its own line.
  case note([String])
  case table(ContentTable)
  /// A mask, with the tokens of its text.
  case mask(MaskPicture)
}

/// The colour of a table cell; letters and words always say the same as the colour.
package enum Ink: Hashable, Sendable {
  /// The default colour.
  case plain
  /// The colour of a zone.
  case zone(Zone)
  /// Every character has the colour of the zone it is the letter of.
  case letters
}

package struct ContentCell: Hashable, Sendable {
  package let text: String
  package let ink: Ink

  /// A cell, plain by default.
  package init(_ text: String, ink: Ink = .plain) {
    self.text = text
    self.ink = ink
  }
}

package struct ContentColumn: Hashable, Sendable {
  package let name: String
  /// Whether the column is aligned right, as for numbers.
  package let isNumber: Bool

  /// A column of words.
  package static func words(_ name: String) -> ContentColumn { ContentColumn(name: name, isNumber: false) }
  /// A column of numbers.
  package static func number(_ name: String) -> ContentColumn { ContentColumn(name: name, isNumber: true) }
}

/// A table; a row may begin a group, such as a chunk, that is set apart from the rows above it.
package struct ContentTable: Sendable {
  /// The columns, left to right; the heading is drawn only if a column has a name.
  package let columns: [ContentColumn]
  /// The rows, each with one cell per column.
  package let rows: [[ContentCell]]
  /// The indices of rows that begin a group.
  package var groupStarts: Set<Int> = []
}

/// A mask to draw, with the tokens of its rows.
package struct MaskPicture: Sendable {
  /// The rows and the rule of the mask.
  package let mask: Mask
  /// The text of each row's token.
  package let tokens: [String]
  /// A description of the mask.
  package let caption: String

  /// The indices of rows where another chunk, or the padding, begins; 0 is not included.
  package var chunkStarts: Set<Int> {
    Set(mask.rows.indices.dropFirst().filter { mask.rows[$0].place.chunk != mask.rows[$0 - 1].place.chunk })
  }

  /// The indices of rows where another zone or another chunk begins; 0 is not included.
  package var zoneStarts: Set<Int> {
    Set(mask.rows.indices.dropFirst().filter { mask.rows[$0].place.zone != mask.rows[$0 - 1].place.zone })
      .union(chunkStarts)
  }

  /// The zones that occur, in the order of the Spec.
  package var zones: [Zone] { Zone.allCases.filter { zone in mask.rows.contains { $0.place.zone == zone } } }
}
