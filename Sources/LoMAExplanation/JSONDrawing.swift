// Draws an explanation for programs: every section as integers and strings, with keys in a fixed order.
//
// {"format": "loma explanation 1", SECTION: …}, with one member per requested section, in the order of
// `ExplanationSection`. A listing beyond its limit is {"not_shown": size, "limit": limit}. Members of `texts` are in
// the order of the given texts. In `rows`, `token` and `label` are written as in the text drawing; `token_id` and
// `label_id` are null for texts given by their length, and `label_id` for rows without a label.

import LoMA
import LoMAVectors

/// Draws sections as one JSON value.
package struct JSONDrawing: Sendable {
  let explanation: any MethodExplanation
  let limits = ExplanationLimits.json

  package init(_ explanation: any MethodExplanation) {
    self.explanation = explanation
  }

  /// The sections, in the order of `ExplanationSection`, and a line end.
  package func draw(_ sections: [ExplanationSection]) throws -> String {
    let needsRows = [.rows, .positions, .mask].contains(where: sections.contains)
    let pictures = needsRows && explanation.rowCount <= limits.lines ? try explanation.pictures() : nil
    var members = explanation.heading
    for section in ExplanationSection.allCases where sections.contains(section) {
      if let value = try value(of: section, pictures) { members.append(.init(section.rawValue, value)) }
    }
    return JSONValue.members(members).text() + "\n"
  }

  private func value(of section: ExplanationSection, _ pictures: [MaskPicture]?) throws -> JSONValue? {
    switch section {
    case .rows: pictures.map(rowsValue) ?? .notShown(explanation.rowCount, limit: limits.lines)
    case .positions:
      pictures.map { pictures in .texts(pictures) { JSONValue.positions($0) } }
        ?? .notShown(explanation.rowCount, limit: limits.lines)
    case .mask:
      if let pictures, explanation.rowCount <= limits.maskRows {
        maskValue(pictures)
      } else {
        .notShown(explanation.rowCount, limit: limits.maskRows)
      }
    case .parameters, .weights, .layers, .rules, .schedule, .reconstruction, .cost, .metrics, .choice, .profiles:
      try explanation.value(of: section, limits: limits)
    }
  }

  private func rowsValue(_ pictures: [MaskPicture]) -> JSONValue {
    let texts = pictures.map { picture in
      JSONValue.array(
        picture.rows.map { row in
          .members([
            .init(picture.words.kind, .string(row.kind.name)), .init(picture.words.group, .integer(orNull: row.group)),
            .init("index", .integer(orNull: row.index)), .init("position", .integer(row.position)),
            .init("token", .string(row.token.name)), .init("label", .string(orNull: row.label?.name)),
            .init("token_id", .integer(orNull: row.token.id)), .init("label_id", .integer(orNull: row.label?.id)),
          ])
        })
    }
    return .members([.init("layout", .string(explanation.layoutName)), .init("texts", .array(texts))])
  }

  /// `texts`: per text a list of strings, one per query; character k is `1` if the query sees key k, else `0`.
  private func maskValue(_ pictures: [MaskPicture]) -> JSONValue {
    let texts = pictures.map { picture in
      JSONValue.array(
        picture.rows.indices.map { query in
          .string(String(picture.rows.indices.map { picture.allows(query: query, key: $0) ? "1" : "0" }))
        })
    }
    return .members([.init("layout", .string(explanation.layoutName)), .init("texts", .array(texts))])
  }
}

extension JSONValue {
  /// What stands for a listing beyond its limit.
  static func notShown(_ size: Int, limit: Int) -> JSONValue {
    .members([.init("not_shown", .integer(size)), .init("limit", .integer(limit))])
  }

  /// The bytes of an entry, and of what the cache holds.
  static func bytes(_ entryBytes: Int, most: Int, last: Int, uncompressed: Int) -> JSONValue {
    .members([
      .init("entry", .integer(entryBytes)), .init("final_cache", .integer(last * entryBytes)),
      .init("largest_cache", .integer(most * entryBytes)), .init("uncompressed", .integer(uncompressed * entryBytes)),
    ])
  }

  /// One member for each text of a batch.
  static func texts<Item>(_ items: some Sequence<Item>, _ value: (Item) throws -> JSONValue) rethrows -> JSONValue {
    .members([.init("texts", .array(try items.map(value)))])
  }
}
