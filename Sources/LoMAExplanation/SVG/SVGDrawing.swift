// Draws sections of an explanation as one SVG file, one below the other. Letters repeat what colours say, and a reader
// with dark pages sees a dark picture.

import LoMA
import LoMAVectors

/// A section as a picture, without a frame.
struct SVGPart {
  /// What is drawn, from the point (0, 0) to the right and down.
  let lines: [Markup]
  let width: Int
  let height: Int
}

/// Draws sections of an explanation.
package struct SVGDrawing: Sendable {
  /// The clause whose cells of the mask are ringed, and whose sentence stands in the legend; nil for none.
  let highlighted: String?

  /// Further cells of the masks that are ringed.
  private let ringed: [MaskCell]

  /// A drawing in which the cells of a clause may stand out.
  package init(highlighting clause: String? = nil) { (highlighted, ringed) = (clause, []) }

  /// A drawing in which some cells are ringed.
  init(ringing cells: [MaskCell]) { (highlighted, ringed) = (nil, cells) }

  /// A complete file of these sections; `title` and what each shows are read out by screen readers.
  package func draw(_ figures: [SVGFigure], title: String) -> String {
    var (y, width) = (30, 48 + title.count * 9)
    var (body, descriptions, kinds): ([Markup], [String], [RowKind]) = ([], [], [])
    for figure in figures {
      descriptions.append(figure.description)
      for kind in figure.kinds where !kinds.contains(kind) { kinds.append(kind) }
      for part in parts(of: figure) {
        body.append(Markup("g", ["transform": "translate(0 \(y))"], lines: part.lines))
        y += part.height
        width = max(width, part.width)
      }
    }
    let (words, height) = (descriptions.joined(separator: " "), y + SVGStyle.lineHeight)
    let picture = Markup(
      "svg",
      [
        "xmlns": "http://www.w3.org/2000/svg", "width": "\(width)", "height": "\(height)",
        "viewBox": "0 0 \(width) \(height)", "role": "img", "aria-labelledby": "title description",
        "font-family": "'DejaVu Sans Mono', Menlo, Consolas, monospace",
      ],
      lines: [
        Markup("title", ["id": "title"], title), Markup("desc", ["id": "description"], words),
        Markup("style", SVGStyle.sheet), Markup("defs", lines: SVGStyle.patterns(kinds)),
        Markup(empty: "rect", ["class": "page", "width": "\(width)", "height": "\(height)"]),
        SVGStyle.text(title, x: 24, y: 24, size: 14),
      ] + body)
    return picture.source + "\n"
  }

  private func parts(of figure: SVGFigure) -> [SVGPart] {
    switch figure {
    case .masks(let pictures):
      pictures.map { SVGMask(picture: $0, highlighted: highlighted, ringed: ringed).part }
        + [SVGMask.legend(pictures, highlighted: highlighted)]
    case .positions(let pictures): pictures.map { SVGPositions(picture: $0).part }
    case .caches(let histories): histories.map { SVGCache(history: $0).part }
    case .curves(let curves): curves.map { SVGCurves(curves: $0).part }
    }
  }
}

/// What a picture can show.
package enum SVGFigure: Sendable {
  /// Which row sees which.
  case masks([MaskPicture])
  /// Where rows stand.
  case positions([MaskPicture])
  /// What is cached after each event.
  case caches([CacheHistory])
  /// Numbers that grow with a text.
  case curves([Curves])

  /// What is drawn, for a reader who does not see it.
  var description: String {
    switch self {
    case .masks(let pictures):
      (pictures.first?.words ?? .loma).description + pictures.map { $0.caption }.joined(separator: "; ") + "."
    case .positions(let pictures):
      "The positions of rows as a line of numbers, with the rows of each kind below the position that they are fed: "
        + pictures.map { $0.caption }.joined(separator: "; ") + "."
    case .caches(let histories):
      "The cache after each event as a column of letters, one an entry: "
        + histories.map { $0.summary }.joined(separator: "; ") + "."
    case .curves(let curves): curves.map { $0.summary }.joined(separator: " ")
    }
  }

  /// The kinds of row in it.
  var kinds: [RowKind] {
    switch self {
    case .masks(let pictures), .positions(let pictures): pictures.first?.words.kinds ?? []
    case .caches(let histories): histories.first?.kinds ?? []
    case .curves: []
    }
  }

}
