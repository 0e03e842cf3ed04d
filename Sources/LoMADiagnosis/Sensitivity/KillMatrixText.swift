// The kill matrix for a terminal: one line per mutant, one column per level, with the best margin.

import LoMAMutants
import LoMAVectors

package struct KillMatrixText {
  private let matrix: KillMatrix
  private let dtypes: [String]
  private static let levels: [Level] = [.structure, .stage, .model, .training, .generation, .property]

  /// The text with columns for some element types.
  package init(_ matrix: KillMatrix, dtypes: [String]) {
    self.matrix = matrix
    self.dtypes = dtypes
  }

  /// The mutants by family, then the survivors; `detailed` also lists every kill.
  package func text(detailed: Bool) -> String {
    let head = Self.levels.map { Self.cell($0.rawValue) } + dtypes.map { Self.cell($0) }
    var lines: [String] = []
    for family in Mutant.Family.allCases {
      let members = matrix.lines.filter { $0.mutant.family == family }
      if members.isEmpty { continue }
      lines += [Self.cell(family.rawValue) + head.joined()]
      for line in members {
        let byLevel = Self.levels.map { level in
          Self.cell(line.best { kill in kill.level == level && isShown(kill) }.map { Margin.text($0) } ?? "·")
        }
        let byType = dtypes.map { Self.cell(Margin.text(line.fate($0))) }
        lines.append(Self.cell(line.mutant.id) + (byLevel + byType).joined() + line.mutant.sentence)
        if detailed { lines += kills(of: line) }
      }
      lines.append("")
    }
    let count = matrix.lines.count
    lines.append("\(count) mutants, \(count - Set(matrix.survivors.map { $0.mutant.id }).count) dead wherever asked")
    lines += matrix.survivors.map { "\($0.mutant.id) survives in \($0.dtype), margin \(Margin.text($0.margin))" }
    return lines.map { $0 + "\n" }.joined()
  }

  private func isShown(_ kill: KillMatrix.Kill) -> Bool { kill.dtype == "i64" || dtypes.contains(kill.dtype) }

  private func kills(of line: KillMatrix.Line) -> [String] {
    line.kills.filter { isShown($0) }.map { kill in
      "  " + Self.cell(kill.dtype) + Self.cell(Margin.text(kill.margin)) + kill.id
    }
  }

  private static func cell(_ text: String) -> String { text.padded(to: 11) }
}

/// Margins in a few characters.
enum Margin {
  /// Two digits, such as `1.3`, `52`, `1e4`; `exact` if no error is allowed.
  static func text(_ margin: Double) -> String {
    guard margin.isFinite else { return "exact" }
    if margin < 9.95 { return "\((margin * 10).rounded(.down) / 10)" }
    if margin < 1000 { return "\(Int(margin))" }
    var (exponent, rest) = (0, margin)
    while rest >= 10 { (exponent, rest) = (exponent + 1, rest / 10) }
    return "\(Int(rest))e\(exponent)"
  }

  /// The cell of a fate: the margin, or `–` if no case asks.
  static func text(_ fate: KillMatrix.Fate) -> String {
    switch fate {
    case .killed(let margin): text(margin)
    case .survives(let margin): "ALIVE " + text(margin)
    case .notAsked: "–"
    }
  }
}
