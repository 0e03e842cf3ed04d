// LAY-2, MSK: the rows of a case's texts, so that a report can name them and draw their masks.

import LoMA
import LoMAJudgement
import LoMAVectors

/// The texts of a case and their layout.
package struct CaseLayout: Sendable {
  /// A description on one line.
  package let caption: String
  /// The text tokens per chunk, c · t.
  let chunkLength: Int
  /// The rows of each text; all texts have the same number.
  let texts: [[Row]]
  /// The decisions that the mask depends on.
  let profile: Profile

  /// The number of texts in the batch.
  package init(caption: String, parameters: Parameters, batch: Batch, profile: Profile) {
    self.caption = caption
    chunkLength = parameters.chunkLength
    texts = batch.texts
    self.profile = profile
  }

  /// The number of rows of a text.
  var rowCount: Int { texts.first?.count ?? 0 }

  /// The label of a row in a picture: the zone's letter, chunk and index, as in `m0.1`; a pad has no chunk and index.
  static func label(_ place: Place) -> String {
    guard let chunk = place.chunk, let index = place.index else { return String(place.zone.letter) }
    return "\(place.zone.letter)\(chunk).\(index)"
  }

  /// The label of a row of a text, with the text's number if there are several texts.
  func label(_ row: Int, ofText text: Int) -> String {
    (texts.count > 1 ? "text \(text) " : "") + CaseLayout.label(texts[text][row].place)
  }
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
      guard let texts, texts.chunkLength > 0 else { break }
      return CaseLayout.label(.reading(chunk: row / texts.chunkLength, index: row % texts.chunkLength))
    default: break
    }
    return "\(row)"
  }

  /// The name of a column; its number if it has no name.
  func column(_ column: Int) -> String {
    guard let texts, dimensions.last == .key || dimensions.last == .row, texts.texts.count == 1,
      divergence.columns == texts.rowCount
    else { return "\(column)" }
    return CaseLayout.label(texts.texts[0][column].place)
  }
}
