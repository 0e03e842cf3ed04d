// Docs/Sensitivity.md: every mutant with the margins of the cases that kill it, and which mutants each property kills.
// The text is in the template beside this file.

import LoMAVectors

/// The page as Markdown.
package enum SensitivityPage {
  private static let levels: [Level] = [.stage, .model, .training, .generation, .property]
  private static let properties = ["interference", "poison", "prefix", "cache", "batch", "shift"]

  /// The page of a matrix of all mutants and units.
  package static func text(_ matrix: KillMatrix) -> String {
    let families = Mutant.Family.allCases.map { family in
      "## \(family.rawValue)\n\n" + table(matrix.lines.filter { $0.mutant.family == family }).text
    }
    let equivalent = Mutant.equivalents.map { "- \($0.mutant) under `\($0.profile)`: \($0.proof)." }
    let idle = matrix.idleCases.map { "- `\($0)`" }
    return EmbeddedText(PackageResources.sensitivity_template_md).filled([
      "mutants": "\(matrix.lines.count)",
      "dead": "\(matrix.lines.count - Set(matrix.survivors.map { $0.mutant.id }).count)",
      "sufficient": "\(Int(KillMatrix.sufficient))",
      "families": families.joined(separator: "\n\n"),
      "alone": alone(matrix).text,
      "equivalent": equivalent.joined(separator: "\n"),
      "idle": idle.isEmpty ? "None." : idle.joined(separator: "\n"),
    ])
  }

  /// Columns: structure, then each level of numbers in f32 and bf16, then the best of all levels in each type.
  private static func table(_ lines: [KillMatrix.Line]) -> MarkdownTable {
    let head = ["", "the mistake", "structure"] + levels.map { $0.rawValue } + KillMatrix.dtypes + ["cases"]
    let rows = lines.map { line in
      let exact = Set(line.kills.filter { $0.level == .structure }.map { $0.id }).count
      let byLevel = levels.map { level in
        let both = ["f32", "bf16"].map { dtype in
          line.best { $0.level == level && $0.dtype == dtype }.map { Margin.text($0) } ?? ""
        }
        return both.allSatisfy { $0.isEmpty } ? "" : both.map { $0.isEmpty ? "·" : $0 }.joined(separator: " / ")
      }
      let byType = KillMatrix.dtypes.map { Margin.text(line.fate($0)) }
      let cases = Set(line.kills.map { $0.id }).count
      return [line.mutant.id, line.mutant.sentence, exact == 0 ? "" : "\(exact)"] + byLevel + byType + ["\(cases)"]
    }
    return MarkdownTable(head: head, rows: rows, rule: .spaced)
  }

  /// The mutants that each property kills in f32 and bf16, without the recorded answers.
  private static func alone(_ matrix: KillMatrix) -> MarkdownTable {
    let rows = properties.map { property in
      func killed(_ dtype: String) -> [String] {
        matrix.lines.filter { line in
          line.kills.contains { kill in
            kill.dtype == dtype && kill.id.hasPrefix("property.\(property).") && kill.margin >= KillMatrix.sufficient
          }
        }.map { $0.mutant.id }
      }
      let (wide, narrow) = (killed("f32"), killed("bf16"))
      let words = wide.map { narrow.contains($0) ? $0 : $0 + "*" }
      return [property, "\(wide.count)", "\(narrow.count)", words.joined(separator: " ")]
    }
    return MarkdownTable(head: ["property", "f32", "bf16", "mutants"], rows: rows, rule: .spaced)
  }
}
