// Draws masks as SVG; letters repeat what colours say, and every block of cells carries its clause.
//
// The cells where a zone of one chunk meets a zone of another form a block, and one clause decides all of them; likewise
// for the roles and segments of CCM, whose sinks have blocks of their own. A block is a group with that clause and its sentence as a tooltip, dots for hidden cells, and one rectangle per run of
// visible cells in a row.

import LoMA
import LoMAVectors

/// Draws masks, one below the other.
package struct SVGDrawing: Sendable {
  private let cell = 12
  private let top = 78
  private let lineHeight = 16

  package init() {}

  /// A complete SVG file; `title` and `description` are read out by screen readers.
  package func draw(_ pictures: [MaskPicture], title: String) -> String {
    var body: [Markup] = []
    let (legend, words) = (legend(pictures), pictures.first?.words ?? .loma)
    let longestLine = pictures.first?.sentences.map { $0.sentence.count }.max() ?? 0
    var (y, width) = (30, max(48 + title.count * 9, 48 + (longestLine + 8) * 7))
    for picture in pictures {
      let edges = edges(of: picture)
      body.append(Markup("g", ["transform": "translate(0 \(y))"], lines: lines(of: picture, edges)))
      y += top + edges.end + 24
      width = max(width, left(of: picture) + edges.end + 24)
    }
    body.append(Markup("g", ["transform": "translate(24 \(y))"], lines: legend))
    let height = y + (legend.count + 1) * lineHeight
    let description =
      words.description
      + pictures.map { $0.caption }.joined(separator: "; ")
    let picture = Markup(
      "svg",
      [
        "xmlns": "http://www.w3.org/2000/svg", "width": "\(width)", "height": "\(height)",
        "viewBox": "0 0 \(width) \(height)", "role": "img", "aria-labelledby": "title description",
        "font-family": "'DejaVu Sans Mono', Menlo, Consolas, monospace",
      ],
      lines: [
        Markup("title", ["id": "title"], title), Markup("desc", ["id": "description"], description),
        Markup("defs", lines: patterns(words.kinds)),
        Markup(empty: "rect", ["width": "\(width)", "height": "\(height)", "fill": "#ffffff"]),
        Markup("text", ["x": "24", "y": "24", "font-size": "14", "fill": Self.dark], title),
      ] + body)
    return picture.source + "\n"
  }

  /// The start of each row's cell, with a gap before a kind and a wider gap before a group.
  private func edges(of picture: MaskPicture) -> (starts: [Int], end: Int) {
    let (groupStarts, kindStarts) = (picture.groupStarts, picture.kindStarts)
    var starts: [Int] = []
    var edge = 0
    for row in picture.rows.indices {
      if groupStarts.contains(row) { edge += 8 } else if kindStarts.contains(row) { edge += 3 }
      starts.append(edge)
      edge += cell
    }
    return (starts, edge)
  }

  /// The left edge of the cells; numbers and tokens are to the left of it.
  private func left(of picture: MaskPicture) -> Int {
    72 + max(4, picture.rows.map { $0.token.name.count }.max() ?? 0) * 6
  }

  /// The ranges of rows between some of them.
  private func ranges(_ starts: Set<Int>, of picture: MaskPicture) -> [Range<Int>] {
    let starts = [0] + starts.sorted() + [picture.rows.count]
    return zip(starts, starts.dropFirst()).filter { $0 < $1 }.map { $0..<$1 }
  }

  private func lines(of picture: MaskPicture, _ edges: (starts: [Int], end: Int)) -> [Markup] {
    let left = left(of: picture)
    let blocks = ranges(picture.blockStarts, of: picture)
    var lines = [Markup("text", ["x": "24", "y": "20", "font-size": "11", "fill": Self.grey], picture.caption)]
    lines += header(of: picture, edges.starts)
    for queries in blocks {
      for keys in blocks {
        let clause = picture.rule(queries.lowerBound, keys.lowerBound).clause
        let (x, y) = (left + edges.starts[keys.lowerBound], top + edges.starts[queries.lowerBound])
        let (width, height) = (keys.count * cell, queries.count * cell)
        var parts = [
          Markup("title", clause + " " + picture.sentence(of: clause)), .lineEnd,
          Markup(
            empty: "rect", ["class": "hidden", "width": "\(width)", "height": "\(height)", "fill": "url(#hidden)"]),
          .lineEnd,
        ]
        for query in queries {
          for run in runs(of: keys, seenBy: query, in: picture) {
            let kind = picture.rows[run.lowerBound].kind.name
            let (x, y) = ((run.lowerBound - keys.lowerBound) * cell, (query - queries.lowerBound) * cell)
            let attributes: Markup.Attributes = [
              "class": kind, "x": "\(x)", "y": "\(y)", "width": "\(run.count * cell)", "height": "\(cell)",
              "fill": "url(#\(kind))",
            ]
            parts += [Markup(empty: "rect", attributes), .lineEnd]
          }
        }
        lines.append(
          Markup(
            "g",
            [
              "transform": "translate(\(x) \(y))", "data-clause": clause, "data-query": "\(queries.lowerBound)",
              "data-key": "\(keys.lowerBound)",
            ], parts))
      }
    }
    return lines
  }

  /// The contiguous ranges of keys that a query sees.
  private func runs(of keys: Range<Int>, seenBy query: Int, in picture: MaskPicture) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    for key in keys where picture.allows(query: query, key: key) {
      if let last = runs.last, last.upperBound == key {
        runs[runs.count - 1] = last.lowerBound..<key + 1
      } else {
        runs.append(key..<key + 1)
      }
    }
    return runs
  }

  /// Group names, kind bars and row numbers above, and numbers, tokens and kind bars on the left.
  private func header(of picture: MaskPicture, _ starts: [Int]) -> [Markup] {
    let (rows, left, word) = (picture.rows, left(of: picture), picture.words.group)
    var lines: [Markup] = []
    for group in ranges(picture.groupStarts, of: picture) {
      let width = starts[group.upperBound - 1] + cell - starts[group.lowerBound]
      let number = rows[group.lowerBound].group.map(String.init) ?? "pad"
      let name = rows[group.lowerBound].group == nil || width < word.count * 7 + 25 ? number : word + " " + number
      lines.append(
        Markup(
          "text", ["x": "\(left + starts[group.lowerBound])", "y": "38", "font-size": "11", "fill": Self.dark], name))
    }
    for segment in ranges(picture.kindStarts, of: picture) {
      let kind = rows[segment.lowerBound].kind
      let (edge, length) = (starts[segment.lowerBound], segment.count * cell - 1)
      lines.append(
        .joined(
          bar(kind, x: left + edge, y: top - 15, width: length, height: 10)
            + bar(kind, x: left - 15, y: top + edge, width: 10, height: length)))
    }
    for row in rows.indices {
      let (x, y) = (left + starts[row] + 9, top + starts[row] + 9)
      let above: Markup.Attributes = [
        "transform": "translate(\(x) \(top - 19)) rotate(-90)", "font-size": "9", "fill": Self.grey,
      ]
      let beside: Markup.Attributes = [
        "x": "46", "y": "\(y)", "font-size": "9", "text-anchor": "end", "fill": Self.grey,
      ]
      let token: Markup.Attributes = ["x": "52", "y": "\(y)", "font-size": "9", "fill": Self.dark]
      lines.append(
        .joined([
          Markup("text", above, "\(row)"), Markup("text", beside, "\(row)"),
          Markup("text", token, rows[row].token.name),
        ]))
    }
    return lines
  }

  /// A bar in a kind's colour with the kind's letter in the middle.
  private func bar(_ kind: RowKind, x: Int, y: Int, width: Int, height: Int) -> [Markup] {
    let middle: Markup.Attributes = [
      "x": "\(x + width / 2)", "y": "\(y + height / 2 + 3)", "font-size": "9", "text-anchor": "middle",
      "fill": Self.dark,
    ]
    return [
      Markup(
        empty: "rect",
        ["x": "\(x)", "y": "\(y)", "width": "\(width)", "height": "\(height)", "fill": fill(kind.colour)]),
      Markup("text", middle, String(kind.letter)),
    ]
  }

  /// The legend: the letters, and every clause that decides a cell.
  private func legend(_ pictures: [MaskPicture]) -> [Markup] {
    guard let first = pictures.first else { return [] }
    let kinds = first.words.kinds.filter { kind in pictures.contains { $0.kinds.contains(kind) } }
    var keys: [Markup] = []
    var x = 0
    func name(_ name: String) -> Markup {
      Markup("text", ["x": "\(x + 18)", "y": "10", "font-size": "11", "fill": Self.dark], name)
    }
    for kind in kinds {
      keys += [
        Markup(
          empty: "rect", ["x": "\(x)", "y": "0", "width": "\(cell)", "height": "\(cell)", "fill": fill(kind.colour)]),
        Markup("text", ["x": "\(x + 3)", "y": "9", "font-size": "9", "fill": Self.dark], String(kind.letter)),
        name(kind.name),
      ]
      x += 18 + (kind.name.count + 3) * 7
    }
    keys += [
      Markup(empty: "circle", ["cx": "\(x + 6)", "cy": "6", "r": "1", "fill": "#767676"]), name("hidden"),
    ]
    return [.joined(keys)]
      + first.sentences.filter { $0.applies(to: kinds) }.enumerated().map { index, sentence in
        let space = String(repeating: "\u{A0}", count: 8 - sentence.clause.count)
        return Markup(
          "text", ["y": "\((index + 2) * lineHeight)", "font-size": "11", "fill": Self.dark],
          sentence.clause + space + sentence.sentence)
      }
  }

  /// One tile per kind with its letter, and the dot of a hidden cell.
  private func patterns(_ kinds: [RowKind]) -> [Markup] {
    func tile(_ name: String, fill: String, _ sign: Markup) -> Markup {
      func square(_ side: Int, _ fill: String) -> Markup {
        Markup(empty: "rect", ["width": "\(side)", "height": "\(side)", "fill": fill])
      }
      return Markup(
        "pattern",
        ["id": name, "width": "\(cell)", "height": "\(cell)", "patternUnits": "userSpaceOnUse"],
        [square(cell, "#ffffff"), square(cell - 1, fill), sign])
    }
    let tiles = kinds.map { kind in
      let letter: Markup.Attributes = ["x": "3", "y": "8.5", "font-size": "9", "fill": Self.dark]
      return tile(kind.name, fill: fill(kind.colour), Markup("text", letter, String(kind.letter)))
    }
    let dot = Markup(empty: "circle", ["cx": "5.5", "cy": "5.5", "r": "0.9", "fill": "#8a8a8a"])
    return tiles + [tile("hidden", fill: "#f4f4f4", dot)]
  }

  /// Words that are read, and words beside them.
  private static let dark = "#111111"
  private static let grey = "#444444"

  /// Okabe and Ito's palette, whose colours stay distinct under every form of colour blindness; dark letters are
  /// legible on all of them.
  private func fill(_ zone: Zone) -> String {
    switch zone {
    case .reading: "#56b4e9"
    case .memory: "#e69f00"
    case .repetition: "#cc79a7"
    case .pad: "#bbbbbb"
    }
  }
}
