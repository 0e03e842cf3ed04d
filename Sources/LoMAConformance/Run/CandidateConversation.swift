// RUN-18, OWN-8: asks a candidate one question or unit after another, when the next one depends on the last verdict.

import LoMAJudgement
import LoMAProcess

/// A conversation with one candidate, under the rules of a run.
package final class CandidateConversation {
  /// A question that was asked, with its reply and what the candidate wrote and used besides.
  package struct Exchange: Sendable {
    package let reply: Reply
    /// Seconds from sending the request to receiving the reply.
    package let seconds: Double
    /// The end of what the candidate wrote to standard error.
    package let standardError: String
    /// Lines on standard output that are not replies.
    package let noise: Int
    /// Whether the process ended at this question, or had to be ended.
    package let isEnd: Bool
  }

  private let candidate: Candidate
  private let bounds: CalibratedBounds?

  /// A conversation whose models are copied from this corpus; every later corpus must list the same models.
  package init(
    _ command: CandidateCommand, limits: CandidateLimits, corpus: CaseCorpus, bounds: CalibratedBounds,
    isInterrupted: @escaping () -> Bool
  ) {
    candidate = Candidate(
      command, limits: limits, specification: corpus.specification, models: .vectors(corpus),
      isInterrupted: isInterrupted)
    self.bounds = bounds
  }

  /// A conversation about models that are in no corpus; it answers questions, not units.
  package init(
    _ command: CandidateCommand, limits: CandidateLimits, specification: String, models: ModelSource,
    isInterrupted: @escaping () -> Bool
  ) {
    SystemCalls.becomeSubreaper()
    SystemCalls.keepOwnRights()
    candidate = Candidate(
      command, limits: limits, specification: specification, models: models, isInterrupted: isInterrupted)
    bounds = nil
  }

  /// Starts the process if it is not running; what it declares. Throws `CandidateError` if it cannot be started or does
  /// not introduce itself.
  package func declaration() throws(CandidateError) -> Declaration {
    try candidate.start()
    guard let declaration = candidate.declaration else {
      throw .noHello(verdict: .runnerError, why: "it declared nothing", standardError: "")
    }
    return declaration
  }

  /// Asks one question, under the name of a unit. The answer's file may have `outputLimit` bytes.
  package func ask(_ question: Question, unit id: String, outputLimit: Int) -> Exchange {
    candidate.beginUnit()
    let (start, before) = (SuspendingClock.now, candidate.deaths)
    let reply = candidate.ask(question, caseID: id, outputLimit: outputLimit)
    return Exchange(
      reply: reply, seconds: (SuspendingClock.now - start).seconds,
      standardError: candidate.standardError + candidate.strayLines.quoted, noise: candidate.strayLines.lines,
      isEnd: candidate.deaths > before)
  }

  /// The result of a unit; starts the process if it is not running. Throws `CandidateError` if the candidate cannot be
  /// started or does not introduce itself, `CorpusError` if the corpus is damaged.
  package func result(of item: StoredCase, dtype: String, in corpus: CaseCorpus) throws -> CaseResult {
    try candidate.start()
    guard let declaration = candidate.declaration, let bounds else {
      return CaseResult(item, dtype: dtype, verdict: .notRun, why: "")
    }
    return try candidate.judged(item, dtype: dtype, of: corpus, bounds: bounds, declaration: declaration).result
  }

  package func end() { candidate.stop() }
}
