// Attention as a picture: the mask, whose tiles are as full as the weight that they stand for.

import LoMA
import LoMAVectors

/// Draws pictures of attention as one SVG file or one page.
package struct LookSVG: Sendable {
  private let cell = 16
  private let top = 64
  private let left = 96

  package init() {}

  /// A complete SVG file of pictures, one below the other.
  package func draw(_ looks: [LookPicture], title: String) -> String {
    picture(looks, heading: title, id: "look").source + "\n"
  }

  /// One offline page with a picture and a table for each.
  package func page(_ looks: [LookPicture], title: String) -> String {
    let sections = looks.enumerated().map { number, look in
      let kinds = look.picture.words.kinds.filter { $0.colour == .memory || $0.colour == .repetition }
      let id = "look-\(number)"
      return Markup(
        "section", ["aria-labelledby": id],
        lines: [
          Markup("h2", ["id": id], look.title),
          Markup("div", ["class": "scroll"], [picture([look], heading: nil, id: id)]),
          HTMLDrawing().html(of: look.table(of: kinds)),
        ])
    }
    let links = looks.enumerated().map { Markup("a", ["href": "#look-\($0)"], $1.title) }
    return HTMLAssets.page.page([
      "title": Markup(text: title), "method": Markup(text: "LoMA"), "style": HTMLAssets.style,
      "links": .joined(links, by: " "), "sections": .joined([Markup("p", Self.legend)] + sections, by: "\n"),
      "script": HTMLAssets.script,
    ])
  }

  private static let legend =
    "A line is a query, a column a key. A tile is as full as the share of its attention that the query gives the key; a "
    + "dot: hidden."

  /// Pictures with a heading, which a page says itself.
  private func picture(_ looks: [LookPicture], heading: String?, id: String) -> Markup {
    let title = heading ?? looks.map { $0.title }.joined(separator: "; ")
    var (y, width, body): (Int, Int, [Markup]) = (0, 0, [])
    if let heading {
      body.append(SVGStyle.text(heading, x: 24, y: 24, size: 14))
      (y, width) = (30, 48 + heading.count * 9)
    }
    for look in looks {
      let rows = look.picture.rows
      body.append(Markup("g", ["transform": "translate(0 \(y))"], lines: lines(of: look)))
      y += top + rows.count * cell + 24
      width = max(width, left + rows.count * cell + 24)
    }
    body.append(SVGStyle.text("tile: share of attention, dot: hidden", x: 24, y: y, dim: true))
    let height = y + SVGStyle.lineHeight
    return Markup(
      "svg",
      [
        "xmlns": "http://www.w3.org/2000/svg", "width": "\(width)", "height": "\(height)",
        "viewBox": "0 0 \(width) \(height)", "role": "img", "aria-labelledby": "\(id)-title \(id)-description",
        "font-family": "'DejaVu Sans Mono', Menlo, Consolas, monospace",
      ],
      lines: [
        Markup("title", ["id": "\(id)-title"], title),
        Markup("desc", ["id": "\(id)-description"], Self.legend + " " + looks.map(summary).joined(separator: " ")),
        Markup("style", SVGStyle.sheet),
        Markup(empty: "rect", ["class": "page", "width": "\(width)", "height": "\(height)"]),
      ] + body)
  }

  /// Where the memory rows look most, for a reader who does not see the picture.
  private func summary(_ look: LookPicture) -> String {
    let memory = look.picture.rows.indices.filter { look.picture.rows[$0].kind.colour == .memory }
    let sentences = memory.compactMap { row in
      look.favourites(of: row).first.map {
        "\(look.name(of: row)) gives \(decimals($0.weight, 2)) to \(look.name(of: $0.key))"
      }
    }
    return look.title + ": " + sentences.joined(separator: ", ") + "."
  }

  private func lines(of look: LookPicture) -> [Markup] {
    let (picture, rows) = (look.picture, look.picture.rows)
    var lines = [SVGStyle.text(look.title, x: 24, y: 18, dim: true)]
    for (index, row) in rows.enumerated() {
      let (x, y) = (left + index * cell, top + index * cell)
      lines.append(
        .joined([
          SVGStyle.upwards(row.token.name, x: x + 11, y: top - 6),
          SVGStyle.text("\(index)", x: left - 52, y: y + 12, size: 9, dim: true, anchor: "end"),
          SVGStyle.text(row.token.name, x: left - 46, y: y + 12, size: 10),
        ]))
    }
    for query in rows.indices {
      var cells: [Markup] = []
      for key in rows.indices {
        let (x, y) = (left + key * cell, top + query * cell)
        guard picture.allows(query: query, key: key) else {
          cells.append(Markup(empty: "circle", ["class": "dot", "cx": "\(x + 7)", "cy": "\(y + 7)", "r": "0.9"]))
          continue
        }
        let weight = look.weight(query, key)
        let side = Double(cell - 1)
        // Area, not side, is what the eye compares.
        let full = (side * weight.squareRoot() * 10).rounded() / 10
        let words = "\(look.name(of: query)) gives \(decimals(weight, 2)) to \(look.name(of: key))"
        let rest = (side - full) / 2
        cells.append(
          Markup(
            "g", ["data-weight": decimals(weight, 2)],
            [
              Markup("title", words),
              Markup(
                empty: "rect",
                ["class": "none", "x": "\(x)", "y": "\(y)", "width": "\(cell - 1)", "height": "\(cell - 1)"]),
              Markup(
                empty: "rect",
                [
                  "x": Self.short(Double(x) + rest), "y": Self.short(Double(y) + rest), "width": Self.short(full),
                  "height": Self.short(full), "fill": SVGStyle.fill(rows[key].kind.colour),
                ]),
            ]))
      }
      lines.append(.joined(cells))
    }
    return lines
  }

  /// To a tenth of a pixel.
  private static func short(_ length: Double) -> String {
    let tenths = Int((length * 10).rounded())
    return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
  }
}
