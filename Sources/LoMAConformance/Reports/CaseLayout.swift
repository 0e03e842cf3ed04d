// LAY-2, MSK: the rows of a case's texts, so that a report can name them and draw their masks.

import LoMA
import LoMAJudgement
import LoMAVectors

/// The texts of a case and their layout.
package struct CaseLayout: Sendable {
  /// A description on one line.
  package let caption: String
  /// The rows of each text as they are labelled in a picture; all texts have the same number.
  let texts: [[RowLabel]]
  /// Whether a query of a text sees a key.
  let sees: @Sendable (_ text: Int, _ query: Int, _ key: Int) -> Bool
  /// The label of a text token that is fed, by its number; nil if it has none.
  private let token: @Sendable (Int) -> String?

  /// A row in a picture.
  package struct RowLabel: Sendable {
    /// What it is, such as `m0.1`.
    package let text: String
    /// Whether it is padding.
    package let isPad: Bool

    /// A row with its label.
    package init(text: String, isPad: Bool) {
      self.text = text
      self.isPad = isPad
    }
  }

  /// Rows with labels, whoever laid them out.
  package init(
    caption: String, texts: [[RowLabel]], token: @escaping @Sendable (Int) -> String?,
    sees: @escaping @Sendable (_ text: Int, _ query: Int, _ key: Int) -> Bool
  ) {
    self.caption = caption
    self.texts = texts
    self.token = token
    self.sees = sees
  }

  /// The rows of a batch as LoMA lays them out.
  package init(caption: String, parameters: Parameters, batch: Batch, profile: Profile) {
    let length = parameters.chunkLength
    let masks = batch.texts.map { Mask(rows: $0, profile: profile) }
    self.init(
      caption: caption,
      texts: batch.texts.map { $0.map { RowLabel(text: Self.label($0.place), isPad: $0.place == .pad) } },
      token: { length > 0 ? Self.label(.reading(chunk: $0 / length, index: $0 % length)) : nil },
      sees: { masks[$0].allows(query: $1, key: $2) })
  }

  /// The number of rows of a text.
  var rowCount: Int { texts.first?.count ?? 0 }

  /// The zone's letter, chunk and index, as in `m0.1`; a pad has no chunk and index.
  private static func label(_ place: Place) -> String {
    guard let chunk = place.chunk, let index = place.index else { return String(place.zone.letter) }
    return "\(place.zone.letter)\(chunk).\(index)"
  }

  /// The label of a row of a text, with the text's number if there are several texts.
  func label(_ row: Int, ofText text: Int) -> String {
    (texts.count > 1 ? "text \(text) " : "") + texts[text][row].text
  }

  /// The label of a text token that is fed; nil if it has none.
  func label(ofToken number: Int) -> String? { token(number) }
}

/// The names of the rows and columns of a wrong tensor.
struct CellNames {
  let divergence: Divergence
  let texts: CaseLayout?
  private let dimensions: [TensorMeaning.Dimension]

  init(_ result: CaseResult, _ divergence: Divergence, _ texts: CaseLayout?) {
    self.divergence = divergence
    self.texts = texts
    // In a property case the tensor's name is preceded by the number of the answer.
    let parts = divergence.tensor.split(separator: ".", maxSplits: 1)
    let isNumbered = parts.count == 2 && parts[0].allSatisfy(\.isNumber)
    let tensor = isNumbered ? String(parts[1]) : divergence.tensor
    dimensions =
      divergence.tensor == Divergence.whoHeardWhom
      ? [.query, .key] : Operation(rawValue: result.op).map { TensorMeaning.dimensions(op: $0, tensor: tensor) } ?? []
  }

  /// The name of a row; its number if it has no name.
  func row(_ row: Int) -> String {
    switch dimensions.dropLast() {
    case [.text]: return texts.map { $0.texts.count > 1 } == true ? "text \(row)" : "all rows"
    case [.text, .row], [.text, .query], [.query], [.row]:
      guard let texts, divergence.rows == texts.texts.count * texts.rowCount else { break }
      return texts.label(row % texts.rowCount, ofText: row / texts.rowCount)
    case [.text, .head, .query], [.head, .query]:
      guard let texts, texts.rowCount > 0, divergence.rows % (texts.texts.count * texts.rowCount) == 0 else { break }
      let heads = divergence.rows / (texts.texts.count * texts.rowCount)
      let (outer, query) = (row / texts.rowCount, row % texts.rowCount)
      return "head \(outer % heads) " + texts.label(query, ofText: outer / heads)
    case [.token]:
      if let label = texts?.label(ofToken: row) { return label }
    default: break
    }
    return "\(row)"
  }

  /// The name of a column; its number if it has no name.
  func column(_ column: Int) -> String {
    guard let texts, dimensions.last == .key || dimensions.last == .row, texts.texts.count == 1,
      divergence.columns == texts.rowCount
    else { return "\(column)" }
    return texts.texts[0][column].text
  }
}
