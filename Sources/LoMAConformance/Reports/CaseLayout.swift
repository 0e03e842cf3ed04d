// LAY-2, MSK: the rows behind a case's tensors, for a report to name them and to draw their masks.

import LoMA
import LoMAJudgement
import LoMAVectors

/// The texts of a case as they are laid out.
package struct CaseLayout: Sendable {
  /// What they are, on one line.
  package let caption: String
  /// Text tokens of a chunk, c · t.
  let chunkLength: Int
  /// The rows of each text; all have the same number.
  let texts: [[Row]]
  /// The decisions behind the mask.
  let profile: Profile

  /// Texts of a batch.
  package init(caption: String, parameters: Parameters, batch: Batch, profile: Profile) {
    self.caption = caption
    chunkLength = parameters.chunkLength
    texts = batch.texts
    self.profile = profile
  }

  /// The rows of a text.
  var rowCount: Int { texts.first?.count ?? 0 }

  /// A row as a picture labels it: the zone's letter, chunk and index, as in `m0.1`; a pad has neither.
  static func label(_ place: Place) -> String {
    guard let chunk = place.chunk, let index = place.index else { return String(place.zone.letter) }
    return "\(place.zone.letter)\(chunk).\(index)"
  }

  /// The label of a row of a text, with the text's number where there are several.
  func label(_ row: Int, ofText text: Int) -> String {
    (texts.count > 1 ? "text \(text) " : "") + CaseLayout.label(texts[text][row].place)
  }
}

/// What the rows and columns of a wrong tensor are called.
struct CellNames {
  let divergence: Divergence
  let texts: CaseLayout?
  private let dimensions: [TensorMeaning.Dimension]

  init(_ result: CaseResult, _ divergence: Divergence, _ texts: CaseLayout?) {
    self.divergence = divergence
    self.texts = texts
    // In a property case the number of the answer stands before the tensor's name.
    let parts = divergence.tensor.split(separator: ".", maxSplits: 1)
    let isNumbered = parts.count == 2 && parts[0].allSatisfy(\.isNumber)
    let tensor = isNumbered ? String(parts[1]) : divergence.tensor
    dimensions =
      divergence.tensor == Divergence.whoHeardWhom
      ? [.query, .key] : Operation(rawValue: result.op).map { TensorMeaning.dimensions(op: $0, tensor: tensor) } ?? []
  }

  /// A row of the tensor; its number where it has no name.
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

  /// A column of the tensor; its number where it has no name.
  func column(_ column: Int) -> String {
    guard let texts, dimensions.last == .key || dimensions.last == .row, texts.texts.count == 1,
      divergence.columns == texts.rowCount
    else { return "\(column)" }
    return CaseLayout.label(texts.texts[0][column].place)
  }
}
