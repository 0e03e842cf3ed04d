// RUN-25: the claims of a run as a grid.

import LoMAJudgement
import LoMAVectors

/// One row per level and profile, one column per element type.
struct ClaimsTable {
  func draw(_ claims: Claims) -> Markup {
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
        return cell.map(draw) ?? Markup("td")
      }
      return Markup(
        "tr", ["data-level": row.level.printable],
        [Markup("th", ["scope": "row"], [word(row.level)]), Markup("td", [word(row.profile)])] + cells)
    }
    let names = ["level", "profile"] + types
    let table = Markup(
      "table", ["class": "grid"],
      [
        .lineEnd,
        Markup("caption", "A claim is a level under a profile in an element type. It is met where every unit passed."),
        .lineEnd, Markup("thead", [Markup("tr", names.map { Markup("th", ["scope": "col"], [word($0)]) })]), .lineEnd,
        Markup("tbody", lines: lines),
      ])
    return section(
      "claims", "claims",
      [
        Markup(
          "div", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": "Table of claims"], [table])
      ])
  }

  private func draw(_ cell: Claims.Cell) -> Markup {
    let verdicts = Verdict.allCases.compactMap { verdict in cell.counts[verdict].map { "\($0) \(verdict.rawValue)" } }
    return Markup(
      "td", ["class": tone(cell.status)],
      [Markup(text: cell.status.rawValue), Markup("small", [word(verdicts.joined(separator: ", "))])])
  }

  private func tone(_ status: Claims.Status) -> String {
    switch status {
    case .met: "right"
    case .narrowed, .open, .notClaimed: "open"
    case .notMet: "wrong"
    }
  }
}
