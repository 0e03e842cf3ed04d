// Docs/Sensitivity.md and Docs/PeerSensitivity.md: every mutant of a part with the margins of the cases that kill it, and
// which mutants each property kills. The texts are in the templates beside this file.

import LoMAMutants
import LoMAVectors

/// The page as Markdown.
package enum SensitivityPage {
  private static let levels: [Level] = [.stage, .model, .training, .generation, .property]

  /// The properties of a part without `repeat`, in the order of the page.
  private static func properties(of part: Part) -> [String] {
    switch part {
    case .loma: ["interference", "poison", "prefix", "cache", "batch", "shift"]
    case .peers: ["interference", "online", "inert", "gate", "cache", "batch"]
    }
  }

  private static func template(of part: Part) -> [UInt8] {
    switch part {
    case .loma: PackageResources.sensitivity_template_md
    case .peers: PackageResources.peer_sensitivity_template_md
    }
  }

  /// The page of a matrix of all mutants and units of a part.
  package static func text(_ matrix: KillMatrix, of part: Part) -> String {
    let families = Mutant.families(of: part).map { family in
      "## \(family.rawValue)\n\n" + table(matrix.lines.filter { $0.mutant.family == family }).text
    }
    let equivalent = Mutant.equivalents(of: part).map { "- \($0.mutant) under `\($0.profile)`: \($0.proof)." }
    let idle = matrix.idleCases.map { "- `\($0)`" }
    let unseen = UnseenMistake.all(of: part).map { "- \($0.sentence): \($0.proof)." }
    let further = unseen.isEmpty ? [:] : ["unseen": unseen.joined(separator: "\n")]
    let values = [
      "mutants": "\(matrix.lines.count)",
      "dead": "\(matrix.lines.count - Set(matrix.survivors.map { $0.mutant.id }).count)",
      "sufficient": "\(Int(KillMatrix.sufficient))",
      "families": families.joined(separator: "\n\n"),
      "alone": alone(matrix, properties(of: part)).text,
      "equivalent": equivalent.joined(separator: "\n"),
      "idle": idle.isEmpty ? "None." : idle.joined(separator: "\n"),
    ]
    return EmbeddedText(template(of: part)).filled(values.merging(further) { own, _ in own })
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
  private static func alone(_ matrix: KillMatrix, _ properties: [String]) -> MarkdownTable {
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
