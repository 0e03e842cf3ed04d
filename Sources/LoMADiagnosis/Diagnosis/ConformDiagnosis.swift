// RUN-30: what a run finds out about each wrong answer: the diagnosis that the runner calls.

import LoMAAnswers
import LoMAConformance
import LoMAJudgement
import LoMAVectors

#if canImport(Synchronization)
  import Synchronization
#endif

/// Diagnoses the wrong answers of one run, and keeps them for the summary at its end.
package final class ConformDiagnosis: Sendable {
  /// What is known so far.
  struct Kept {
    var answers: [WrongAnswer] = []
    var bytes = 0
    /// The forward passes that were asked for, by unit, with the first stage that diverges; nil if none does.
    var stages: [String: DivergingStage?] = [:]
    /// The number of wrong answers, by level, that were compared with every suspect.
    var explained: [Level: Int] = [:]
    /// The first case of each model whose gradients are wrong, by model.
    var gradients: [String: String] = [:]
    /// How often the process ended when it was asked for more.
    var ends = 0
  }

  /// The most wrong answers of a level that are compared with every suspect one by one.
  private static let explained = 2
  /// The most bytes of wrong answers that are kept.
  private static let limit = 64 << 20
  let corpus: CaseCorpus
  let bounds: CalibratedBounds
  let diagnosis: Diagnosis
  /// The number of suspects that are computed in parallel.
  private let threads: Int
  private let state = Mutex(Kept())

  package init(_ corpus: CaseCorpus, _ bounds: CalibratedBounds, models: StoredModels, threads: Int) {
    self.corpus = corpus
    self.bounds = bounds
    diagnosis = Diagnosis(models: models)
    self.threads = threads
  }

  var kept: Kept { state.withLock { $0 } }

  /// The function that the runner calls with each wrong answer.
  package var hook: Runner.Diagnose {
    { [self] wrong, ask in
      guard let request = try? Request(wrong.question) else { return [] }
      // A property has no recorded answer to measure a distance from.
      guard let likeness = AnswerDistance(corpus, wrong.item, dtype: wrong.dtype, bounds: bounds) else {
        return ask.map { trace(request, wrong, $0) } ?? []
      }
      let witness = Witness(request, wrong, likeness)
      let isExplained = keep(wrong, witness)
      if !witness.isClear { return [Self.rounding("\(Self.short(witness.excess)) x its bound")] }
      guard let ask else { return [] }
      let found = isExplained ? diagnosis.explanations(of: witness, threads: threads) : []
      let multiple = Multiple(of: wrong.answer, right: likeness.right, bound: bound(wrong))
      return found.map(\.line) + (multiple.map { [$0.line] } ?? []) + gradients(wrong) + trace(request, wrong, ask)
    }
  }

  /// Keeps an answer; returns whether it is to be compared with every suspect.
  private func keep(_ wrong: WrongAnswer, _ witness: Witness) -> Bool {
    state.withLock { kept in
      if kept.bytes + wrong.size <= Self.limit {
        kept.answers.append(wrong)
        kept.bytes += wrong.size
      }
      guard witness.isClear else { return false }
      if wrong.item.op == .gradients, let model = wrong.item.model, kept.gradients[model] == nil {
        kept.gradients[model] = wrong.item.id
      }
      kept.explained[wrong.item.level, default: 0] += 1
      return kept.explained[wrong.item.level, default: 0] <= Self.explained
    }
  }

  /// A remark that an optimiser step cannot be right if the gradients are wrong; empty if it does not apply.
  private func gradients(_ wrong: WrongAnswer) -> [String] {
    guard wrong.item.op == .trainStep, let model = wrong.item.model,
      let id = state.withLock({ $0.gradients[model] })
    else { return [] }
    return ["the gradients on this model are wrong too, see \(id): a step cannot be right before they are"]
  }

  /// The first wrong stage of the forward pass, if the candidate returns intermediates; empty if it finds nothing.
  private func trace(_ request: Request, _ wrong: WrongAnswer, _ ask: (Question) -> Reply) -> [String] {
    guard let divergence = diagnosis.divergence(of: request),
      state.withLock({ $0.ends < Runner.deathLimit })
    else { return [] }
    let question = wrong.question
    let reply = ask(
      Question(
        op: .forward, dtype: question.dtype, profile: question.profile, parameters: question.parameters,
        model: question.model, input: question.input, captures: divergence.request.captures,
        family: question.family))
    if case .failed = reply { state.withLock { $0.ends += 1 } }
    guard case .tensors(let arrays) = reply else { return [] }
    let stage = divergence.stage(arrays) { bounds.generalBound(of: $0, op: "forward", dtype: question.dtype) }
    state.withLock { _ = $0.stages.updateValue(stage, forKey: wrong.unit) }
    return stage?.lines ?? []
  }

  /// The bounds of the answer's tensors, by name.
  func bound(_ wrong: WrongAnswer) -> (String) -> Double {
    { [bounds] in bounds.generalBound(of: $0, op: wrong.item.op.rawValue, dtype: wrong.dtype) }
  }

  /// The remark that an error may be a rounding and no mistake.
  static func rounding(_ error: String) -> String { "\(error): a rounding may do that" }

  /// Error over bound with two decimals, rounded up.
  static func short(_ ratio: Double) -> String { "\((ratio * 100).rounded(.up) / 100)" }
}

extension WrongAnswer {
  /// The unit that it answers, as a key.
  var unit: String { item.id + "\n" + dtype }
}

extension CaseResult {
  /// The unit that was judged, as a key.
  var unit: String { id + "\n" + dtype }
}

extension Witness {
  /// A witness from a wrong answer.
  init(_ request: Request, _ wrong: WrongAnswer, _ likeness: AnswerDistance) {
    self.init(
      request: request, type: likeness.type, level: wrong.item.level,
      excess: likeness.excess(of: wrong.answer) ?? .infinity,
      distance: { likeness.distance(of: wrong.answer, to: $0) }, isRight: { likeness.isRight($0) })
  }

  /// A witness from a right answer, of which only the recorded one is known.
  init(_ request: Request, right item: StoredCase, _ likeness: AnswerDistance) {
    let right = likeness.right
    self.init(
      request: request, type: likeness.type, level: item.level, excess: 0,
      distance: { likeness.distance(of: right, to: $0) }, isRight: { likeness.isRight($0) })
  }
}
