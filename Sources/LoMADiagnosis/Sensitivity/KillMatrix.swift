// The result of a sensitivity run: for each mutant the comparisons that failed, and their margins.

import LoMAMutants
import LoMAVectors

/// Which cases kill which mutants.
package struct KillMatrix: Sendable {
  /// A case that a mutant failed in an element type.
  package struct Kill: Hashable, Sendable {
    package let id: String
    package let level: Level
    /// The element type; i64 if there are no numbers.
    package let dtype: String
    /// The largest error over bound of its comparisons.
    package let margin: Double
  }

  package struct Line: Sendable {
    package let mutant: Mutant
    /// The element types of the units that can show the mistake.
    package let asked: Set<String>
    /// The kills in the order of the units.
    package let kills: [Kill]
  }

  /// The result of a mutant in an element type.
  package enum Fate: Equatable, Sendable {
    /// The best margin of a failed comparison, at least `sufficient`.
    case killed(margin: Double)
    /// The best margin of a failed comparison, 0 without one.
    case survives(margin: Double)
    /// No case can show the mistake in this type.
    case notAsked
  }

  /// All units that were asked.
  package let units: [SensitivityUnit]
  package let lines: [Line]

  /// A mutant counts as killed if a comparison exceeds its bound by this factor.
  package static let sufficient = 4.0
  /// The element types a mutant must be dead in.
  package static let dtypes = NumberType.words

  /// The mutants that are asked in a type and not killed in it.
  package var survivors: [(mutant: Mutant, dtype: String, margin: Double)] {
    lines.flatMap { line in
      Self.dtypes.compactMap { dtype in
        guard case .survives(let margin) = line.fate(dtype), isAsked(dtype) else { return nil }
        return (line.mutant, dtype, margin)
      }
    }
  }

  private func isAsked(_ dtype: String) -> Bool { units.contains { $0.dtype == dtype } }

  /// Cases that kill no mutant and cite no clause of their own; rejections kill by refusing and are left out.
  package var idleCases: [String] {
    let killers = Set(lines.flatMap { line in line.kills.map { $0.id } })
    var serving: [String: Set<String>] = [:]
    for unit in units { for clause in unit.clauses { serving[clause, default: []].insert(unit.id) } }
    var seen: Set<String> = []
    return units.filter { unit in
      unit.level != .rejection && !killers.contains(unit.id) && seen.insert(unit.id).inserted
        && !unit.clauses.contains { serving[$0] == [unit.id] }
    }.map { $0.id }
  }
}

extension KillMatrix.Line {
  /// The result of the mutant in an element type; exact integers count in all types.
  package func fate(_ dtype: String) -> KillMatrix.Fate {
    let margin = best { $0.dtype == dtype || $0.dtype == "i64" } ?? 0
    if margin >= KillMatrix.sufficient { return .killed(margin: margin) }
    guard asked.contains(dtype) || asked.contains("i64") else { return .notAsked }
    return .survives(margin: margin)
  }

  /// The best margin of the kills that count; nil if none does.
  func best(_ counts: (KillMatrix.Kill) -> Bool) -> Double? {
    kills.filter(counts).map { $0.margin }.max()
  }
}
