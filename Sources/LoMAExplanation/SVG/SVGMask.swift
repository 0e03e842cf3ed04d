// Draws a mask as SVG; every block of cells carries its clause.
//
// The cells where a zone of one chunk meets a zone of another form a block, and one clause decides all of them; likewise
// for the roles and segments of CCM, whose sinks have blocks of their own. A block is a group with that clause and its
// sentence as a tooltip, dots for hidden cells, and one rectangle per run of visible cells in a row.

import LoMA
import LoMAVectors

/// One mask.
struct SVGMask {
  let picture: MaskPicture
  /// The clause whose cells are ringed.
  let highlighted: String?
  /// Single cells that are ringed.
  let ringed: [MaskCell]
  private let cell = SVGStyle.cell
  private let top = 78

  init(picture: MaskPicture, highlighted: String?, ringed: [MaskCell] = []) {
    self.picture = picture
    self.highlighted = highlighted
    self.ringed = ringed
  }

  /// The mask with its rows' names.
  var part: SVGPart {
    let edges = edges(of: picture)
    return SVGPart(
      lines: lines(of: picture, edges), width: left(of: picture) + edges.end + 24, height: top + edges.end + 24)
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
    var lines = [SVGStyle.text(picture.caption, x: 24, y: 20, dim: true)]
    var rings: [Markup] = []
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
              "data-key": "\(keys.lowerBound)", "opacity": highlighted == nil || clause == highlighted ? nil : "0.35",
            ], parts))
        guard clause == highlighted else { continue }
        rings.append(
          Markup(
            empty: "rect",
            ["class": "ring", "x": "\(x)", "y": "\(y)", "width": "\(width - 1)", "height": "\(height - 1)"]))
      }
    }
    for wrong in ringed {
      let (x, y) = (left + edges.starts[wrong.key], top + edges.starts[wrong.query])
      rings.append(
        Markup(
          empty: "rect",
          ["class": "ring", "x": "\(x)", "y": "\(y)", "width": "\(cell - 1)", "height": "\(cell - 1)", "rx": "5"]))
    }
    return lines + rings
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
      lines.append(SVGStyle.text(name, x: left + starts[group.lowerBound], y: 38))
    }
    for segment in ranges(picture.kindStarts, of: picture) {
      let kind = rows[segment.lowerBound].kind
      let (edge, length) = (starts[segment.lowerBound], segment.count * cell - 1)
      lines.append(
        .joined(
          SVGStyle.tile(kind, String(kind.letter), x: left + edge, y: top - 15, width: length, height: 10)
            + SVGStyle.tile(kind, String(kind.letter), x: left - 15, y: top + edge, width: 10, height: length)))
    }
    for row in rows.indices {
      let (x, y) = (left + starts[row] + 9, top + starts[row] + 9)
      lines.append(
        .joined([
          SVGStyle.upwards("\(row)", x: x, y: top - 19),
          SVGStyle.text("\(row)", x: 46, y: y, size: 9, dim: true, anchor: "end"),
          SVGStyle.text(rows[row].token.name, x: 52, y: y, size: 9),
        ]))
    }
    return lines
  }

  /// The kinds of row with their letters, the clauses that apply, and the one that stands out.
  static func legend(_ pictures: [MaskPicture], highlighted: String?) -> SVGPart {
    guard let first = pictures.first else { return SVGPart(lines: [], width: 0, height: 0) }
    let kinds = first.words.kinds.filter { kind in pictures.contains { $0.kinds.contains(kind) } }
    var (x, keys): (Int, [Markup]) = (0, [])
    func name(_ word: String) -> Markup { SVGStyle.text(word, x: x + 16, y: 10) }
    for kind in kinds {
      keys += SVGStyle.tile(kind, String(kind.letter), x: x, y: 0, width: 12, height: 12) + [name(kind.name)]
      x += 18 + (kind.name.count + 3) * 7
    }
    keys += [Markup(empty: "circle", ["class": "dot", "cx": "\(x + 6)", "cy": "6", "r": "1"]), name("hidden")]
    let sentences = first.sentences.filter { $0.applies(to: kinds) }
    let lines = sentences.enumerated().map { index, sentence in
      let space = String(repeating: "\u{A0}", count: max(8 - sentence.clause.count, 1))
      return SVGStyle.text(
        sentence.clause + space + sentence.sentence, x: 0, y: (index + 2) * SVGStyle.lineHeight,
        dim: highlighted != nil && sentence.clause != highlighted)
    }
    let longest = first.sentences.map { $0.sentence.count }.max() ?? 0
    return SVGPart(
      lines: [Markup("g", ["transform": "translate(24 0)"], lines: [.joined(keys)] + lines)],
      width: 48 + (longest + 8) * 7, height: (sentences.count + 2) * SVGStyle.lineHeight)
  }
}
