// What a run finds out about wrong answers: the suite's diagnosis, handed to the runner.

import LoMAConformance
import LoMASuite

#if canImport(Synchronization)
  import Synchronization
#endif

/// Looks into the wrong answers of one run, and remembers which profiles would explain them.
final class ConformDiagnosis: Sendable {
  private let corpus: CaseCorpus
  private let bounds: CalibratedBounds
  private let diagnosis: Diagnosis
  /// For every wrong answer that was looked into, the profiles that it follows.
  private let followed = Mutex<[Set<String>]>([])

  init(_ corpus: CaseCorpus, _ bounds: CalibratedBounds) throws {
    self.corpus = corpus
    self.bounds = bounds
    diagnosis = Diagnosis(models: try StoredModels(vectors: corpus.folder))
  }

  /// The runner's hook.
  var hook: Runner.Diagnosis {
    { [self] item, dtype, question, answer, ask in
      guard let request = try? Request(question) else { return [] }
      let found = diagnosis.explanations(of: request) { other in
        corpus.distance(of: answer, to: other, item, dtype: dtype, bounds: bounds)
      }
      followed.withLock { $0.append(Set(found.compactMap(\.profile))) }
      return found.map(\.line) + divergence(request, question, ask)
    }
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

  /// A line where every wrong answer that was looked into follows one profile; none where there is no such.
  var proposal: String? {
    let all = followed.withLock { $0 }
    guard let first = all.first else { return nil }
    return all.dropFirst().reduce(first) { $0.intersection($1) }.min().map {
      "every wrong answer that was looked into follows the profile \($0): declare it, or mend it"
    }
  }
}
