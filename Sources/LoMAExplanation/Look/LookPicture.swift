// `loma look`: how much of its attention each row gives to each row that it sees, over the mask.

import LoMA
import LoMAVectors

/// The attention of a text in one layer, of one head or of the mean of all.
package struct LookPicture: Sendable {
  /// Rows and mask.
  let picture: MaskPicture
  /// Layer and head in words.
  let title: String
  /// What a query gives a key, 0 to 1.
  let weight: @Sendable (_ query: Int, _ key: Int) -> Double

  package init(
    picture: MaskPicture, title: String, weight: @escaping @Sendable (_ query: Int, _ key: Int) -> Double
  ) {
    self.picture = picture
    self.title = title
    self.weight = weight
  }

  /// The keys that a row gives most, at least a twentieth each, the largest weight first, at most four.
  func favourites(of query: Int) -> [(key: Int, weight: Double)] {
    var shares: [(key: Int, weight: Double)] = []
    for key in picture.rows.indices where picture.allows(query: query, key: key) {
      let share = weight(query, key)
      if share >= 0.05 { shares.append((key, share)) }
    }
    shares.sort { $0.weight > $1.weight || ($0.weight == $1.weight && $0.key < $1.key) }
    return Array(shares.prefix(4))
  }

  /// A row in a word or two: its number if its input is not its own, else its token.
  func name(of row: Int) -> String {
    let token = picture.rows[row].token.name
    return token.hasPrefix("<") ? token + " \(row)" : token
  }

  /// Where each row that is not read looks.
  func table(of kinds: [RowKind]) -> ContentTable {
    let rows = picture.rows.indices.filter { kinds.contains(picture.rows[$0].kind) }
    var starts: Set<Int> = []
    let lines = rows.enumerated().map { index, row in
      if index > 0, picture.rows[row].kind != picture.rows[rows[index - 1]].kind { starts.insert(index) }
      let looks = favourites(of: row).map { name(of: $0.key) + " " + decimals($0.weight, 2) }
      return [
        ContentCell("\(row)"), ContentCell(picture.rows[row].token.name, ink: .zone(picture.rows[row].kind.colour)),
        ContentCell(picture.rows[row].label?.name ?? "-"), ContentCell(looks.joined(separator: ", ")),
      ]
    }
    return ContentTable(
      columns: [.number("row"), .words("token"), .words("predicts"), .words("looks at")], rows: lines,
      groupStarts: starts)
  }
}
