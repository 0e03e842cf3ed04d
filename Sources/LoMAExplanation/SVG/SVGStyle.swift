// Colours and words of every SVG picture.

import LoMA
import LoMAVectors

/// What all pictures share.
enum SVGStyle {
  /// The side of a cell.
  static let cell = 12
  /// From one line of words to the next.
  static let lineHeight = 16
  /// Words on a coloured tile, whatever the page.
  static let dark = "#111111"

  /// The page and what stands on it, in the light and in the dark; tiles keep their colours.
  static let sheet = """
    .page{fill:#ffffff}.ink{fill:#111111}.dim{fill:#444444}.none{fill:#f4f4f4}.dot{fill:#8a8a8a}
    .axis{stroke:#8a8a8a;fill:none}.curve{stroke:#111111;fill:none;stroke-width:2}.ring{stroke:#d55e00;fill:none;stroke-width:2.5}
    @media (prefers-color-scheme:dark){.page{fill:#14161a}.ink{fill:#e8eaee}.dim{fill:#a3aab6}.none{fill:#1e2127}
    .dot{fill:#868e9b}.axis{stroke:#868e9b}.curve{stroke:#e8eaee}.ring{stroke:#ff9a4d}}
    """

  /// Words on the page.
  static func text(
    _ words: String, x: Int, y: Int, size: Int = 11, dim: Bool = false, anchor: String? = nil
  ) -> Markup {
    Markup(
      "text",
      ["x": "\(x)", "y": "\(y)", "font-size": "\(size)", "text-anchor": anchor, "class": dim ? "dim" : "ink"], words)
  }

  /// Words upwards, from a point or with their end at it.
  static func upwards(_ words: String, x: Int, y: Int, anchor: String? = nil) -> Markup {
    Markup(
      "text",
      ["transform": "translate(\(x) \(y)) rotate(-90)", "font-size": "9", "text-anchor": anchor, "class": "dim"], words)
  }

  /// A straight line.
  static func line(_ x1: Int, _ y1: Int, _ x2: Int, _ y2: Int) -> Markup {
    Markup(
      empty: "line", ["class": "axis", "x1": "\(x1)", "y1": "\(y1)", "x2": "\(x2)", "y2": "\(y2)"])
  }

  /// A tile in a kind's colour with words in its middle.
  static func tile(_ kind: RowKind, _ words: String, x: Int, y: Int, width: Int, height: Int) -> [Markup] {
    let middle: Markup.Attributes = [
      "x": "\(x + width / 2)", "y": "\(y + height / 2 + 3)", "font-size": "9", "text-anchor": "middle", "fill": dark,
    ]
    return [
      Markup(
        empty: "rect",
        ["x": "\(x)", "y": "\(y)", "width": "\(width)", "height": "\(height)", "fill": fill(kind.colour)]),
      Markup("text", middle, words),
    ]
  }

  /// One pattern per kind with its letter, and the dot of a hidden cell.
  static func patterns(_ kinds: [RowKind]) -> [Markup] {
    func pattern(_ name: String, _ square: Markup.Attributes, _ sign: Markup) -> Markup {
      Markup(
        "pattern", ["id": name, "width": "\(cell)", "height": "\(cell)", "patternUnits": "userSpaceOnUse"],
        [
          Markup(empty: "rect", ["class": "page", "width": "\(cell)", "height": "\(cell)"]),
          Markup(empty: "rect", square), sign,
        ])
    }
    let side = "\(cell - 1)"
    let tiles = kinds.map { kind in
      pattern(
        kind.name, ["width": side, "height": side, "fill": fill(kind.colour)],
        Markup("text", ["x": "3", "y": "8.5", "font-size": "9", "fill": dark], String(kind.letter)))
    }
    guard !kinds.isEmpty else { return [] }
    let dot = Markup(empty: "circle", ["class": "dot", "cx": "5.5", "cy": "5.5", "r": "0.9"])
    return tiles + [pattern("hidden", ["class": "none", "width": side, "height": side], dot)]
  }

  /// Okabe and Ito's palette, whose colours stay distinct under every form of colour blindness; dark letters are
  /// legible on all of them.
  static func fill(_ zone: Zone) -> String {
    switch zone {
    case .reading: "#56b4e9"
    case .memory: "#e69f00"
    case .repetition: "#cc79a7"
    case .pad: "#bbbbbb"
    }
  }
}
