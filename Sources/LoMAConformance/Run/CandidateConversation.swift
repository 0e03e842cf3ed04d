// RUN-18: asks a candidate one unit after another, when the next one depends on the last verdict.

import LoMAJudgement

/// A conversation with one candidate, under the rules of a run.
package final class CandidateConversation {
  private let candidate: Candidate
  private let bounds: CalibratedBounds

  /// A conversation whose models are copied from this corpus; every later corpus must list the same models.
  package init(
    _ command: CandidateCommand, limits: CandidateLimits, corpus: CaseCorpus, bounds: CalibratedBounds,
    isInterrupted: @escaping () -> Bool
  ) {
    candidate = Candidate(command, limits: limits, corpus: corpus, isInterrupted: isInterrupted)
    self.bounds = bounds
  }

  /// The result of a unit; starts the process if it is not running. Throws `CandidateError` if the candidate cannot be
  /// started or does not introduce itself, `CorpusError` if the corpus is damaged.
  package func result(of item: StoredCase, dtype: String, in corpus: CaseCorpus) throws -> CaseResult {
    try candidate.start()
    guard let declaration = candidate.declaration else {
      return CaseResult(item, dtype: dtype, verdict: .notRun, why: "")
    }
    return try candidate.judged(item, dtype: dtype, of: corpus, bounds: bounds, declaration: declaration).result
  }

  package func end() { candidate.stop() }
}
