// RUN-18: a candidate asked one unit after another, where the next one depends on the verdict.

import LoMAJudgement

/// A conversation with one candidate, under the rules of a run.
package final class Interview {
  private let candidate: Candidate
  private let bounds: CalibratedBounds

  /// A conversation that copies its models from a corpus; every later corpus lists the same.
  package init(
    _ command: CandidateCommand, limits: CandidateLimits, corpus: CaseCorpus, bounds: CalibratedBounds,
    isInterrupted: @escaping () -> Bool
  ) {
    candidate = Candidate(command, limits: limits, corpus: corpus, isInterrupted: isInterrupted)
    self.bounds = bounds
  }

  /// The result of a unit; starts the process where there is none. Throws `CandidateError` where there is no candidate to
  /// talk to, `CorpusError` where the corpus is damaged.
  package func result(of item: StoredCase, dtype: String, in corpus: CaseCorpus) throws -> CaseResult {
    try candidate.start()
    guard let declaration = candidate.declaration else {
      return CaseResult(item, dtype: dtype, verdict: .notRun, why: "")
    }
    return try candidate.judged(item, dtype: dtype, of: corpus, bounds: bounds, declaration: declaration).result
  }

  /// Ends the process.
  package func end() { candidate.stop() }
}
