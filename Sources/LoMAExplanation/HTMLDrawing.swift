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
      let blocks = section.blocks.flatMap { block in
        if case .mask = block { masks += 1 }
        return html(of: block, mask: masks)
      }
      let name = section.section.rawValue
      return Markup(
        "section", ["aria-labelledby": name],
        lines: [
          Markup("h2", ["id": name], name), Markup("p", ["class": "subtitle"], section.subtitle),
          .joined(blocks, by: "\n"),
        ])
    }
    let links = contents.map { Markup("a", ["href": "#" + $0.section.rawValue], $0.section.rawValue) }
    return HTMLAssets.page.page([
      "title": Markup(text: title), "style": HTMLAssets.style, "links": .joined(links, by: " "),
      "sections": .joined(sections, by: "\n"), "script": HTMLAssets.script,
    ])
  }

  private func html(of block: ContentBlock, mask number: Int) -> [Markup] {
    switch block {
    case .title(let title): [Markup("h3", title)]
    case .note(let sentences): sentences.map { Markup("p", $0) }
    case .table(let table): [html(of: table)]
    case .mask(let picture): [mask(picture, id: "mask-\(number)")]
    }
  }

  private func html(of table: ContentTable) -> Markup {
    var parts: [Markup] = [.lineEnd]
    if table.columns.contains(where: { !$0.name.isEmpty }) {
      let names = table.columns.map { Markup("th", ["scope": "col", "class": $0.isNumber ? "n" : nil], $0.name) }
      parts += [Markup("thead", [Markup("tr", names)]), .lineEnd]
    }
    let rows = table.rows.enumerated().map { index, row in
      let cells = zip(table.columns, row).map { column, cell in
        Markup("td", ["class": column.isNumber ? "n" : nil], [html(of: cell)])
      }
      return Markup("tr", ["class": table.groupStarts.contains(index) ? "group" : nil], cells)
    }
    parts.append(Markup("tbody", lines: rows))
    return Markup("div", ["class": "scroll"], [Markup("table", ["class": "list"], parts)])
  }

  private func html(of cell: ContentCell) -> Markup {
    switch cell.ink {
    case .plain: Markup(text: cell.text)
    case .zone(let zone): Markup("span", ["class": "ink " + zone.rawValue], cell.text)
    case .letters:
      Markup(
        "span", ["class": "letters"],
        cell.text.map { letter in
          let zone = Zone.allCases.first { $0.letter == letter }
          return Markup("span", ["class": zone?.rawValue ?? ""], String(letter))
        })
    }
  }

  // MARK: the grid

  private func mask(_ picture: MaskPicture, id: String) -> Markup {
    let mask = picture.mask
    let (chunkStarts, zoneStarts) = (picture.chunkStarts, picture.zoneStarts)
    func border(_ row: Int) -> String { chunkStarts.contains(row) ? " k" : zoneStarts.contains(row) ? " z" : "" }
    let data = JSONValue.members([
      .init("rows", .array(mask.rows.indices.map { .string(mask.describe(row: $0)) })),
      .init(
        "sentences",
        .members(MaskSentences(profile: mask.profile).all.map { .init($0.clause, .string($0.sentence)) })),
    ])
    let numbers = mask.rows.indices.map { key in
      let place = mask.rows[key].place
      return Markup(
        "th", ["scope": "col", "class": place.zone.rawValue + border(key), "title": place.description],
        [Markup("span", "\(key)")])
    }
    let head = Markup(
      "thead",
      [
        Markup("tr", [Markup("td")] + chunkHeadings(picture, border)), .lineEnd, Markup("tr", [Markup("td")] + numbers),
      ])
    let lines = mask.rows.indices.map { query in
      let place = mask.rows[query].place
      let name = Markup(
        "th", ["scope": "row", "class": place.zone.rawValue, "title": place.description],
        [Markup("span", "\(query)"), Markup(text: " "), Markup("b", picture.tokens[query])])
      let cells = mask.rows.indices.map { key in
        let rule = mask.rule(query: query, key: key)
        let zone = mask.rows[key].place.zone
        return Markup(
          "td",
          [
            "class": (rule.isVisible ? zone.rawValue : "hidden") + border(key), "data-clause": rule.clause,
            "tabindex": query == 0 && key == 0 ? "0" : nil,
          ], rule.isVisible ? String(zone.letter) : "·")
      }
      return Markup("tr", ["class": String(border(query).dropFirst())], [name] + cells)
    }
    let grid = Markup(
      "table",
      ["role": "grid", "aria-label": "Attention mask, " + picture.caption, "aria-readonly": "true"],
      [.lineEnd, head, Markup("tbody", lines: lines)])
    return Markup(
      "figure", ["id": id, "class": "mask"],
      lines: [
        Markup(
          "figcaption",
          "A line is a query, a column a key. Choose a cell with the pointer, or with Tab and the arrow keys, "
            + "and the line below says which rule allows or hides it."),
        Markup("p", ["class": "legend"], [legend(picture)]), Markup("div", ["class": "scroll"], [grid]),
        Markup("p", ["class": "says", "aria-live": "polite"], "No cell is chosen."),
        Markup(
          "noscript", [Markup("p", "Scripts are off: the clauses below say the same for each pair of zones.")]),
        Markup("script", ["type": "application/json"], [Markup(json: data.text())]),
      ])
  }

  private func legend(_ picture: MaskPicture) -> Markup {
    let signs = picture.zones.map { ($0.rawValue, String($0.letter)) } + [("hidden", "·")]
    let entries = signs.map { name, sign in
      Markup.joined([Markup("span", ["class": name], sign), Markup(text: name)], by: " ")
    }
    return .joined(entries, by: "\u{2003}")
  }

  private func chunkHeadings(_ picture: MaskPicture, _ border: (Int) -> String) -> [Markup] {
    let rows = picture.mask.rows
    let starts = [0] + picture.chunkStarts.sorted() + [rows.count]
    return zip(starts, starts.dropFirst()).map { start, end in
      let name = rows[start].place.chunk.map { end - start > 3 ? "chunk \($0)" : "\($0)" } ?? "pad"
      return Markup(
        "th", ["scope": "colgroup", "colspan": "\(end - start)", "class": "chunk" + border(start)], name)
    }
  }
}
