// Draws masks as SVG; letters repeat what colours say, and every block of cells carries its clause.
//
// The cells where a zone of one chunk meets a zone of another form a block, and one clause decides all of them. A block
// is a group with that clause and its sentence as a tooltip, dots for hidden cells, and one rectangle per run of
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
    var body: [String] = []
    let legend = legend(pictures)
    let longestLine =
      MaskSentences(profile: pictures.first?.mask.profile ?? .base).all.map { $0.sentence.count }.max() ?? 0
    var (y, width) = (30, max(48 + title.count * 9, 48 + (longestLine + 8) * 7))
    for picture in pictures {
      let edges = edges(of: picture)
      body.append("<g transform=\"translate(0 \(y))\">")
      body += lines(of: picture, edges)
      body.append("</g>")
      y += top + edges.end + 24
      width = max(width, left(of: picture) + edges.end + 24)
    }
    body.append("<g transform=\"translate(24 \(y))\">")
    body += legend
    body.append("</g>")
    let height = y + (legend.count + 1) * lineHeight
    let description =
      "An attention mask as a grid: a line is a query row, a column a key row. A coloured cell with the letter of the "
      + "key's zone means that the query sees the key, a dot that it does not. "
      + pictures.map { $0.caption }.joined(separator: "; ")
    return """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" \
      role="img" aria-labelledby="title description" font-family="'DejaVu Sans Mono', Menlo, Consolas, monospace">
      <title id="title">\(escape(title))</title>
      <desc id="description">\(escape(description))</desc>
      <defs>
      \(patterns.joined(separator: "\n"))
      </defs>
      <rect width="\(width)" height="\(height)" fill="#ffffff"/>
      <text x="24" y="24" font-size="14" fill="#111111">\(escape(title))</text>
      \(body.joined(separator: "\n"))
      </svg>

      """
  }

  /// The start of each row's cell, with a gap before a zone and a wider gap before a chunk.
  private func edges(of picture: MaskPicture) -> (starts: [Int], end: Int) {
    let (chunkStarts, zoneStarts) = (picture.chunkStarts, picture.zoneStarts)
    var starts: [Int] = []
    var edge = 0
    for row in picture.mask.rows.indices {
      if chunkStarts.contains(row) { edge += 8 } else if zoneStarts.contains(row) { edge += 3 }
      starts.append(edge)
      edge += cell
    }
    return (starts, edge)
  }

  /// The left edge of the cells; numbers and tokens are to the left of it.
  private func left(of picture: MaskPicture) -> Int { 72 + max(4, picture.tokens.map { $0.count }.max() ?? 0) * 6 }

  /// The ranges of rows that belong to one zone of one chunk, or to the padding.
  private func segments(of picture: MaskPicture) -> [Range<Int>] {
    let starts = [0] + picture.zoneStarts.sorted() + [picture.mask.rows.count]
    return zip(starts, starts.dropFirst()).filter { $0 < $1 }.map { $0..<$1 }
  }

  private func lines(of picture: MaskPicture, _ edges: (starts: [Int], end: Int)) -> [String] {
    let mask = picture.mask
    let (sentences, left) = (MaskSentences(profile: mask.profile), left(of: picture))
    let segments = segments(of: picture)
    var lines = ["<text x=\"24\" y=\"20\" font-size=\"11\" fill=\"#444444\">\(escape(picture.caption))</text>"]
    lines += header(of: picture, segments, edges.starts)
    for queries in segments {
      for keys in segments {
        let clause = mask.rule(query: queries.lowerBound, key: keys.lowerBound).clause
        let (x, y) = (left + edges.starts[keys.lowerBound], top + edges.starts[queries.lowerBound])
        let (width, height) = (keys.count * cell, queries.count * cell)
        lines.append(
          "<g transform=\"translate(\(x) \(y))\" data-clause=\"\(clause)\" data-query=\"\(queries.lowerBound)\" "
            + "data-key=\"\(keys.lowerBound)\"><title>\(clause) \(escape(sentences[clause]))</title>")
        lines.append("<rect class=\"hidden\" width=\"\(width)\" height=\"\(height)\" fill=\"url(#hidden)\"/>")
        for query in queries {
          for run in runs(of: keys, seenBy: query, in: mask) {
            let zone = mask.rows[run.lowerBound].place.zone.rawValue
            lines.append(
              "<rect class=\"\(zone)\" x=\"\((run.lowerBound - keys.lowerBound) * cell)\" "
                + "y=\"\((query - queries.lowerBound) * cell)\" width=\"\(run.count * cell)\" height=\"\(cell)\" "
                + "fill=\"url(#\(zone))\"/>")
          }
        }
        lines.append("</g>")
      }
    }
    return lines
  }

  /// The contiguous ranges of keys that a query sees.
  private func runs(of keys: Range<Int>, seenBy query: Int, in mask: Mask) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    for key in keys where mask.allows(query: query, key: key) {
      if let last = runs.last, last.upperBound == key {
        runs[runs.count - 1] = last.lowerBound..<key + 1
      } else {
        runs.append(key..<key + 1)
      }
    }
    return runs
  }

  /// Chunk names, zone bars and row numbers above, and numbers, tokens and zone bars on the left.
  private func header(of picture: MaskPicture, _ segments: [Range<Int>], _ starts: [Int]) -> [String] {
    let (rows, left) = (picture.mask.rows, left(of: picture))
    var lines: [String] = []
    let chunkStarts = [0] + picture.chunkStarts.sorted() + [rows.count]
    for (start, end) in zip(chunkStarts, chunkStarts.dropFirst()) where start < end {
      let width = starts[end - 1] + cell - starts[start]
      let number = rows[start].place.chunk.map(String.init) ?? "pad"
      let name = rows[start].place.chunk == nil || width < 60 ? number : "chunk " + number
      lines.append("<text x=\"\(left + starts[start])\" y=\"38\" font-size=\"11\" fill=\"#111111\">\(name)</text>")
    }
    for segment in segments {
      let zone = rows[segment.lowerBound].place.zone
      let (edge, length) = (starts[segment.lowerBound], segment.count * cell - 1)
      lines.append(
        bar(zone, x: left + edge, y: top - 15, width: length, height: 10)
          + bar(zone, x: left - 15, y: top + edge, width: 10, height: length))
    }
    for row in rows.indices {
      let (x, y) = (left + starts[row] + 9, top + starts[row] + 9)
      lines.append(
        "<text transform=\"translate(\(x) \(top - 19)) rotate(-90)\" font-size=\"9\" fill=\"#444444\">\(row)</text>"
          + "<text x=\"46\" y=\"\(y)\" font-size=\"9\" text-anchor=\"end\" fill=\"#444444\">\(row)</text>"
          + "<text x=\"52\" y=\"\(y)\" font-size=\"9\" fill=\"#111111\">\(escape(picture.tokens[row]))</text>"
      )
    }
    return lines
  }

  /// A bar in a zone's colour with the zone's letter in the middle.
  private func bar(_ zone: Zone, x: Int, y: Int, width: Int, height: Int) -> String {
    "<rect x=\"\(x)\" y=\"\(y)\" width=\"\(width)\" height=\"\(height)\" fill=\"\(fill(zone))\"/>"
      + "<text x=\"\(x + width / 2)\" y=\"\(y + height / 2 + 3)\" font-size=\"9\" text-anchor=\"middle\" "
      + "fill=\"#111111\">\(zone.letter)</text>"
  }

  /// The legend: the letters, and every clause that decides a cell.
  private func legend(_ pictures: [MaskPicture]) -> [String] {
    guard let profile = pictures.first?.mask.profile else { return [] }
    let zones = Zone.allCases.filter { zone in pictures.contains { $0.zones.contains(zone) } }
    var keys = ""
    var x = 0
    for zone in zones {
      keys += "<rect x=\"\(x)\" y=\"0\" width=\"\(cell)\" height=\"\(cell)\" fill=\"\(fill(zone))\"/>"
      keys += "<text x=\"\(x + 3)\" y=\"9\" font-size=\"9\" fill=\"#111111\">\(zone.letter)</text>"
      keys += "<text x=\"\(x + 18)\" y=\"10\" font-size=\"11\" fill=\"#111111\">\(zone.rawValue)</text>"
      x += 18 + (zone.rawValue.count + 3) * 7
    }
    keys += "<circle cx=\"\(x + 6)\" cy=\"6\" r=\"1\" fill=\"#767676\"/>"
    keys += "<text x=\"\(x + 18)\" y=\"10\" font-size=\"11\" fill=\"#111111\">hidden</text>"
    let sentences = MaskSentences(profile: profile).all.filter { sentence in
      [sentence.query, sentence.key].allSatisfy { $0.map(zones.contains) ?? true }
    }
    return [keys]
      + sentences.enumerated().map { index, sentence in
        let space = String(repeating: "\u{A0}", count: 8 - sentence.clause.count)
        return "<text y=\"\((index + 2) * lineHeight)\" font-size=\"11\" fill=\"#111111\">"
          + escape(sentence.clause + space + sentence.sentence) + "</text>"
      }
  }

  /// One tile per zone with its letter, and the dot of a hidden cell.
  private var patterns: [String] {
    let tile = "width=\"\(cell)\" height=\"\(cell)\" patternUnits=\"userSpaceOnUse\""
    let zones = Zone.allCases.map { zone in
      "<pattern id=\"\(zone.rawValue)\" \(tile)><rect width=\"\(cell)\" height=\"\(cell)\" fill=\"#ffffff\"/>"
        + "<rect width=\"\(cell - 1)\" height=\"\(cell - 1)\" fill=\"\(fill(zone))\"/>"
        + "<text x=\"3\" y=\"8.5\" font-size=\"9\" fill=\"#111111\">\(zone.letter)</text></pattern>"
    }
    let hidden =
      "<pattern id=\"hidden\" \(tile)><rect width=\"\(cell)\" height=\"\(cell)\" fill=\"#ffffff\"/>"
      + "<rect width=\"\(cell - 1)\" height=\"\(cell - 1)\" fill=\"#f4f4f4\"/>"
      + "<circle cx=\"5.5\" cy=\"5.5\" r=\"0.9\" fill=\"#8a8a8a\"/></pattern>"
    return zones + [hidden]
  }

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
