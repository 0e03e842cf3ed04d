// RUN-18: the smallest case that still fails, found by asking the candidate.

import LoMACatalogue
import LoMAConformance
import LoMAJudgement
import LoMASuite
import LoMAVectors

/// Shrinks the failing cases of a run of fresh cases.
package struct SmallestFailures {
  /// The most operations for which a failing case is shrunk.
  private static let operationLimit = 5
  /// The most questions asked for each.
  private static let questionLimit = 200
  /// After this time, multiplied by the factor of the deadlines, the smallest case so far is taken.
  private static let time = Duration.seconds(60)

  private let fresh: FreshCorpus
  private let runner: Runner

  package init(_ fresh: FreshCorpus, _ runner: Runner) {
    self.fresh = fresh
    self.runner = runner
  }

  /// The first wrong unit of each operation, shrunk.
  package func found(in results: [CaseResult]) throws -> SmallestCases {
    let wrong = results.filter { $0.verdict.isWrong && $0.verdict != .runnerError }
    // In the order in which a person best reads failures: structure, stages, models.
    let first = Operation.allCases.compactMap { operation in wrong.first { $0.op == operation.rawValue } }
    let interview = CandidateConversation(
      runner.command, limits: runner.limits, corpus: runner.corpus, bounds: runner.bounds,
      isInterrupted: { Interruption.isRequested })
    defer { interview.end() }
    var cases = SmallestCases(fresh: fresh.cases, bounds: runner.bounds)
    for result in first.prefix(Self.operationLimit) where !Interruption.isRequested {
      guard let index = FreshCases.named(result.id)?.index else { continue }
      cases.all.append(try smallest(of: fresh.cases.drawn(index), result, interview))
    }
    return cases
  }

  /// Asks smaller cases until every one that is smaller in one respect passes.
  private func smallest(
    of start: any DrawnCase, _ result: CaseResult, _ interview: CandidateConversation
  ) throws -> SmallestCases.Found {
    var found = SmallestCases.Found(origin: result, fresh: start, result: result)
    var tried: Set = [AnyHashable(start)]
    let end = SuspendingClock.now + Self.time * runner.limits.timeFactor
    search: while true {
      for next in found.fresh.smaller where tried.insert(AnyHashable(next)).inserted {
        guard !Interruption.isRequested, found.questions < Self.questionLimit, SuspendingClock.now < end else {
          found.isWhole = false
          return found
        }
        guard let corpus = try fresh.corpus(of: next, id: SmallestCases.id(of: result), dtype: result.dtype),
          let item = corpus.cases.first
        else { continue }
        found.questions += 1
        let answer: CaseResult
        do { answer = try interview.result(of: item, dtype: result.dtype, in: corpus) } catch is CandidateError {
          found.isWhole = false
          return found
        }
        if answer.verdict.isWrong {
          (found.fresh, found.result) = (next, answer)
          continue search
        }
      }
      return found
    }
  }
}
