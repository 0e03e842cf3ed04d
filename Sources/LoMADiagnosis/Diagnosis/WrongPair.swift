// MSK-1…MSK-11: a query and a key that see each other but should not, or do not but should.

import LoMA
import LoMAAnswers
import LoMAVectors

/// A pair of rows that a wrong mask has wrong, in words that fit every layout.
struct WrongPair: Hashable, Sendable {
  /// Zone, index and chunk of the query, such as `memory 0 of chunk 1`.
  let query: String
  /// Zone, index and chunk of the key.
  let key: String
  /// The clause that decides the pair.
  let rule: MaskRule

  /// One line, such as `memory 0 of chunk 1 does not see reading 0 of chunk 1, which MSK-4 shows it`.
  var line: String {
    "\(query) \(rule.isVisible ? "does not see" : "sees") \(query == key ? "itself" : key), which \(rule.clause) "
      + (rule.isVisible ? "shows it" : "hides from it")
  }

  /// The zone of the query alone.
  var zone: String { String(query.prefix { $0 != " " }) }

  init(_ mask: Mask, query: Int, key: Int) {
    self.query = Self.words(mask.rows[query].place)
    self.key = Self.words(mask.rows[key].place)
    rule = mask.rule(query: query, key: key)
  }

  /// Zone, index and chunk of a row, as far as it has them.
  static func words(_ place: Place) -> String {
    let chunk = place.chunk.map { " of chunk \($0)" } ?? ""
    return place.zone.rawValue + (place.index.map { " \($0)" } ?? "") + chunk
  }

  /// The wrong pairs of an answer to `mask`, in row order; none if its shape is wrong, or the request is for
  /// something else.
  static func all(in answer: [NamedArray], to request: Request) -> [WrongPair] {
    guard request.operation == .mask, let kind = try? request.layoutKind(),
      let batch = try? request.batch(kind, rows: RowsOfLayout.right), let profile = try? request.profile(),
      let cells = try? answer.first(where: { $0.name == "mask" })?.booleans(),
      cells.count == batch.texts.count * batch.rowCount * batch.rowCount
    else { return [] }
    let rows = batch.rowCount
    return batch.texts.enumerated().flatMap { text, places in
      let mask = Mask(rows: places, profile: profile)
      let right = mask.cells()
      return right.indices.filter { cells[text * rows * rows + $0] != right[$0] }.map {
        WrongPair(mask, query: $0 / rows, key: $0 % rows)
      }
    }
  }
}
