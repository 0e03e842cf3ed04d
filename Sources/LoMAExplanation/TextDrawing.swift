// Draws an explanation for a terminal: aligned columns, masks as letters, colour on request.

import LoMA

/// Draws sections as lines of text.
package struct TextDrawing: Sendable {
  /// Whether the names and letters of a zone have its ANSI colour; the text is the same without.
  package let hasColour: Bool

  package init(hasColour: Bool) {
    self.hasColour = hasColour
  }

  /// All sections, separated by empty lines.
  package func draw(_ contents: [SectionContent]) -> String {
    contents.map { section in
      let heading = paint(section.section.rawValue, bold) + ": " + section.subtitle + "\n"
      return heading + section.blocks.enumerated().flatMap(lines).map { $0 + "\n" }.joined()
    }.joined(separator: "\n")
  }

  private func lines(place: Int, of block: ContentBlock) -> [String] {
    switch block {
    case .title(let title): (place > 0 ? [""] : []) + ["  " + paint(title, bold)]
    case .note(let sentences): sentences.map { "  " + $0 }
    case .table(let table): lines(of: table)
    case .mask(let picture):
      lines(of: picture) { query, key in
        picture.allows(query: query, key: key) ? paint(picture.rows[key].kind) : paint("·", dim)
      } + legend(of: picture)
    }
  }

  // MARK: tables

  /// The lines of a table, columns aligned.
  func lines(of table: ContentTable) -> [String] {
    var lines: [String] = []
    let widths = table.columns.indices.map { column in
      max(table.columns[column].name.count, table.rows.map { $0[column].text.count }.max() ?? 0)
    }
    if table.columns.contains(where: { !$0.name.isEmpty }) {
      lines.append(line(table.columns.map { ContentCell($0.name) }, table.columns, widths, style: dim))
    }
    for (index, row) in table.rows.enumerated() {
      if table.groupStarts.contains(index) { lines.append("") }
      lines.append(line(row, table.columns, widths, style: nil))
    }
    return lines
  }

  private func line(_ cells: [ContentCell], _ columns: [ContentColumn], _ widths: [Int], style: String?) -> String {
    var line = ""
    var gap = "  "  // Before the first column: the indentation. Gaps are written late, so that no line ends in one.
    for (column, cell) in cells.enumerated() {
      let space = String(repeating: " ", count: widths[column] - cell.text.count)
      if columns[column].isNumber { gap += space }
      if !cell.text.isEmpty {
        line += gap + (style.map { paint(cell.text, $0) } ?? paint(cell.text, cell.ink))
        gap = ""
      }
      gap += (columns[column].isNumber ? "" : space) + "  "
    }
    return line
  }

  // MARK: masks

  /// The lines of a grid of rows by rows; `cell` is one character, painted or not.
  func lines(of picture: MaskPicture, _ cell: (_ query: Int, _ key: Int) -> String) -> [String] {
    let (rows, words) = (picture.rows, picture.words)
    let (groupStarts, kindStarts) = (picture.groupStarts, picture.kindStarts)
    let numberWidth = "\(rows.count - 1)".count
    let tokenWidth = rows.map { $0.token.name.count }.max() ?? 0
    let labelWidth = max(numberWidth + 1 + tokenWidth + 2, words.group.count, words.row.count)

    /// One character per key, a gap before a kind and a bar before a group.
    func cells(gap: String, bar: String, _ character: (Int) -> String) -> String {
      rows.indices.map { key in
        (groupStarts.contains(key) ? bar : kindStarts.contains(key) ? gap : "") + character(key)
      }.joined()
    }
    func label(_ word: String) -> String {
      "  " + String(repeating: " ", count: labelWidth - word.count) + paint(word, dim) + "  "
    }

    var lines = [""]
    lines.append(label(words.group) + groupNumbers(picture))
    lines.append(label(words.kind) + cells(gap: " ", bar: "│") { paint(rows[$0].kind) })
    for place in (0..<numberWidth).reversed() {
      let digits = cells(gap: " ", bar: "│") { paint(Self.digit(place, of: $0), dim) }
      lines.append(label(place == numberWidth - 1 ? words.row : "") + digits)
    }
    let rule = "  " + String(repeating: "─", count: labelWidth + 2) + cells(gap: "─", bar: "┼") { _ in "─" }
    for (query, row) in rows.enumerated() {
      if query == 0 || groupStarts.contains(query) { lines.append(paint(rule, dim)) }
      let number = "\(query)"
      let token = row.token.name
      let space = String(repeating: " ", count: labelWidth - numberWidth - 1 - token.count - 1)
      let name = String(repeating: " ", count: numberWidth - number.count) + paint(number, dim) + " "
      lines.append(
        "  " + name + paint(token, .zone(row.kind.colour)) + space + paint(row.kind) + "  "
          + cells(gap: " ", bar: "│") { cell(query, $0) })
    }
    return lines
  }

  private func legend(of picture: MaskPicture) -> [String] {
    let words = picture.words
    let signs = picture.kinds.map { paint($0) + " " + $0.name } + [paint("·", dim) + " hidden"]
    return [
      "",
      "  a line is a \(words.query), a column a \(words.key); a letter: the \(words.query) \(words.sees) the \(words.key)",
      "  " + signs.joined(separator: "   "),
    ]
  }

  /// The line of chunk or segment numbers, each at the start of its group, if there is room.
  private func groupNumbers(_ picture: MaskPicture) -> String {
    let rows = picture.rows
    let starts = [0] + picture.groupStarts.sorted() + [rows.count]
    let kindStarts = picture.kindStarts.subtracting(picture.groupStarts)
    return zip(starts, starts.dropFirst()).map { start, end in
      let width = end - start + kindStarts.count { $0 > start && $0 < end }
      let name = rows[start].group.map(String.init) ?? "pad"
      let shown = name.count <= width ? name : String(repeating: "·", count: min(width, 1))
      let rest = width - shown.count
      return shown + (rest >= 2 ? " " : "") + paint(String(repeating: "─", count: rest >= 2 ? rest - 1 : rest), dim)
    }.joined(separator: paint("│", dim))
  }

  /// A decimal digit of a row number, counted from the right; a space if the number has fewer digits.
  private static func digit(_ place: Int, of number: Int) -> String {
    let digits = Array("\(number)")
    return place < digits.count ? String(digits[digits.count - 1 - place]) : " "
  }

  // MARK: colour

  private var bold: String { "1" }
  private var dim: String { "2" }

  /// One character of a cell that is not seen.
  var hidden: String { paint("·", dim) }

  private func paint(_ text: String, _ style: String) -> String {
    hasColour ? "\u{1B}[\(style)m\(text)\u{1B}[0m" : text
  }

  private func paint(_ kind: RowKind) -> String { paint(String(kind.letter), .zone(kind.colour)) }

  /// Text in the colour of what it says.
  func paint(_ text: String, _ ink: Ink) -> String {
    switch ink {
    case .plain: text
    case .zone(let zone): paint(text, Self.style(zone))
    case .letters:
      text.map { letter in
        RowKind.ofLetter(letter).map { paint($0) } ?? String(letter)
      }.joined()
    }
  }

  /// The terminal's own colours, which the user has chosen to be legible: cyan, yellow, magenta, dim.
  private static func style(_ zone: Zone) -> String {
    switch zone {
    case .reading: "36"
    case .memory: "33"
    case .repetition: "35"
    case .pad: "2"
    }
  }
}
