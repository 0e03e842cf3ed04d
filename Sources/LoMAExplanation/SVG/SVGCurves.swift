// Draws curves over the length of a text, or over the steps of a run.

import LoMA
import LoMAVectors

/// Curves in one frame.
struct SVGCurves {
  let curves: Curves
  private let width = 420
  private let height = 160
  private let left = 96
  private let top = 36

  init(curves: Curves) { self.curves = curves }

  var part: SVGPart {
    let last = curves.lengths.last ?? 0
    let most = max(curves.curves.flatMap { $0.values }.max() ?? 1, 1)
    let bottom = top + height
    var lines = [
      SVGStyle.text(curves.title, x: 24, y: 20, dim: true),
      SVGStyle.line(left, top, left, bottom), SVGStyle.line(left, bottom, left + width, bottom),
      SVGStyle.text(curves.text(most), x: left - 6, y: top + 4, size: 9, dim: true, anchor: "end"),
      SVGStyle.text("0", x: left - 6, y: bottom + 3, size: 9, dim: true, anchor: "end"),
      SVGStyle.text("\(curves.over) = \(last)", x: left + width, y: bottom + 14, size: 9, dim: true, anchor: "end"),
    ]
    for curve in curves.curves {
      let points = zip(curves.lengths, curve.values).map { n, value in
        let x = Double(n) / Double(max(last, 1)) * Double(width)
        return "\(left + Int(x.rounded())),\(bottom - Int((value / most * Double(height)).rounded()))"
      }
      lines.append(
        Markup(
          empty: "polyline",
          [
            "class": "curve", "points": points.joined(separator: " "),
            "stroke-dasharray": curve.dashes,
          ]))
    }
    // Names stand at the ends, the highest first, and never on one another.
    var free = top - 12
    for curve in curves.curves.sorted(by: { ($0.values.last ?? 0) > ($1.values.last ?? 0) }) {
      let end = curve.values.last ?? 0
      free = max(free + 14, bottom - Int((end / most * Double(height)).rounded()) + 4)
      lines.append(SVGStyle.text("\(curve.name): \(curves.text(end))", x: left + width + 8, y: free))
    }
    return SVGPart(lines: lines, width: left + width + 220, height: bottom + 32)
  }
}
