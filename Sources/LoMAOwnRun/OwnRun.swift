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
  /// What else limits the verdict, in words: questions left out or not answered, and that nothing was looked for by name.
  package let limits: [String]
}

/// The judged units of a run and what follows from them.
package struct OwnRun {
  package let computation: OwnComputation
  package let units: [JudgedOwnUnit]
  /// The questions of the plan, of which a filter may have left out some.
  private let questions: Int
  /// The smallest text of each mistake that has a name, if it was looked for (OWN-9).
  package var smallest: [OwnSmallest] = []

  package init(_ computation: OwnComputation, units: [JudgedOwnUnit], questions: Int) {
    self.computation = computation
    self.units = units
    self.questions = questions
  }

  private func limits(_ asked: [JudgedOwnUnit]) -> [String] {
    let unanswered = asked.count { $0.findings == nil }
    var limits: [String] = []
    if asked.count < questions { limits.append("asked were \(asked.count) of \(questions) questions") }
    if unanswered > 0 { limits.append("\(unanswered) of \(asked.count) questions have no answer") }
    if computation.plan.alternatives.isEmpty { limits.append("no mistake was looked for by name") }
    return limits
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
        result.diagnosis = smallest.filter { $0.dtype == dtype }.map(\.line)
        return result
      }
  }

  /// What the run comes to, in lines: each type's verdict, the smallest text of its name, and what is not decidable.
  package func lines(_ header: RunHeader) -> [String] {
    conclusions.flatMap { conclusion in
      let texts = smallest.filter { $0.dtype == conclusion.dtype }
      return [conclusion.line] + texts.map(\.line) + texts.compactMap { $0.again(header) } + conclusion.unknown
    }
  }

  /// The findings of a type; β of layers asked alone only where all of them were answered, and at least two (OWN-8).
  private func findings(_ asked: [JudgedOwnUnit]) -> [OwnFindings] {
    let answered = Set(asked.filter { $0.findings != nil }.map(\.result.id))
    let plan = computation.plan
    let isWhole =
      plan.sliceLayers.count > 1
      && plan.sliceLayers.allSatisfy { layer in
        plan.texts.allSatisfy { answered.contains(OwnPlace(.layer(layer), text: $0.name).id) }
      }
    return asked.compactMap(\.findings).map { findings in
      var counted = findings
      if !isWhole { counted.projections.removeAll { $0.evidence == .slices } }
      return counted
    }
  }

  /// What is said of each element type in which something was answered, in the order of the plan.
  package var conclusions: [OwnConclusion] {
    computation.plan.types.compactMap { type in
      let asked = units.filter { $0.result.dtype == type.word }
      guard asked.contains(where: { $0.findings != nil }) else { return nil }
      let chaos = computation.yardsticks.compactMap { $0.isChaotic(type) }.first
      let verdict = OwnVerdict(
        plan: computation.plan, type: type, findings: findings(asked), chaotic: chaos != nil)
      return OwnConclusion(
        dtype: type.word, verdict: verdict, undecidable: verdict.undecidable.map { $0.words }, chaos: chaos,
        limits: limits(asked))
    }
  }
}

extension OwnAlternative {
  /// Its name with its sentence.
  package var words: String { sentence.isEmpty ? id : "\(id): \(sentence)" }
}

extension OwnConclusion {
  /// The verdict of the unit that stands for all, with its reason.
  fileprivate var outcome: (Verdict, String) {
    switch verdict.kind {
    case .right: (.pass, "")
    case .suspect: (.suspect, verdict.reason(dtype))
    case .wrong: (.fail, verdict.reason(dtype))
    case .notDecidable: (.indeterminate, verdict.reason(dtype))
    }
  }

  /// A line for everything that is not decidable.
  fileprivate var unknown: [String] { undecidable.map { "\(dtype): not decidable: \($0)" } }

  /// One line for a person; `right` says up to what.
  package var line: String {
    ([verdict.sentence.whole] + limits).joined(separator: "; ")
  }
}
