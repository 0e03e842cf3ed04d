// Docs/Sensitivity.md: every mutant with the margins of what kills it, and what each property kills alone.

/// The page as Markdown.
public enum SensitivityPage {
  private static let levels: [Level] = [.stage, .model, .training, .generation, .property]
  private static let properties = ["interference", "poison", "prefix", "cache", "batch", "shift"]

  /// The page of a matrix of everything.
  public static func text(_ matrix: KillMatrix) -> String {
    var lines = introduction(matrix)
    for family in Mutant.Family.allCases {
      lines += ["", "## \(family.rawValue)", ""] + table(matrix.lines.filter { $0.mutant.family == family })
    }
    lines += ["", "## Without a golden", ""] + alone(matrix)
    lines += ["", "## Harmless", ""] + harmless(matrix)
    lines += ["", "## Idle cases", ""] + idle(matrix)
    return lines.joined(separator: "\n") + "\n"
  }

  /// Columns: structure, then the levels of numbers as f32 and bf16, then the best of all in each type.
  private static func table(_ lines: [KillMatrix.Line]) -> [String] {
    let head = ["", "the mistake", "structure"] + levels.map { $0.rawValue } + KillMatrix.dtypes + ["cases"]
    var rows = [row(head), row(head.map { _ in "---" })]
    for line in lines {
      let exact = Set(line.kills.filter { $0.level == .structure }.map { $0.id }).count
      let byLevel = levels.map { level in
        let both = ["f32", "bf16"].map { dtype in
          line.best { $0.level == level && $0.dtype == dtype }.map { Margin.text($0) } ?? ""
        }
        return both.allSatisfy { $0.isEmpty } ? "" : both.map { $0.isEmpty ? "·" : $0 }.joined(separator: " / ")
      }
      let byType = KillMatrix.dtypes.map { Margin.text(line.fate($0)) }
      let cases = Set(line.kills.map { $0.id }).count
      rows.append(
        row(
          [line.mutant.id, line.mutant.sentence, exact == 0 ? "" : "\(exact)"] + byLevel + byType + ["\(cases)"]))
    }
    return rows
  }

  private static func row(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }

  /// Which mutants each property kills in f32 and bf16, the recorded answers set aside.
  private static func alone(_ matrix: KillMatrix) -> [String] {
    var rows = [row(["property", "f32", "bf16", "mutants"]), row(["---", "---", "---", "---"])]
    for property in properties {
      func killed(_ dtype: String) -> [String] {
        matrix.lines.filter { line in
          line.kills.contains { kill in
            kill.dtype == dtype && kill.id.hasPrefix("property.\(property).") && kill.margin >= KillMatrix.sufficient
          }
        }.map { $0.mutant.id }
      }
      let (wide, narrow) = (killed("f32"), killed("bf16"))
      let words = wide.map { narrow.contains($0) ? $0 : $0 + "*" }
      rows.append(row([property, "\(wide.count)", "\(narrow.count)", words.joined(separator: " ")]))
    }
    return rows + [
      "", "A star: in f32 only. `repeat` compares a candidate with itself; no mutant here differs from run to run.",
    ]
  }

  private static func harmless(_ matrix: KillMatrix) -> [String] {
    let found = matrix.lines.flatMap { line in
      KillMatrix.dtypes.compactMap { dtype -> String? in
        guard case .harmless(let proof) = line.fate(dtype) else { return nil }
        return "- \(line.mutant.id) in \(dtype): \(proof)."
      }
    }
    return found.isEmpty ? ["None."] : found
  }

  private static func idle(_ matrix: KillMatrix) -> [String] {
    let ids = matrix.idleCases
    let what = "Cases that kill no mutant and serve no clause that no other case serves; rejections are not counted."
    return [what, ""] + (ids.isEmpty ? ["None."] : ids.map { "- `\($0)`" })
  }

  private static func introduction(_ matrix: KillMatrix) -> [String] {
    let dead = matrix.lines.count - Set(matrix.survivors.map { $0.mutant.id }).count
    return [
      "# Sensitivity",
      "",
      "Does the suite catch bugs? A mutant is the reference with one plausible mistake of a port. Each was judged by every",
      "case that leaves room for it, as `loma conform` judges a candidate, in each element type: as a port, it rounds the",
      "output of every stage to the type. \(matrix.lines.count) mutants, \(dead) of them dead wherever they are asked.",
      "",
      "- A number is the margin: error over bound of the worst comparison of the best killing case. A mutant is dead where",
      "  that is at least \(Int(KillMatrix.sufficient)). `exact` means that no error is allowed there. Only a comparison that",
      "  failed counts, or tensors of another form; never an error or a refusal.",
      "- `structure` counts the cases of exact integers that fail. The columns of levels are f32 / bf16; those of types are",
      "  the best margin in that type, exact integers included. `cases` are all cases that fail in any type.",
      "- `–`: nothing asks for it in that type. Gradients and optimiser steps are asked in f64 and f32 only.",
      "- `=`: it changes nothing that may be looked at in that type; the proof is below.",
      "",
      "`loma reference --mutant M017` is a mutant as a candidate process. Generated by `loma sensitivity --output`; a test",
      "fails where the mutants of this page are not those of the catalogue, and another where one survives.",
    ]
  }
}
