// OWN-8, RUN-13, RUN-20: a run on a model of one's own, from its first question to what is said of every element type.

import LoMAConformance
import LoMAJudgement
import LoMAOwnModel
import LoMAVectors

/// What a run says of one element type.
package struct OwnConclusion: Sendable {
  package let dtype: String
  package let verdict: OwnVerdict
  /// The alternatives that even a right port's roundings hide, in words.
  package let undecidable: [String]
  /// Why the free run decides nothing; nil if it does.
  package let chaos: String?
  /// How many units were not answered, so that less follows.
  package let unanswered: Int
}

/// The judged units of a run and what follows from them.
package struct OwnRun {
  package let computation: OwnComputation
  package let units: [JudgedOwnUnit]

  package init(_ computation: OwnComputation, units: [JudgedOwnUnit]) {
    self.computation = computation
    self.units = units
  }

  /// The name of the units that say what all answers of a type come to together.
  package static let together = "own.together"

  /// The results of all units, and behind them one for each element type that says what its answers come to together.
  package func results(interrupted: Bool) -> [CaseResult] {
    let profile = computation.profile
    let said = Dictionary(uniqueKeysWithValues: conclusions.map { ($0.dtype, $0) })
    return units.map(\.result)
      + computation.dtypes.compactMap { dtype in
        let asked = units.filter { $0.result.dtype == dtype }
        guard !asked.isEmpty else { return nil }
        var result = CaseResult(
          id: Self.together, dtype: dtype, level: Level.property.rawValue, op: Operation.forward.rawValue,
          profile: profile, hunts: "a mistake that only all answers of a type together show",
          clauses: ["OWN-4", "OWN-8"], verdict: .notRun, why: "not concluded: the run was interrupted", tensors: [],
          finding: nil)
        if interrupted { return result }
        guard let conclusion = said[dtype] else {
          let isDeclared = asked.contains { $0.result.verdict != .unsupported }
          (result.verdict, result.why) =
            isDeclared ? (.notRun, "nothing was answered in this type") : (.unsupported, asked[0].result.why)
          return result
        }
        (result.verdict, result.why) = conclusion.outcome
        return result
      }
  }

  /// What is said of each element type in which something was answered, in the order of the plan.
  package var conclusions: [OwnConclusion] {
    computation.plan.types.compactMap { type in
      let asked = units.filter { $0.result.dtype == type.word }
      guard asked.contains(where: { $0.findings != nil }) else { return nil }
      let chaos = computation.yardsticks.compactMap { $0.isChaotic(type) }.first
      let verdict = OwnVerdict(
        plan: computation.plan, type: type, findings: asked.compactMap(\.findings), chaotic: chaos != nil)
      return OwnConclusion(
        dtype: type.word, verdict: verdict, undecidable: verdict.undecidable.map { $0.words }, chaos: chaos,
        unanswered: asked.count { $0.findings == nil })
    }
  }
}

extension OwnAlternative {
  /// Its name with its sentence.
  package var words: String { sentence.isEmpty ? id : "\(id) (\(sentence))" }
}

extension OwnConclusion {
  /// The verdict of the unit that stands for all, with its reason.
  fileprivate var outcome: (Verdict, String) {
    switch verdict.kind {
    case .right: (.pass, "")
    case .suspect: (.suspect, verdict.sentence.onOneLine)
    case .wrong: (.fail, verdict.sentence.onOneLine)
    case .notDecidable: (.indeterminate, verdict.sentence.onOneLine)
    }
  }

  /// The verdict on one line, and on another what is not decidable.
  package var lines: [String] {
    [line] + (undecidable.isEmpty ? [] : ["\(dtype): not decidable: \(undecidable.joined(separator: "; "))"])
  }

  /// One line for a person; `right` says up to what.
  package var line: String {
    let rest = unanswered == 0 ? "" : "; \(unanswered) questions without an answer"
    return verdict.sentence.onOneLine + rest
  }
}
