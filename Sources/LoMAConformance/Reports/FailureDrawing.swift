// One wrong unit in report.html: the finding in words, the diagnosis, and the heat map of the divergence.

/// A unit that is not right.
struct Failure {
  let result: CaseResult

  func draw() -> String {
    var rows: [(String, String)] = []
    if let finding = result.finding {
      let index = finding.index.map(String.init).joined(separator: ", ")
      rows = [
        ("tensor", "\(finding.tensor)[\(index)]"), ("place", finding.place), ("got", finding.got),
        ("want", finding.want), ("error / bound", short(finding.ratio)),
      ]
    }
    rows.append(("again", "loma conform --only \(result.id) --dtype \(result.dtype) --keep DIR -- COMMAND"))
    let table = rows.map { "<tr><th scope=\"row\">\($0.0)</th><td>\(escape($0.1))</td></tr>" }
    let diagnosis = result.diagnosis.map { "<li>\(escape($0))</li>" }
    let errors =
      result.standardError.isEmpty
      ? ""
      : "<details><summary>standard error</summary><pre>\(escape(result.standardError))</pre></details>"
    return """
      <div class="unit">
      <h4><span class="verdict \(result.verdict.tone)">\(result.verdict.rawValue)</span> \(escape(result.dtype)) \
      \(escape(result.why))</h4>
      <table class="list"><tbody>\(table.joined())</tbody></table>
      \(diagnosis.isEmpty ? "" : "<ul class=\"diagnosis\">\(diagnosis.joined())</ul>")
      \(result.divergence.map { HeatMap(divergence: $0).draw() } ?? "")
      \(errors)
      </div>
      """
  }
}

/// Error over bound by row and column.
struct HeatMap {
  let divergence: Divergence

  /// The classes of a cell, from right to worst: what a colour means, and the largest ratio that has it.
  static let steps: [(name: String, words: String, upTo: Double)] = [
    ("h0", "0", 0), ("h1", "≤ 1, right", 1), ("h2", "≤ 10", 10), ("h3", "≤ 10³", 1e3), ("h4", "≤ 10⁶", 1e6),
    ("h5", "more", .infinity),
  ]

  func draw() -> String {
    let cells = divergence.cells
    let (height, width) = (cells.count, cells.first?.count ?? 0)
    let size = max(6, min(18, 640 / max(width, 1)))
    let rectangles = cells.enumerated().flatMap { i, line in
      line.enumerated().map { j, ratio in
        "<rect class=\"\(step(ratio))\" x=\"\(j * size)\" y=\"\(i * size)\" width=\"\(size - 1)\" "
          + "height=\"\(size - 1)\"><title>\(escape(words(i, j, ratio)))</title></rect>"
      }
    }
    let legend = HeatMap.steps.map { "<span><i class=\"\($0.name)\"></i> \(escape($0.words))</span>" }
    let worst = worstRows().map { "<li>\(escape($0))</li>" }
    let description =
      "error over bound of \(divergence.tensor), \(divergence.rows) rows and \(divergence.columns) columns"
    return """
      <figure class="heat">
      <figcaption>\(escape(description))\(isReduced ? "; a cell is the worst of its block" : "")</figcaption>
      <p class="legend">\(legend.joined())</p>
      <div class="scroll"><svg role="img" aria-label="\(escape(description)); the worst rows stand below" \
      width="\(width * size)" height="\(height * size)" viewBox="0 0 \(width * size) \(height * size)">
      \(rectangles.joined(separator: "\n"))
      </svg></div>
      <ol class="worst">\(worst.joined())</ol>
      </figure>
      """
  }

  private var isReduced: Bool {
    divergence.rows > divergence.cells.count || divergence.columns > (divergence.cells.first?.count ?? 0)
  }

  private func step(_ ratio: Double) -> String { HeatMap.steps.first { ratio <= $0.upTo }?.name ?? "h5" }

  private func words(_ i: Int, _ j: Int, _ ratio: Double) -> String {
    "\(name("row", divergence.rows(ofCell: i))), \(name("column", divergence.columns(ofCell: j))): \(short(ratio))"
  }

  private func name(_ noun: String, _ range: ClosedRange<Int>) -> String {
    range.count == 1 ? "\(noun) \(range.lowerBound)" : "\(noun)s \(range.lowerBound) to \(range.upperBound)"
  }

  /// At most five lines, the worst first: the picture for whoever cannot see it.
  private func worstRows() -> [String] {
    let rows = divergence.cells.enumerated().map { (row: $0.offset, ratio: $0.element.max() ?? 0) }
    return rows.filter { $0.ratio > 1 }.sorted { ($1.ratio, $0.row) < ($0.ratio, $1.row) }.prefix(5).map { row in
      "\(name("row", divergence.rows(ofCell: row.row))): up to \(short(row.ratio)) times the bound"
    }
  }
}
