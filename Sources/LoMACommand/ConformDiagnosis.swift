// What a run finds out about wrong answers: the suite's diagnosis, handed to the runner.

import LoMAConformance
import LoMASuite

#if canImport(Synchronization)
  import Synchronization
#endif

/// Looks into the wrong answers of one run, and keeps them to say at its end what is behind them.
final class ConformDiagnosis: Sendable {
  /// So many wrong answers are compared with every suspect one by one.
  private static let explained = 5
  /// Wrong answers are kept up to so many bytes.
  private static let limit = 64 << 20
  private let corpus: CaseCorpus
  private let bounds: CalibratedBounds
  private let diagnosis: Diagnosis
  private let kept = Mutex<(answers: [WrongAnswer], bytes: Int)>(([], 0))

  init(_ corpus: CaseCorpus, _ bounds: CalibratedBounds, models: StoredModels) {
    self.corpus = corpus
    self.bounds = bounds
    diagnosis = Diagnosis(models: models)
  }

  /// The runner's hook.
  var hook: Runner.Diagnosis {
    { [self] wrong, ask in
      // A property has no recorded answer to be far from.
      let question = wrong.question
      guard case .tensors = wrong.item.answer else {
        return ask.flatMap { ask in (try? Request(question)).map { divergence($0, question, ask) } } ?? []
      }
      let count = kept.withLock { kept in
        if kept.bytes + wrong.size <= Self.limit { kept = (kept.answers + [wrong], kept.bytes + wrong.size) }
        return kept.answers.count
      }
      guard let ask, let witness = witness(wrong) else { return [] }
      let found =
        count > Self.explained ? [] : diagnosis.explanations(of: witness, threads: ModelOptions.processors)
      return found.map(\.line) + divergence(witness.request, question, ask)
    }
  }

  private func witness(_ wrong: WrongAnswer) -> Witness? {
    guard let request = try? Request(wrong.question),
      let likeness = Likeness(corpus, wrong.item, dtype: wrong.dtype, bounds: bounds)
    else { return nil }
    return Witness(request: request) { likeness.distance(of: wrong.answer, to: $0) }
  }

  /// The first stage that is wrong, where the candidate returns intermediates.
  private func divergence(_ request: Request, _ question: Question, _ ask: (Question) -> Reply) -> [String] {
    guard let divergence = diagnosis.divergence(of: request) else { return [] }
    let asked = Question(
      op: "forward", dtype: question.dtype, profile: question.profile, parameters: question.parameters,
      model: question.model, input: question.input, captures: divergence.request.captures)
    guard case .tensors(let arrays) = ask(asked) else { return [] }
    return divergence.lines(arrays) { bounds.generalBound(of: $0, op: "forward", dtype: question.dtype) }
  }

  /// What most likely is behind the wrong answers among some results; none where nothing explains most of them.
  func culprit(_ results: [CaseResult], threads: Int) -> Culprit? {
    let answers = Dictionary(
      kept.withLock { $0.answers }.map { ($0.item.id + "\n" + $0.dtype, $0) }, uniquingKeysWith: { first, _ in first })
    guard !answers.isEmpty else { return nil }
    let items = Dictionary(uniqueKeysWithValues: corpus.cases.map { ($0.id, $0) })
    var (wrong, right, seen): ([Witness], [Witness], Set<String>) = ([], [], [])
    // In the order of the run, not of the processes; a case in the first of its types, the most exact.
    for result in results {
      guard result.verdict.isWrong || result.verdict == .pass, let item = items[result.id], case .tensors = item.answer,
        seen.insert(result.id).inserted
      else { continue }
      if let answer = answers[result.id + "\n" + result.dtype] {
        witness(answer).map { wrong.append($0) }
      } else if result.verdict == .pass {
        recorded(item, result.dtype).map { right.append($0) }
      }
    }
    return diagnosis.culprit(wrong: wrong, right: right, threads: threads)
  }

  /// A right answer, known as the recorded one.
  private func recorded(_ item: StoredCase, _ dtype: String) -> Witness? {
    guard let question = try? corpus.questions(of: item, dtype: dtype).first, let request = try? Request(question),
      let likeness = Likeness(corpus, item, dtype: dtype, bounds: bounds)
    else { return nil }
    let right = likeness.right
    return Witness(request: request) { likeness.distance(of: right, to: $0) }
  }
}

extension Culprit {
  /// What it is, how much it explains, and what to do about a profile.
  var lines: [String] {
    let against = contradicted == 0 ? "" : ", and does not fit \(contradicted) of \(right) right ones"
    let line =
      "most likely: \(suspects.map(\.words).joined(separator: ", or ")); it explains \(explained) of \(wrong) wrong answers"
    guard let profile = suspects.first?.profile, explained == wrong else { return [line + against] }
    return [
      line + against, "every wrong answer that was looked into follows the profile \(profile): declare it, or mend it",
    ]
  }
}
