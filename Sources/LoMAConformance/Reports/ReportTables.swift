// RUN-25: the claims of a run as a grid.

import LoMAJudgement
import LoMAVectors

/// One row per level and profile, one column per element type.
struct ClaimsTable {
  func draw(_ claims: Claims) -> String {
    var rows: [(level: String, profile: String)] = []
    var types: [String] = []
    for cell in claims.cells {
      if rows.last.map({ $0 == (cell.level, cell.profile) }) != true { rows.append((cell.level, cell.profile)) }
      if !types.contains(cell.dtype) { types.append(cell.dtype) }
    }
    types = NumberType.allWords.filter(types.contains) + types.filter { !NumberType.allWords.contains($0) }
    let lines = rows.map { row in
      let cells = types.map { type in
        let cell = claims.cells.first { $0.level == row.level && $0.profile == row.profile && $0.dtype == type }
        return cell.map(draw) ?? "<td></td>"
      }
      return "<tr data-level=\"\(word(row.level))\"><th scope=\"row\">\(word(row.level))</th>"
        + "<td>\(word(row.profile))</td>\(cells.joined())</tr>"
    }
    return """
      <section aria-labelledby="claims">
      <h2 id="claims">claims</h2>
      <div class="scroll" tabindex="0" role="region" aria-label="Table of claims"><table class="grid">
      <caption>A claim is a level under a profile in an element type. It is met where every unit passed.</caption>
      <thead><tr><th scope="col">level</th><th scope="col">profile</th>\
      \(types.map { "<th scope=\"col\">\(word($0))</th>" }.joined())</tr></thead>
      <tbody>
      \(lines.joined(separator: "\n"))
      </tbody></table></div>
      </section>
      """
  }

  private func draw(_ cell: Claims.Cell) -> String {
    let verdicts = Verdict.allCases.compactMap { verdict in cell.counts[verdict].map { "\($0) \(verdict.rawValue)" } }
    return "<td class=\"\(tone(cell.status))\">\(cell.status.rawValue)<small>"
      + "\(word(verdicts.joined(separator: ", ")))</small></td>"
  }

  private func tone(_ status: Claims.Status) -> String {
    switch status {
    case .met: "right"
    case .narrowed, .open, .notClaimed: "open"
    case .notMet: "wrong"
    }
  }
}
