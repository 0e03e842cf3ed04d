// Attention for a terminal: a digit per pair, and the rows that each memory and repetition row looks at.

import LoMA
import LoMAVectors

/// Draws pictures of attention as lines of text.
package struct LookText: Sendable {
  private let drawing: TextDrawing

  package init(hasColour: Bool) { drawing = TextDrawing(hasColour: hasColour) }

  /// One picture below the other.
  package func draw(_ looks: [LookPicture]) -> String {
    looks.map { look in
      let rows = look.picture.rows
      let kinds = look.picture.words.kinds.filter { $0.colour == .memory || $0.colour == .repetition }
      let listing = drawing.lines(of: look.table(of: kinds))
      let grid = drawing.lines(of: look.picture) { query, key in
        guard look.picture.allows(query: query, key: key) else { return drawing.hidden }
        let tenths = min(Int(look.weight(query, key) * 10), 9)
        return drawing.paint(tenths == 0 ? "-" : "\(tenths)", .zone(rows[key].kind.colour))
      }
      let legend = [
        "  a line is a query, a column a key; a digit: the tenths of its attention that the query gives the key",
        "  - less than a tenth   · hidden",
      ]
      return ([look.title] + grid + [""] + legend + [""] + listing).map { $0 + "\n" }.joined()
    }.joined(separator: "\n")
  }
}
