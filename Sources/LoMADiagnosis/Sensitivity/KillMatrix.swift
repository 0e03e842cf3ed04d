// The result: mutant by mutant, the comparisons that failed, and how far.

import LoMAVectors

/// Kills of mutants by cases.
package struct KillMatrix: Sendable {
  /// A case that failed a mutant in an element type.
  package struct Kill: Hashable, Sendable {
    /// The case.
    package let id: String
    /// Its level.
    package let level: Level
    /// The element type: i64 where there are no numbers.
    package let dtype: String
    /// Error over bound of its worst comparison.
    package let margin: Double
  }

  /// A mutant with its kills.
  package struct Line: Sendable {
    /// The mutant.
    package let mutant: Mutant
    /// The element types of units that leave room for the mistake.
    package let asked: Set<String>
    /// In the order of the units.
    package let kills: [Kill]
  }

  /// What became of a mutant in an element type.
  package enum Fate: Equatable, Sendable {
    /// The best margin of a failed comparison, at least `sufficient`.
    case killed(margin: Double)
    /// The best margin of a failed comparison, 0 without one.
    case survives(margin: Double)
    /// No case leaves room for it there.
    case notAsked
  }

  /// Everything that was asked.
  package let units: [SensitivityUnit]
  /// One per mutant.
  package let lines: [Line]

  /// A mutant is dead where a failed comparison exceeds its bound so many times.
  package static let sufficient = 4.0
  /// The element types a mutant must be dead in.
  package static let dtypes = NumberType.words

  /// The fate of every mutant that is asked in a type and not dead there.
  package var survivors: [(mutant: Mutant, dtype: String, margin: Double)] {
    lines.flatMap { line in
      Self.dtypes.compactMap { dtype in
        guard case .survives(let margin) = line.fate(dtype), isAsked(dtype) else { return nil }
        return (line.mutant, dtype, margin)
      }
    }
  }

  private func isAsked(_ dtype: String) -> Bool { units.contains { $0.dtype == dtype } }

  /// Cases that fail no mutant and serve no clause that no other case serves; rejections kill by refusing and are left out.
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
  /// What became of the mutant in an element type; exact integers count in all of them.
  package func fate(_ dtype: String) -> KillMatrix.Fate {
    let margin = best { $0.dtype == dtype || $0.dtype == "i64" } ?? 0
    if margin >= KillMatrix.sufficient { return .killed(margin: margin) }
    guard asked.contains(dtype) || asked.contains("i64") else { return .notAsked }
    return .survives(margin: margin)
  }

  /// The best margin of some kills, none without one.
  func best(_ counts: (KillMatrix.Kill) -> Bool) -> Double? {
    kills.filter(counts).map { $0.margin }.max()
  }
}
