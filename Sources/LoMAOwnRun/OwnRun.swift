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
  /// What prevents the verdict that the numbers would have: answers of another form, or none; nil if nothing does.
  let fault: OwnFault?
}

/// What questions without numbers come to.
struct OwnFault {
  /// That of the unit which stands for all.
  let verdict: Verdict
  /// `wrong: …` or `no verdict: …`.
  let words: String

  /// The words without `wrong`, which stands beside them.
  var reason: String { words.hasPrefix("wrong: ") ? String(words.dropFirst(7)) : words }
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
    let unanswered = asked.count { $0.findings == nil && !$0.isInvalid }
    var limits: [String] = []
    if asked.count < questions { limits.append("asked were \(asked.count) of \(questions) questions") }
    if unanswered > 0 { limits.append("\(unanswered) of \(asked.count) questions have no answer") }
    if computation.plan.alternatives.isEmpty { limits.append("no mistake was looked for by name") }
    return limits
  }

  /// Where a wrong answer has no name, what can be done about it.
  private func hint(_ verdict: OwnVerdict) -> [String] {
    guard verdict.kind == .wrong, verdict.names.isEmpty else { return [] }
    if verdict.nonFinite != nil { return ["no mistake is looked for in numbers that are not finite"] }
    return computation.plan.naming == .all ? [] : ["--name all looks for more mistakes"]
  }

  /// An answer of another form is wrong; a question that ended the port, or that it did not answer in time, leaves no verdict
  /// but `wrong`.
  private func fault(_ asked: [JudgedOwnUnit], _ verdict: OwnVerdict) -> OwnFault? {
    if verdict.kind == .wrong { return nil }
    if let invalid = asked.first(where: \.isInvalid) {
      return OwnFault(verdict: .fail, words: "wrong: \(invalid.result.id): \(invalid.result.why)")
    }
    let failed = asked.filter { $0.findings == nil && $0.result.verdict.isWrong }
    guard let first = failed.first else { return nil }
    var words: [String] = []
    for one in failed where !words.contains(one.result.verdict.rawValue) { words.append(one.result.verdict.rawValue) }
    let open = asked.count { $0.findings == nil }
    return OwnFault(
      verdict: first.result.verdict,
      words: "no verdict: \(open) of \(asked.count) questions unanswered (\(words.joined(separator: ", ")))")
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
      guard asked.contains(where: { $0.findings != nil || $0.result.verdict.isWrong }) else { return nil }
      let chaos = computation.yardsticks.compactMap { $0.isChaotic(type) }.first
      let verdict = OwnVerdict(
        plan: computation.plan, type: type, findings: findings(asked), chaotic: chaos != nil)
      return OwnConclusion(
        dtype: type.word, verdict: verdict,
        undecidable: verdict.nonFinite == nil ? verdict.undecidable.map { $0.words } : [], chaos: chaos,
        limits: hint(verdict) + limits(asked), fault: fault(asked, verdict))
    }
  }
}

extension OwnAlternative {
  /// Its name with its sentence.
  package var words: String { sentence.isEmpty ? id : "\(id): \(sentence)" }
}

extension JudgedOwnUnit {
  /// Whether there was an answer, of another form than a right one.
  fileprivate var isInvalid: Bool {
    findings == nil && [.invalidOutput, .wrongRejection].contains(result.verdict)
  }
}

extension OwnConclusion {
  /// The verdict of the unit that stands for all, with its reason.
  fileprivate var outcome: (Verdict, String) {
    if let fault { return (fault.verdict, fault.reason) }
    return switch verdict.kind {
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
    ([(fault.map { "\(dtype): \($0.words)" } ?? verdict.sentence).whole] + limits).joined(separator: "; ")
  }
}
