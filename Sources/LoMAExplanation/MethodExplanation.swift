// What `loma explain` asks of a method: its rows and masks, and the sections that are its own. Rows, masks and clauses are
// drawn here for all methods.

import LoMA
import LoMAVectors

/// The explanation of some texts under one method.
package protocol MethodExplanation: Sendable {
  /// The method's name in a sentence.
  var method: String { get }
  /// A description of the inputs, on one line.
  var title: String { get }
  /// The profile as text.
  var profileName: String { get }
  /// The name of the layout that is drawn.
  var layoutName: String { get }
  /// A description of the layout with its number of rows.
  var layoutCaption: String { get }
  /// The number of rows of the longest layout, to which a batch is padded, in closed form.
  var rowCount: Int { get }
  /// Every clause of the mask under the profile.
  var sentences: [DrawnSentence] { get }
  /// The style sheet of the page.
  var pageStyle: Markup { get }
  /// What every JSON drawing begins with, before its sections.
  var heading: [JSONObject.Member] { get }
  /// The rows and masks of all texts; call it only if `rowCount` rows fit in memory.
  func pictures() throws -> [MaskPicture]
  /// The sections that SVG draws, in the order in which it does.
  static var drawnSections: [ExplanationSection] { get }
  /// The cache of each text after each event.
  func cacheHistories() throws -> [CacheHistory]
  /// The cost of a text while it grows.
  func costCurves() throws -> [Curves]
  /// A section that is not drawn for all methods alike; nil if the method has no such section.
  func content(of section: ExplanationSection, limits: ExplanationLimits) throws -> SectionContent?
  /// The same for programs.
  func value(of section: ExplanationSection, limits: ExplanationLimits) throws -> JSONValue?
}

extension MethodExplanation {
  /// The content of sections, in the order of `ExplanationSection`; a layout within the limits is built at most once.
  package func contents(of sections: [ExplanationSection], limits: ExplanationLimits) throws -> [SectionContent] {
    let longest = max(limits.lines, limits.maskRows)
    let needsRows = [.rows, .positions, .mask, .rules].contains(where: sections.contains)
    let pictures = needsRows && rowCount <= longest ? try pictures() : nil
    var contents: [SectionContent] = []
    for section in ExplanationSection.allCases where sections.contains(section) {
      let content: SectionContent? =
        switch section {
        case .rows: rowsContent(pictures, limits: limits)
        case .positions: positionsContent(pictures, limits: limits)
        case .mask: maskContent(pictures, limits: limits)
        case .rules: rulesContent(pictures)
        case .parameters, .weights, .layers, .schedule, .reconstruction, .cost, .metrics, .choice, .profiles:
          try self.content(of: section, limits: limits)
        }
      if let content { contents.append(content) }
    }
    return contents
  }

  /// The pictures of sections, in their order; nil if they exceed the limit.
  package func figures(of sections: [ExplanationSection], limits: ExplanationLimits) throws -> [SVGFigure]? {
    // Curves have no rows.
    guard rowCount <= limits.maskRows || sections.allSatisfy({ $0 == .cost }) else { return nil }
    var figures: [SVGFigure] = []
    for section in Self.drawnSections where sections.contains(section) {
      switch section {
      case .mask, .layers: figures.append(.masks(try pictures()))
      case .positions: figures.append(.positions(try pictures()))
      case .schedule: figures.append(.caches(try cacheHistories()))
      case .cost: figures.append(.curves(try costCurves()))
      case .parameters, .weights, .rows, .rules, .reconstruction, .metrics, .choice, .profiles: continue
      }
    }
    return figures
  }

  /// None, of a method that draws no schedule.
  package func cacheHistories() throws -> [CacheHistory] { [] }

  /// None, of a method whose cost is not drawn.
  package func costCurves() throws -> [Curves] { [] }

  /// The number of rows in words.
  var rowsInWords: String { "\(rowCount) row" + (rowCount == 1 ? "" : "s") }

  /// Every row of every text's layout.
  private func rowsContent(_ pictures: [MaskPicture]?, limits: ExplanationLimits) -> SectionContent {
    guard let pictures, rowCount <= limits.lines else {
      return .tooLong(.rows, "\(rowCount) rows", limit: "\(limits.lines) rows")
    }
    let blocks = Self.titled(pictures) { [.table(Self.table(of: $0))] }
    return SectionContent(section: .rows, subtitle: layoutCaption, blocks: blocks)
  }

  /// Which row of each text sees which.
  private func maskContent(_ pictures: [MaskPicture]?, limits: ExplanationLimits) -> SectionContent {
    guard let pictures, rowCount <= limits.maskRows else {
      let picture = ExplanationLimits.picture.maskRows
      let larger = limits.maskRows < picture ? ", in svg and html \(picture)" : ""
      return .tooLong(.mask, "\(rowCount) rows", limit: "\(limits.maskRows) rows" + larger)
    }
    // Texts of one batch have the same number of rows.
    let blocks = rowCount == 0 ? [] : Self.titled(pictures) { [.mask($0)] }
    return SectionContent(section: .mask, subtitle: layoutCaption, blocks: blocks)
  }

  /// The clauses of the mask that apply to kinds of row which occur; all clauses if the rows are unknown.
  private func rulesContent(_ pictures: [MaskPicture]?) -> SectionContent {
    let occurring = Set((pictures ?? []).flatMap { $0.kinds })
    let rows = sentences.filter { occurring.isEmpty || $0.applies(to: occurring) }.map { sentence in
      let colour = sentence.queries.first.map { Ink.zone($0.colour) }
      return [
        ContentCell(sentence.clause),
        ContentCell(sentence.sentence, ink: sentence.queries.count == 1 ? colour ?? .plain : .plain),
      ]
    }
    let table = ContentTable(columns: [.words(""), .words("")], rows: rows)
    return SectionContent(section: .rules, subtitle: "profile " + profileName, blocks: [.table(table)])
  }

  /// Blocks for each item; of several, each item's begin with the number of its text.
  static func titled<Item>(
    _ items: [Item], _ blocks: (Item) throws -> [ContentBlock]
  ) rethrows -> [ContentBlock] {
    try items.enumerated().flatMap { index, item in
      (items.count > 1 ? [ContentBlock.title("text \(index)")] : []) + (try blocks(item))
    }
  }

  private static func table(of picture: MaskPicture) -> ContentTable {
    let rows = picture.rows.enumerated().map { index, row in
      [
        ContentCell("\(index)"), ContentCell(row.kind.name, ink: .zone(row.kind.colour)),
        ContentCell(row.group.map(String.init) ?? "-"), ContentCell(row.index.map(String.init) ?? "-"),
        ContentCell("\(row.position)"), ContentCell(row.token.name, ink: .zone(row.kind.colour)),
        ContentCell(row.label?.name ?? "-"),
      ]
    }
    return ContentTable(
      columns: [
        .number("row"), .words(picture.words.kind), .number(picture.words.group), .number("index"),
        .number("position"), .words("token"), .words("label"),
      ], rows: rows, groupStarts: picture.groupStarts)
  }

  /// The bytes of an entry, and of what the cache holds.
  static func bytesTable(_ entryBytes: Int, most: Int, last: Int, uncompressed: Int) -> ContentTable {
    let lines = [
      ("an entry", 1), ("the cache at the end", last), ("the cache at most", most), ("uncompressed", uncompressed),
    ]
    return ContentTable(
      columns: [.words(""), .number("entries"), .number("bytes")],
      rows: lines.map { [ContentCell($0.0), ContentCell("\($0.1)"), ContentCell("\($0.1 * entryBytes)")] })
  }

  /// What the cache holds at most and at the end, in one sentence.
  static func cacheSummary(most: Int, last: Int, uncompressed: Int) -> String {
    "the cache holds at most \(most) entries, and \(last) at the end; uncompressed it would hold \(uncompressed)"
  }

  /// Every axis with where it comes from, its default and its alternatives.
  static func profilesContent(_ axes: DrawnAxes, notes: [String]) -> SectionContent {
    let rows = axes.axes.map { axis in
      [axis.name, axis.origin, axis.values[0], axis.values.dropFirst().joined(separator: ", ")].map { ContentCell($0) }
    }
    return SectionContent(
      section: .profiles, subtitle: "base has every default",
      blocks: [
        .table(
          ContentTable(
            columns: [.words("axis"), .words(axes.origin), .words("default"), .words("alternatives")], rows: rows)),
        .note(notes),
      ])
  }

  /// The rows that an event feeds, in words.
  static func describe(_ rows: Range<Int>) -> String {
    switch rows.count {
    case 0: "no row"
    case 1: "row \(rows.lowerBound)"
    default: "rows \(rows.lowerBound)-\(rows.upperBound - 1)"
    }
  }
}

extension RowKind {
  /// The kind of any method that has this letter; methods share a letter only for the same colour.
  static func ofLetter(_ letter: Character) -> RowKind? {
    (RowWords.loma.kinds + RowWords.ccm.kinds + RowWords.latent.kinds).first { $0.letter == letter }
  }
}

/// The axes of a method.
package struct DrawnAxes: Sendable {
  /// An axis, where it comes from, and its values, the default first.
  package struct Axis: Sendable {
    let name: String
    let origin: String
    let values: [String]
  }

  /// The word for where an axis comes from: decision or clause.
  let origin: String
  /// In the order of the registry.
  let axes: [Axis]

  /// For programs.
  var value: JSONValue {
    .array(
      axes.map { axis in
        .members([
          .init("axis", .string(axis.name)), .init(origin, .string(axis.origin)),
          .init("default", .string(axis.values[0])),
          .init("alternatives", .array(axis.values.dropFirst().map { .string($0) })),
        ])
      })
  }
}

extension SectionContent {
  /// The sentence shown instead of a listing that is too long.
  static func tooLong(_ section: ExplanationSection, _ size: String, limit: String) -> SectionContent {
    SectionContent(
      section: section, subtitle: size,
      blocks: [.note(["not shown: the limit here is \(limit); parameters, cost and profiles answer at any length"])])
  }
}
