// The two tables of report.html: claims as a grid, units as a list that a reader narrows down.

/// Level and profile by element type.
struct ClaimsTable {
  func draw(_ claims: Claims) -> String {
    var rows: [(level: String, profile: String)] = []
    var types: [String] = []
    for cell in claims.cells {
      if rows.last.map({ $0 == (cell.level, cell.profile) }) != true { rows.append((cell.level, cell.profile)) }
      if !types.contains(cell.dtype) { types.append(cell.dtype) }
    }
    types = StoredCase.dtypes.filter(types.contains) + types.filter { !StoredCase.dtypes.contains($0) }
    let lines = rows.map { row in
      let cells = types.map { type in
        let cell = claims.cells.first { $0.level == row.level && $0.profile == row.profile && $0.dtype == type }
        return cell.map(draw) ?? "<td></td>"
      }
      return "<tr><th scope=\"row\">\(escape(row.level))</th><td>\(escape(row.profile))</td>\(cells.joined())</tr>"
    }
    return """
      <section aria-labelledby="claims">
      <h2 id="claims">claims</h2>
      <p class="subtitle">A claim is a level under a profile in an element type. It is met where every unit passed.</p>
      <div class="scroll"><table class="grid">
      <thead><tr><th scope="col">level</th><th scope="col">profile</th>\
      \(types.map { "<th scope=\"col\">\(escape($0))</th>" }.joined())</tr></thead>
      <tbody>
      \(lines.joined(separator: "\n"))
      </tbody></table></div>
      </section>
      """
  }

  private func draw(_ cell: Claims.Cell) -> String {
    let verdicts = Verdict.allCases.compactMap { verdict in cell.counts[verdict].map { "\($0) \(verdict.rawValue)" } }
    return "<td class=\"\(tone(cell.status))\">\(cell.status.rawValue)<small>"
      + "\(escape(verdicts.joined(separator: ", ")))</small></td>"
  }

  private func tone(_ status: Claims.Status) -> String {
    switch status {
    case .met: "right"
    case .narrowed, .open, .notClaimed: "open"
    case .notMet: "wrong"
    }
  }
}

/// Every unit on a line; without scripts there is no filter, and nothing else is missing.
struct UnitTable {
  func draw(_ results: [CaseResult]) -> String {
    let lines = results.map { result in
      let worst = result.tensors.map { $0.ratio }.max()
      let isShown = ["wrong", "known"].contains(result.verdict.tone)
      let name = isShown ? "<a href=\"#case-\(escape(result.id))\">\(escape(result.id))</a>" : escape(result.id)
      return "<tr data-verdict=\"\(result.verdict.rawValue)\" data-level=\"\(escape(result.level))\" "
        + "data-dtype=\"\(escape(result.dtype))\"><td>\(name)</td><td>\(escape(result.dtype))</td>"
        + "<td>\(escape(result.profile))</td><td class=\"\(result.verdict.tone)\">\(result.verdict.rawValue)</td>"
        + "<td class=\"n\">\(worst.map { short($0) } ?? "")</td><td class=\"n\">\(decimal(result.seconds))</td>"
        + "<td class=\"why\">\(escape(result.why))</td></tr>"
    }
    let verdicts = Verdict.allCases.map { $0.rawValue }.filter { name in
      results.contains { $0.verdict.rawValue == name }
    }
    return """
      <section aria-labelledby="units">
      <h2 id="units">units</h2>
      <form class="filter" role="search" aria-label="Units" hidden="hidden">
      <label>text <input name="text" type="search" placeholder="id, profile or reason"/></label>
      \(select("verdict", verdicts)) \(select("level", distinct(results.map { $0.level }))) \
      \(select("dtype", distinct(results.map { $0.dtype })))
      <output aria-live="polite"></output>
      </form>
      <div class="scroll"><table class="list">
      <thead><tr><th scope="col">id</th><th scope="col">type</th><th scope="col">profile</th>\
      <th scope="col">verdict</th><th scope="col" class="n">error/bound</th><th scope="col" class="n">seconds</th>\
      <th scope="col">why</th></tr></thead>
      <tbody>
      \(lines.joined(separator: "\n"))
      </tbody></table></div>
      </section>
      """
  }

  private func select(_ name: String, _ values: [String]) -> String {
    let options = values.map { "<option>\(escape($0))</option>" }
    return "<label>\(name) <select name=\"\(name)\"><option value=\"\">all</option>\(options.joined())</select></label>"
  }

  private func distinct(_ values: [String]) -> [String] {
    var seen: Set<String> = []
    return values.filter { seen.insert($0).inserted }
  }
}
