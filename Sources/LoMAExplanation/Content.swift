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
  /// A mask, with its rows.
  case mask(MaskPicture)
}

/// The colour of a table cell; letters and words always say the same as the colour.
package enum Ink: Hashable, Sendable {
  /// The default colour.
  case plain
  /// The colour of a zone, or of the kinds of row that share it.
  case zone(Zone)
  /// Every character has the colour of the kind of row it is the letter of.
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
