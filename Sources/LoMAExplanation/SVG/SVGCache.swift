// Draws the cache as it grows and shrinks: a column per event, a tile per entry.

import LoMA
import LoMAVectors

/// The cache of a text.
struct SVGCache {
  let history: CacheHistory
  private let cell = SVGStyle.cell
  private let left = 72

  init(history: CacheHistory) { self.history = history }

  var part: SVGPart {
    let most = history.steps.map { $0.entries.count }.max() ?? 0
    let (top, words) = (44, 12 + (history.steps.map { $0.event.count }.max() ?? 0) * 6)
    let bottom = top + most * cell
    var lines = [
      SVGStyle.text("cache: " + history.summary, x: 24, y: 20, dim: true),
      SVGStyle.text("entries", x: left - 10, y: bottom - 2, size: 9, dim: true, anchor: "end"),
      SVGStyle.line(left - 4, bottom, left + history.steps.count * cell, bottom),
    ]
    for (index, step) in history.steps.enumerated() {
      let x = left + index * cell
      var column: [Markup] = [Markup("title", step.event + ": \(step.entries.count) entries")]
      for (entry, kind) in step.entries.enumerated() {
        column += SVGStyle.tile(
          kind, String(kind.letter), x: x, y: bottom - (entry + 1) * cell, width: cell - 1, height: cell - 1)
      }
      column.append(
        SVGStyle.text(
          "\(step.entries.count)", x: x + cell / 2, y: bottom - step.entries.count * cell - 4, size: 7, dim: true,
          anchor: "middle"))
      column.append(SVGStyle.upwards(step.event, x: x + 9, y: bottom + 6, anchor: "end"))
      lines.append(Markup("g", [:], column))
    }
    return SVGPart(
      lines: lines, width: max(left + history.steps.count * cell + 24, 48 + (history.summary.count + 7) * 7),
      height: bottom + words + 16)
  }
}
