// Writes a comparison of two tensor files as text, with rows named by zone and chunk if their layout is known.

import LoMA
import LoMAVectors

/// Writes a comparison as text.
package struct ComparisonText: Sendable {
  /// The rows of the layout; empty if the layout is unknown.
  private let rows: [Row]

  /// Names no rows.
  package init() { rows = [] }

  /// Names the rows of a text of n tokens; throws LoMA's rejections.
  package init(c: Int, t: Int, textLength: Int, layout: LayoutKind) throws(InputError) {
    var inputs = ExplanationInputs(c: c, t: t, texts: [.length(textLength)])
    inputs.layout = layout
    let explanation = try Explanation(inputs)
    // No dimension of a tensor exceeds the size of a file, so the names of more rows are never needed.
    rows = explanation.rowCount <= 1 << 20 ? try explanation.batch().texts.first ?? [] : []
  }

  /// One line for each tensor that differs, and a line of totals.
  package func draw(_ comparison: FileComparison) -> String {
    var lines = comparison.differences.map { "\($0.name.onOneLine): \(line($0.difference))" }
    let count = comparison.differences.count
    let equal = comparison.equalCount
    lines.append(
      "\(equal) tensor\(equal == 1 ? " is" : "s are") equal, \(count) \(count == 1 ? "differs" : "differ")")
    return lines.map { $0 + "\n" }.joined()
  }

  private func line(_ difference: FileComparison.Difference) -> String {
    switch difference {
    case .missing(let inFirst): return "only in the \(inFirst ? "second" : "first") file"
    case .elementType(let a, let b): return "element type \(a), and \(b)"
    case .shape(let a, let b): return "shape \(a), and \(b)"
    case .elements(let elements):
      let place = place(elements.index, of: elements.shape).map { ", " + $0 } ?? ""
      return "\(elements.count) of \(elements.total) elements differ; the largest difference is "
        + "\(elements.absolute), relative \(short(elements.relative)), at \(elements.index)\(place): "
        + "\(elements.values.0), and \(elements.values.1)"
    }
  }

  /// The row in words, if the first or the second dimension has as many entries as the layout has rows.
  private func place(_ index: [Int], of shape: [Int]) -> String? {
    guard let dimension = shape.indices.prefix(2).first(where: { shape[$0] == rows.count }) else { return nil }
    let row = index[dimension]
    let place = rows[row].place
    let chunk = place.chunk.map { ", chunk \($0)" } ?? ""
    return "row \(row): \(place.zone.rawValue) \(place.index ?? 0)\(chunk)"
  }
}
