// OWN-8, RUN-5, RUN-11, RUN-13: asks the units of a run one after another, and gives up a port that ends again and again.

import LoMAConformance
import LoMAJudgement
import LoMAOwnModel
import LoMAVectors

/// The units of one step, such as those of one layer: they are made when the step begins.
package struct OwnStep {
  /// What is asked, for a line of progress.
  package let name: String
  /// Its units, known before they are made.
  package let units: [(place: OwnPlace, dtype: String)]
  /// Makes a unit with what judges its answer; may compute for long.
  package let make: (_ place: OwnPlace, _ dtype: String) throws -> PreparedOwnUnit
  /// Removes what the step needed.
  package let end: () -> Void

  package init(
    name: String, units: [(place: OwnPlace, dtype: String)],
    make: @escaping (_ place: OwnPlace, _ dtype: String) throws -> PreparedOwnUnit, end: @escaping () -> Void
  ) {
    self.name = name
    self.units = units
    self.make = make
    self.end = end
  }
}

/// A unit ready to be asked.
package struct PreparedOwnUnit {
  package let unit: OwnUnit
  /// Judges an answer of the unit's form.
  package let judge: ([NamedArray]) throws -> OwnFindings
  /// What findings of this unit alone come to.
  package let verdict: (OwnFindings) -> OwnVerdict

  package init(
    unit: OwnUnit, judge: @escaping ([NamedArray]) throws -> OwnFindings,
    verdict: @escaping (OwnFindings) -> OwnVerdict
  ) {
    self.unit = unit
    self.judge = judge
    self.verdict = verdict
  }

  /// The judged unit of a reply.
  package func judged(_ reply: Reply) throws -> JudgedOwnUnit {
    if let result = unit.resultWithoutAnswer(reply) { return JudgedOwnUnit(result: result, findings: nil) }
    guard case .tensors(let answer) = reply else {
      return JudgedOwnUnit(result: unit.result(.runnerError, "a reply was judged in the wrong place"), findings: nil)
    }
    let findings = try judge(answer)
    return JudgedOwnUnit(result: unit.result(of: findings, verdict: verdict(findings)), findings: findings)
  }
}

/// Asks one candidate.
package struct OwnAsking {
  /// After this many units in a row that ended its process, the candidate is not asked anything more.
  static let deathLimit = 3

  private let conversation: CandidateConversation
  private let declaration: Declaration
  private let isInterrupted: () -> Bool

  package init(_ conversation: CandidateConversation, isInterrupted: @escaping () -> Bool) throws(CandidateError) {
    self.conversation = conversation
    self.isInterrupted = isInterrupted
    declaration = try conversation.declaration()
  }

  /// Asks the units of all steps in order; `done` are not asked again. `store` receives each unit as soon as it is
  /// judged. Units that are not asked are `not-run`.
  package func judged(
    _ steps: [OwnStep], done: [JudgedOwnUnit], profile: String,
    store: (JudgedOwnUnit) -> Void, progress: (_ done: Int, _ total: Int, _ name: String) -> Void
  ) throws -> [JudgedOwnUnit] {
    let known = Dictionary(
      done.map { (Key(id: $0.result.id, dtype: $0.result.dtype), $0) }, uniquingKeysWith: { first, _ in first })
    let total = steps.reduce(0) { $0 + $1.units.count }
    var results: [JudgedOwnUnit] = []
    var deaths = 0
    for step in steps {
      var isBegun = false
      for (place, dtype) in step.units {
        func notRun(_ why: String) -> JudgedOwnUnit {
          JudgedOwnUnit(result: place.result(dtype, profile: profile, .notRun, why), findings: nil)
        }
        if let earlier = known[Key(id: place.id, dtype: dtype)] {
          results.append(earlier)
          continue
        }
        if let why = reasonToStop(deaths) {
          results.append(notRun(why))
          continue
        }
        progress(results.count, total, "\(place.id) \(dtype)")
        isBegun = true
        do {
          let (unit, isEnd) = try ask(try step.make(place, dtype))
          if let isEnd { deaths = isEnd ? deaths + 1 : 0 }
          if unit.result.verdict != .notRun { store(unit) }
          results.append(unit)
        } catch OwnError.interrupted {
          results.append(notRun(Self.interrupted))
        }
      }
      if isBegun { step.end() }
    }
    return results
  }

  /// Asks a question beside those of the plan; nil if the port ended at it (OWN-9). Throws `OwnError.interrupted`.
  package func judged(_ prepared: PreparedOwnUnit) throws -> JudgedOwnUnit? {
    if isInterrupted() { throw OwnError.interrupted }
    let (unit, isEnd) = try ask(prepared)
    return isEnd == true ? nil : unit
  }

  private static let interrupted = "not asked: the run was interrupted"

  private func reasonToStop(_ deaths: Int) -> String? {
    if isInterrupted() { return Self.interrupted }
    if deaths < Self.deathLimit { return nil }
    return "not asked: the candidate ended, or had to be, at \(deaths) units in a row"
  }

  /// Asks one unit; also whether the process ended at it, nil if nothing was asked.
  private func ask(_ prepared: PreparedOwnUnit) throws -> (unit: JudgedOwnUnit, isEnd: Bool?) {
    let unit = prepared.unit
    if let why = declaration.refusal(of: unit.question, isRejection: false) {
      return (JudgedOwnUnit(result: unit.result(.unsupported, why), findings: nil), nil)
    }
    let exchange = conversation.ask(unit.question, unit: unit.place.id, outputLimit: unit.outputLimit)
    var judged = try prepared.judged(exchange.reply)
    judged.result.seconds = exchange.seconds
    judged.result.noise = exchange.noise
    if judged.result.verdict.isWrong { judged.result.standardError = exchange.standardError }
    return (judged, exchange.isEnd)
  }

  private struct Key: Hashable {
    let id: String
    let dtype: String
  }
}
