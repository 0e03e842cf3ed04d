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

  /// A complete HTML file that loads nothing, with some sections of an explanation.
  package func draw(_ contents: [SectionContent], of explanation: any MethodExplanation) -> String {
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
      "title": Markup(text: explanation.title), "method": Markup(text: explanation.method),
      "style": explanation.pageStyle,
      "links": .joined(links, by: " "),
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

  /// A table that scrolls sideways by itself.
  func html(of table: ContentTable) -> Markup {
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
          Markup("span", ["class": RowKind.ofLetter(letter)?.colour.rawValue ?? ""], String(letter))
        })
    }
  }

  // MARK: the grid

  private func mask(_ picture: MaskPicture, id: String) -> Markup {
    let rows = picture.rows
    let (groupStarts, kindStarts) = (picture.groupStarts, picture.kindStarts)
    func border(_ row: Int) -> String { groupStarts.contains(row) ? " k" : kindStarts.contains(row) ? " z" : "" }
    let data = JSONValue.members([
      .init("rows", .array(rows.indices.map { .string(picture.describe(row: $0)) })),
      .init("sentences", .members(picture.sentences.map { .init($0.clause, .string($0.sentence)) })),
      .init("verbs", .array([.string(picture.words.sees), .string(picture.words.seesNot)])),
    ])
    let numbers = rows.indices.map { key in
      Markup(
        "th",
        ["scope": "col", "class": rows[key].kind.colour.rawValue + border(key), "title": picture.place(of: key)],
        [Markup("span", "\(key)")])
    }
    let head = Markup(
      "thead",
      [
        Markup("tr", [Markup("td")] + groupHeadings(picture, border)), .lineEnd, Markup("tr", [Markup("td")] + numbers),
      ])
    let lines = rows.indices.map { query in
      let name = Markup(
        "th", ["scope": "row", "class": rows[query].kind.colour.rawValue, "title": picture.place(of: query)],
        [Markup("span", "\(query)"), Markup(text: " "), Markup("b", rows[query].token.name)])
      let cells = rows.indices.map { key in
        let rule = picture.rule(query, key)
        let kind = rows[key].kind
        return Markup(
          "td",
          [
            "class": (rule.isVisible ? kind.colour.rawValue : "hidden") + border(key), "data-clause": rule.clause,
            "tabindex": query == 0 && key == 0 ? "0" : nil,
          ], rule.isVisible ? String(kind.letter) : "·")
      }
      return Markup("tr", ["class": String(border(query).dropFirst())], [name] + cells)
    }
    let grid = Markup(
      "table",
      ["role": "grid", "aria-label": picture.words.noun + ", " + picture.caption, "aria-readonly": "true"],
      [.lineEnd, head, Markup("tbody", lines: lines)])
    return Markup(
      "figure", ["id": id, "class": "mask"],
      lines: [
        Markup(
          "figcaption",
          "A line is a \(picture.words.query), a column a \(picture.words.key). Choose a cell with the pointer, or with Tab and the arrow keys, "
            + "and the line below says which rule allows or hides it."),
        Markup("p", ["class": "legend"], [legend(picture)]), Markup("div", ["class": "scroll"], [grid]),
        Markup("p", ["class": "says", "aria-live": "polite"], "No cell is chosen."),
        Markup(
          "noscript",
          [Markup("p", "Scripts are off: the clauses below say the same for each pair of \(picture.words.kind)s.")]),
        Markup("script", ["type": "application/json"], [Markup(json: data.text())]),
      ])
  }

  private func legend(_ picture: MaskPicture) -> Markup {
    let signs = picture.kinds.map { ($0.colour.rawValue, $0.name, String($0.letter)) } + [("hidden", "hidden", "·")]
    let entries = signs.map { colour, name, sign in
      Markup.joined([Markup("span", ["class": colour], sign), Markup(text: name)], by: " ")
    }
    return .joined(entries, by: "\u{2003}")
  }

  private func groupHeadings(_ picture: MaskPicture, _ border: (Int) -> String) -> [Markup] {
    let (rows, word) = (picture.rows, picture.words.group)
    let starts = [0] + picture.groupStarts.sorted() + [rows.count]
    return zip(starts, starts.dropFirst()).map { start, end in
      let name = rows[start].group.map { end - start > word.count - 2 ? word + " \($0)" : "\($0)" } ?? "pad"
      return Markup(
        "th", ["scope": "colgroup", "colspan": "\(end - start)", "class": "chunk" + border(start)], name)
    }
  }
}
