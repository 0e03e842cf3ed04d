// What a section says, before it is drawn: tables, notes and masks. Text and HTML are two drawings of the same content.

import LoMA

/// One section's content.
public struct SectionContent: Sendable {
  /// Which section.
  public let section: ExplanationSection
  /// What follows the section's name in its heading.
  public let subtitle: String
  /// In order.
  public let blocks: [ContentBlock]
}

/// A piece of a section.
public enum ContentBlock: Sendable {
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
public enum Ink: Hashable, Sendable {
  /// As everything else.
  case plain
  /// In the colour of a zone.
  case zone(Zone)
  /// Every character in the colour of the zone whose letter it is.
  case letters
}

/// One cell of a table.
public struct ContentCell: Hashable, Sendable {
  /// What it says.
  public let text: String
  /// Its colour.
  public let ink: Ink

  /// Plain unless said otherwise.
  public init(_ text: String, ink: Ink = .plain) {
    self.text = text
    self.ink = ink
  }
}

/// One column of a table.
public struct ContentColumn: Hashable, Sendable {
  /// Its heading.
  public let name: String
  /// Numbers stand on the right.
  public let isNumber: Bool

  /// A column of words.
  public static func words(_ name: String) -> ContentColumn { ContentColumn(name: name, isNumber: false) }
  /// A column of numbers.
  public static func number(_ name: String) -> ContentColumn { ContentColumn(name: name, isNumber: true) }
}

/// A table; a row may open a group, such as a chunk, that is set apart from the rows above it.
public struct ContentTable: Sendable {
  /// Left to right; without names no heading is drawn.
  public let columns: [ContentColumn]
  /// Each with one cell per column.
  public let rows: [[ContentCell]]
  /// Indices of rows that open a group.
  public var groupStarts: Set<Int> = []
}

/// A mask to draw, with names for its rows.
public struct MaskPicture: Sendable {
  /// The rows and the rule.
  public let mask: Mask
  /// How each row's token is written.
  public let tokens: [String]
  /// What it is a mask of.
  public let caption: String

  /// Indices of rows at which another chunk, or the padding, begins; 0 is not among them.
  public var chunkStarts: Set<Int> {
    Set(mask.rows.indices.dropFirst().filter { mask.rows[$0].place.chunk != mask.rows[$0 - 1].place.chunk })
  }

  /// Indices of rows at which another zone or another chunk begins; 0 is not among them.
  public var zoneStarts: Set<Int> {
    Set(mask.rows.indices.dropFirst().filter { mask.rows[$0].place.zone != mask.rows[$0 - 1].place.zone })
      .union(chunkStarts)
  }

  /// The zones that occur, in the Spec's order.
  public var zones: [Zone] { Zone.allCases.filter { zone in mask.rows.contains { $0.place.zone == zone } } }
}

extension Zone {
  /// The letter that doubles its colour.
  public var letter: Character {
    switch self {
    case .reading: "x"
    case .memory: "m"
    case .repetition: "r"
    case .pad: "p"
    }
  }
}
