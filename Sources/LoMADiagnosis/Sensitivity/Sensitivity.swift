// Which cases kill which mutants: every mutant answers as a candidate would, and the given judge treats it like one.

import LoMA
import LoMAAnswers
import LoMAConformance
import LoMAJudgement
import LoMAMutants
import LoMAReference
import LoMAVectors
import NaiveLlama

/// A case in one element type, with its judge.
package struct SensitivityUnit: Sendable {
  package struct Judgement: Sendable {
    /// Whether a comparison failed; a refusal or an error is not a failed comparison.
    package let fails: Bool
    /// The largest error over bound of the comparisons; infinite if no error is allowed.
    package let margin: Double

    package init(fails: Bool, margin: Double) {
      self.fails = fails
      self.margin = margin
    }
  }

  package let id: String
  package let level: Level
  /// The element type; i64 if there are no numbers.
  package let dtype: String
  /// The clauses that the case cites.
  package let clauses: [String]
  let requests: [Request]
  let judge: @Sendable ([CandidateResponse]) -> Judgement

  package init(
    id: String, level: Level, dtype: String, clauses: [String], requests: [Request],
    judge: @escaping @Sendable ([CandidateResponse]) -> Judgement
  ) {
    self.id = id
    self.level = level
    self.dtype = dtype
    self.clauses = clauses
    self.requests = requests
    self.judge = judge
  }
}

extension SensitivityUnit {
  /// Whether the unit can show the candidate's mistake.
  func leavesRoom(for candidate: ReferenceCandidate) -> Bool {
    candidate.type(dtype).map { type in requests.contains { candidate.isMistaken(about: $0, in: type) } } ?? false
  }
}

/// Runs mutants on units.
package struct Sensitivity: Sendable {
  package let units: [SensitivityUnit]
  private let models: StoredModels
  private let workers: Workers

  package init(units: [SensitivityUnit], models: StoredModels, threads: Int) {
    self.units = units
    self.models = models
    workers = Workers(threads: threads)
  }

  /// All kills of some mutants; `progress` gets the number of mutants done.
  package func matrix(
    of mutants: [Mutant], progress: @escaping @Sendable (_ done: Int) -> Void
  ) -> KillMatrix {
    let lines = workers.map(mutants.count) { index in
      let line = line(of: mutants[index], untilDead: false)
      progress(index + 1)
      return line
    }
    return KillMatrix(units: units, lines: lines)
  }

  /// Enough kills of some mutants to tell which survive: a mutant killed in a type is asked nothing more in it.
  package func deaths(of mutants: [Mutant]) -> KillMatrix {
    KillMatrix(units: units, lines: workers.map(mutants.count) { line(of: mutants[$0], untilDead: true) })
  }

  /// The cases that kill none of some mutants, in the units' order; rejections are left out.
  package func harmlessCases(to mutants: [Mutant]) -> [String] {
    let asked = units.filter { $0.level != .rejection }
    let kills = workers.map(asked.count) { index in
      mutants.contains { mutant in
        let candidate = ReferenceCandidate(port: mutant.deviation, models: models)
        return asked[index].leavesRoom(for: candidate) && judged(candidate, asked[index])?.fails == true
      }
    }
    let killers = Set(zip(asked, kills).filter { $1 }.map { $0.0.id })
    var seen: Set<String> = []
    return asked.map { $0.id }.filter { !killers.contains($0) && seen.insert($0).inserted }
  }

  /// The verdicts on a port without a mistake: the share of each bound that it needs.
  package func headroom() -> [(unit: SensitivityUnit, verdict: SensitivityUnit.Judgement)] {
    let verdicts = workers.map(units.count) { index in
      judged(ReferenceCandidate(port: nil, models: models), units[index])
    }
    return zip(units, verdicts).compactMap { unit, verdict in verdict.map { (unit, $0) } }
  }

  private func line(of mutant: Mutant, untilDead: Bool) -> KillMatrix.Line {
    let candidate = ReferenceCandidate(port: mutant.deviation, models: models)
    var (kills, asked): ([KillMatrix.Kill], Set<String>) = ([], [])
    func isDead(_ dtype: String) -> Bool {
      kills.contains { ($0.dtype == dtype || $0.dtype == "i64") && $0.margin >= KillMatrix.sufficient }
    }
    // Only a mistake about bad input changes what is rejected.
    for unit in units where unit.level != .rejection || mutant.family == .rejections {
      guard unit.leavesRoom(for: candidate) else { continue }
      asked.insert(unit.dtype)
      if untilDead, isDead(unit.dtype) { continue }
      guard let verdict = judged(candidate, unit) else { continue }
      if verdict.fails {
        kills.append(KillMatrix.Kill(id: unit.id, level: unit.level, dtype: unit.dtype, margin: verdict.margin))
      }
    }
    return KillMatrix.Line(mutant: mutant, asked: asked, kills: kills)
  }

  private func judged(_ candidate: ReferenceCandidate, _ unit: SensitivityUnit) -> SensitivityUnit.Judgement? {
    candidate.type(unit.dtype).map { type in
      unit.judge(unit.requests.map { candidate.respond(to: $0, in: type) })
    }
  }
}
