// Draws an explanation as a page: one offline file with all sections, and masks whose cells name the clause that
// decides them.
//
// A mask is a table with the role grid: the pointer, or Tab and the arrow keys, select a cell, and a line under the
// mask states the rule in words (WAI-ARIA's grid pattern with a roving tabindex). Without scripts, the table of clauses
// below the mask says the same.

import LoMA
import LoMAVectors

/// Draws sections as an HTML page.
package struct HTMLDrawing: Sendable {
  package init() {}

  /// A complete HTML file that loads nothing.
  package func draw(_ contents: [SectionContent], title: String) -> String {
    var masks = 0
    let sections = contents.map { section in
      let blocks = section.blocks.map { block in
        if case .mask(let picture) = block {
          masks += 1
          return mask(picture, id: "mask-\(masks)")
        }
        return html(of: block)
      }
      let name = section.section.rawValue
      return """
        <section aria-labelledby="\(name)">
        <h2 id="\(name)">\(name)</h2>
        <p class="subtitle">\(escape(section.subtitle))</p>
        \(blocks.joined(separator: "\n"))
        </section>
        """
    }
    let links = contents.map { "<a href=\"#\($0.section.rawValue)\">\($0.section.rawValue)</a>" }
    return HTMLAssets.page.filled([
      "title": escape(title), "style": HTMLAssets.style, "links": links.joined(separator: " "),
      "sections": sections.joined(separator: "\n"), "script": HTMLAssets.script,
    ])
  }

  private func html(of block: ContentBlock) -> String {
    switch block {
    case .title(let title): "<h3>\(escape(title))</h3>"
    case .note(let sentences): sentences.map { "<p>\(escape($0))</p>" }.joined(separator: "\n")
    case .table(let table): html(of: table)
    case .mask(let picture): mask(picture, id: "mask")
    }
  }

  private func html(of table: ContentTable) -> String {
    var lines = ["<div class=\"scroll\"><table class=\"list\">"]
    if table.columns.contains(where: { !$0.name.isEmpty }) {
      let names = table.columns.map { "<th scope=\"col\"\($0.isNumber ? " class=\"n\"" : "")>\(escape($0.name))</th>" }
      lines.append("<thead><tr>" + names.joined() + "</tr></thead>")
    }
    lines.append("<tbody>")
    for (index, row) in table.rows.enumerated() {
      let cells = zip(table.columns, row).map { column, cell in
        "<td\(column.isNumber ? " class=\"n\"" : "")>" + html(of: cell) + "</td>"
      }
      lines.append("<tr\(table.groupStarts.contains(index) ? " class=\"group\"" : "")>" + cells.joined() + "</tr>")
    }
    lines.append("</tbody></table></div>")
    return lines.joined(separator: "\n")
  }

  private func html(of cell: ContentCell) -> String {
    switch cell.ink {
    case .plain: escape(cell.text)
    case .zone(let zone): "<span class=\"ink \(zone.rawValue)\">\(escape(cell.text))</span>"
    case .letters:
      "<span class=\"letters\">"
        + cell.text.map { letter in
          let zone = Zone.allCases.first { $0.letter == letter }
          return "<span class=\"\(zone?.rawValue ?? "")\">\(escape(String(letter)))</span>"
        }.joined() + "</span>"
    }
  }

  // MARK: the grid

  private func mask(_ picture: MaskPicture, id: String) -> String {
    let mask = picture.mask
    let (chunkStarts, zoneStarts) = (picture.chunkStarts, picture.zoneStarts)
    func border(_ row: Int) -> String { chunkStarts.contains(row) ? " k" : zoneStarts.contains(row) ? " z" : "" }
    let data = JSONValue.members([
      .init("rows", .array(mask.rows.indices.map { .string(mask.describe(row: $0)) })),
      .init(
        "sentences",
        .members(MaskSentences(profile: mask.profile).all.map { .init($0.clause, .string($0.sentence)) })),
    ])
    var lines = [
      """
      <figure id="\(id)" class="mask">
      <figcaption>A line is a query, a column a key. Choose a cell with the pointer, or with Tab and the arrow keys, \
      and the line below says which rule allows or hides it.</figcaption>
      <p class="legend">\(legend(picture))</p>
      <div class="scroll"><table role="grid" aria-label="Attention mask, \(escape(picture.caption))" \
      aria-readonly="true">
      """
    ]
    lines.append("<thead><tr><td></td>" + chunkHeadings(picture, border) + "</tr>")
    let numbers = mask.rows.indices.map { key in
      let place = mask.rows[key].place
      return "<th scope=\"col\" class=\"\(place.zone.rawValue)\(border(key))\" title=\"\(place.description)\">"
        + "<span>\(key)</span></th>"
    }
    lines.append("<tr><td></td>" + numbers.joined() + "</tr></thead><tbody>")
    for query in mask.rows.indices {
      let place = mask.rows[query].place
      var line = "<tr class=\"\(border(query).dropFirst())\"><th scope=\"row\" class=\"\(place.zone.rawValue)\" "
      line += "title=\"\(place.description)\"><span>\(query)</span> <b>\(escape(picture.tokens[query]))</b></th>"
      for key in mask.rows.indices {
        let rule = mask.rule(query: query, key: key)
        let zone = mask.rows[key].place.zone
        let kind = (rule.isVisible ? zone.rawValue : "hidden") + border(key)
        let focus = query == 0 && key == 0 ? " tabindex=\"0\"" : ""
        line += "<td class=\"\(kind)\" data-clause=\"\(rule.clause)\"\(focus)>"
        line += (rule.isVisible ? String(zone.letter) : "·") + "</td>"
      }
      lines.append(line + "</tr>")
    }
    lines.append(
      """
      </tbody></table></div>
      <p class="says" aria-live="polite">No cell is chosen.</p>
      <noscript><p>Scripts are off: the clauses below say the same for each pair of zones.</p></noscript>
      <script type="application/json">\(data.text().map { $0 == "<" ? "\\u003c" : String($0) }.joined())</script>
      </figure>
      """)
    return lines.joined(separator: "\n")
  }

  private func legend(_ picture: MaskPicture) -> String {
    let zones = picture.zones.map { "<span class=\"\($0.rawValue)\">\($0.letter)</span> \($0.rawValue)" }
    return (zones + ["<span class=\"hidden\">·</span> hidden"]).joined(separator: "\u{2003}")
  }

  private func chunkHeadings(_ picture: MaskPicture, _ border: (Int) -> String) -> String {
    let rows = picture.mask.rows
    let starts = [0] + picture.chunkStarts.sorted() + [rows.count]
    return zip(starts, starts.dropFirst()).map { start, end in
      let name = rows[start].place.chunk.map { end - start > 3 ? "chunk \($0)" : "\($0)" } ?? "pad"
      return "<th scope=\"colgroup\" colspan=\"\(end - start)\" class=\"chunk\(border(start))\">\(name)</th>"
    }.joined()
  }
}
