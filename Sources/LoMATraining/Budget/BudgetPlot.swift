// EQB-9: a plot of what caches give back against their bits, as SVG. Methods are told apart by marker, dash and a name
// at the line's end, colours only repeat that; a reader's light or dark scheme decides the ground.

import LoMAVectors
import NaiveLlama

/// One line of a plot.
package struct PlotLine: Sendable {
  package let name: String
  package let kind: BudgetKind
  /// Share of the full cache, above 0, and what was given back, by falling share.
  package let points: [(share: Double, value: Double)]

  package init(name: String, kind: BudgetKind, points: [(share: Double, value: Double)]) {
    (self.name, self.kind) = (name, kind)
    self.points = points.sorted { $0.share > $1.share }
  }
}

/// The axes of a plot, and its lines.
package struct BudgetPlot: Sendable {
  package let title: String
  /// What the vertical axis measures.
  package let measure: String
  /// From the bottom to the top.
  package let values: ClosedRange<Double>
  /// Where lines are drawn across, with their words.
  package let marks: [(value: Double, words: String)]
  package let lines: [PlotLine]

  package init(
    title: String, measure: String, values: ClosedRange<Double>, marks: [(value: Double, words: String)],
    lines: [PlotLine]
  ) {
    (self.title, self.measure, self.values) = (title, measure, values)
    (self.marks, self.lines) = (marks, lines)
  }

  private static let (left, top, width, height) = (64, 52, 560, 380)
  private static let least = 7

  /// What the plot shows, in words: every line with the ends of it.
  package var description: String {
    let sentences = lines.map { line in
      let ends = [line.points.first, line.points.last].compactMap { $0 }.map { point in
        "\(Self.percent(point.share * 100)) of the bits, \(Self.percent(point.value))"
      }
      return "\(line.name): " + (line.points.count == 1 ? ends.prefix(1) : ends[...]).joined(separator: " to ")
    }
    return measure + " against bits held, in per cent of a full cache, from all to 1/128. "
      + sentences.joined(separator: "; ") + "."
  }

  /// A number with one decimal, rounded down.
  private static func percent(_ value: Double) -> String {
    decimals(value + 1e-7, 1, .down)
  }

  /// From the left: 1, then a step for each halving.
  private func x(_ share: Double) -> Int {
    let halvings = min(Double(Self.least), max(0, -Elementary.logarithm(share) / Elementary.logarithm(2)))
    return Self.left + Int((halvings / Double(Self.least) * Double(Self.width)).rounded())
  }

  private func y(_ value: Double) -> Int {
    let part =
      (min(max(value, values.lowerBound), values.upperBound) - values.lowerBound)
      / (values.upperBound - values.lowerBound)
    return Self.top + Self.height - Int((part * Double(Self.height)).rounded())
  }

  /// A whole SVG file.
  package var source: String {
    let (all, tall) = (Self.left + Self.width + 190, Self.top + Self.height + 60)
    let svg = Markup(
      "svg",
      [
        "xmlns": "http://www.w3.org/2000/svg", "width": "\(all)", "height": "\(tall)",
        "viewBox": "0 0 \(all) \(tall)", "role": "img", "aria-labelledby": "title description",
        "font-family": "'DejaVu Sans', Helvetica, Arial, sans-serif", "font-size": "11",
      ],
      lines: [
        Markup("title", ["id": "title"], title), Markup("desc", ["id": "description"], description),
        Markup("style", [Markup(EmbeddedText(PackageResources.budget_css))]),
        Markup(empty: "rect", ["class": "ground", "width": "\(all)", "height": "\(tall)"]),
        Markup("text", ["class": "ink", "x": "16", "y": "22", "font-size": "14"], title),
        Markup("text", ["class": "ink", "x": "16", "y": "40"], measure),
      ] + grid + lines.indices.map { drawn($0) } + names)
    return svg.source + "\n"
  }

  /// Lines across at every tenth and at the marks, lines down at the points.
  private var grid: [Markup] {
    var parts: [Markup] = []
    for halving in 0...Self.least {
      let x = Self.left + halving * Self.width / Self.least
      parts.append(
        Markup(
          empty: "path", ["class": "grid", "d": "M\(x) \(Self.top)V\(Self.top + Self.height)"]))
      parts.append(
        Markup(
          "text",
          ["class": "ink", "x": "\(x)", "y": "\(Self.top + Self.height + 18)", "text-anchor": "middle"],
          halving == 0 ? "full" : "1/\(1 << halving)"))
    }
    parts.append(
      Markup(
        "text",
        [
          "class": "ink", "x": "\(Self.left + Self.width / 2)", "y": "\(Self.top + Self.height + 40)",
          "text-anchor": "middle",
        ], "bits held, as a share of the full cache"))
    for tenth in 0...10 {
      let value = values.lowerBound + (values.upperBound - values.lowerBound) * Double(tenth) / 10
      let y = y(value)
      parts.append(
        Markup(empty: "path", ["class": "grid", "d": "M\(Self.left) \(y)H\(Self.left + Self.width)"]))
      parts.append(
        Markup(
          "text", ["class": "ink", "x": "\(Self.left - 8)", "y": "\(y + 4)", "text-anchor": "end"],
          values.upperBound > 10 ? "\(Int(value.rounded()))" : decimals(value, 3)))
    }
    for mark in marks {
      let y = y(mark.value)
      parts.append(
        Markup(empty: "path", ["class": "mark", "d": "M\(Self.left) \(y)H\(Self.left + Self.width)"]))
      parts.append(
        Markup("text", ["class": "ink", "x": "\(Self.left + 6)", "y": "\(y - 4)"], mark.words))
    }
    return parts
  }

  /// One line with its markers.
  private func drawn(_ place: Int) -> Markup {
    let line = lines[place]
    let points = line.points.map { (x: x($0.share), y: y($0.value)) }
    let path = points.enumerated().map { ($0.offset == 0 ? "M" : "L") + "\($0.element.x) \($0.element.y)" }
    let colour = "c\(place % Self.colours)"
    var parts = [
      Markup("title", line.name), Markup(empty: "path", ["class": "line \(Self.dash(line.kind))", "d": path.joined()]),
    ]
    for point in points {
      parts.append(Markup(empty: "path", ["class": "marker", "d": Self.marker(place, point.x, point.y)]))
    }
    return Markup("g", ["class": colour], parts)
  }

  /// The names at the right, beside the ends of their lines and apart from each other, each with its marker.
  private var names: [Markup] {
    let step = 15
    let ends = lines.indices.map { place in
      (place: place, y: lines[place].points.last.map { y($0.value) } ?? Self.top)
    }.sorted { ($0.y, $0.place) < ($1.y, $1.place) }
    var below = Self.top - step
    let spare = ends.indices.map { Self.top + Self.height - (ends.count - 1 - $0) * step }
    return ends.enumerated().map { index, end in
      let y = max(below + step, min(end.y, spare[index]))
      below = y
      let (line, x) = (lines[end.place], Self.left + Self.width + 16)
      return Markup(
        "g", ["class": "c\(end.place % Self.colours)"],
        [
          Markup(empty: "path", ["class": "line \(Self.dash(line.kind))", "d": "M\(x) \(y)h26"]),
          Markup(empty: "path", ["class": "marker", "d": Self.marker(end.place, x + 13, y)]),
          Markup("text", ["class": "ink", "x": "\(x + 32)", "y": "\(y + 4)"], line.name),
        ])
    }
  }

  private static let colours = 8

  private static func dash(_ kind: BudgetKind) -> String {
    switch kind {
    case .line: "reference"
    case .trained: "trained"
    case .twin: "twin"
    case .composition: "composition"
    }
  }

  /// A shape of its own for each of twelve lines: squares, triangles, crosses, and more.
  private static func marker(_ place: Int, _ x: Int, _ y: Int) -> String {
    switch place % 12 {
    case 0: "M\(x - 4) \(y)a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z"
    case 1: "M\(x - 4) \(y - 4)h8v8h-8z"
    case 2: "M\(x) \(y - 5)l5 9h-10z"
    case 3: "M\(x) \(y - 5)l5 5l-5 5l-5 -5z"
    case 4: "M\(x - 4) \(y - 4)l8 8M\(x - 4) \(y + 4)l8 -8"
    case 5: "M\(x - 5) \(y)h10M\(x) \(y - 5)v10"
    case 6: "M\(x) \(y + 5)l5 -9h-10z"
    case 7: "M\(x - 5) \(y)h10"
    case 8: "M\(x) \(y - 5)v10"
    case 9: "M\(x - 5) \(y - 2)h10v4h-10z"
    case 10: "M\(x - 2) \(y - 5)h4v10h-4z"
    default: "M\(x - 4) \(y + 3)l4 -7l4 7M\(x - 5) \(y + 5)h10"
    }
  }
}
