// Tables of text: in columns for a terminal, and in Markdown.

/// Lines in columns, two spaces between them; the last cell of a line is as long as it is.
package func columns(_ lines: [[String]]) -> [String] {
  var widths = [Int](repeating: 0, count: lines.map { $0.count }.max() ?? 0)
  for line in lines {
    for (column, cell) in line.enumerated() { widths[column] = max(widths[column], cell.count) }
  }
  return lines.map { line in
    line.enumerated().map { $0 == line.count - 1 ? $1 : $1.padded(to: widths[$0] + 2) }.joined()
  }
}

extension String {
  /// With spaces behind it up to a width, at least one.
  package func padded(to width: Int) -> String { self + String(repeating: " ", count: Swift.max(1, width - count)) }
}

/// A table in Markdown. Cells are Markdown: who fills them with other people's words takes care of those.
package struct MarkdownTable {
  /// The words above the columns.
  let head: [String]
  /// As many cells a line as there are columns.
  let rows: [[String]]
  /// What stands below each word of the head.
  let rule: Rule

  /// How the head and the line below it are written, without spaces that are not needed or with them; a reader of the page
  /// sees no difference.
  package enum Rule { case close, spaced }

  /// A table of rows below a head.
  package init(head: [String], rows: [[String]], rule: Rule = .close) {
    self.head = head
    self.rows = rows
    self.rule = rule
  }

  /// On lines, without the end of the last.
  package var text: String {
    let top =
      switch rule {
      case .close:
        [head.map { $0.isEmpty ? "| " : "| \($0) " }.joined() + "|", "|" + head.map { _ in "---|" }.joined()]
      case .spaced: [line(head), line(head.map { _ in "---" })]
      }
    return (top + rows.map { line($0) }).joined(separator: "\n")
  }

  private func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
}
