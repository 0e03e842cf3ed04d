// RUN-5, RUN-11…RUN-13: asks the units of one or several processes of a candidate, in any order, and returns them in
// order.

import Foundation
import LoMAJudgement
import LoMAProcess
import LoMAVectors

#if canImport(Synchronization)
  import Synchronization
#endif

/// Asks a candidate and judges its answers.
package struct Runner: Sendable {
  /// Looks for the cause of a wrong answer and returns lines of text. `ask` puts further questions to the candidate; it
  /// is nil after the first wrong answers of a level.
  package typealias Diagnose = @Sendable (_ wrong: WrongAnswer, _ ask: ((Question) -> Reply)?) -> [String]

  package struct Progress: Sendable {
    /// The number of units done.
    package let done: Int
    /// The number of units in the run.
    package let total: Int
    /// The id of the last case done.
    package let current: String
    /// The estimated time left; nil before the first unit was asked.
    package let secondsLeft: Double?
  }

  /// After this many units of a level in a row that ended its process, the candidate is not asked that level any more.
  package static let deathLimit = 3
  /// After this many units in a row of any level, the candidate is not asked anything more.
  package static let wholeDeathLimit = 9
  /// The number of wrong units per level that are diagnosed one by one and keep all of their standard error; later ones
  /// keep its last 2,000 characters.
  package static let diagnosisLimit = 20

  package var corpus: CaseCorpus
  /// The calibrated bounds.
  package var bounds: CalibratedBounds
  package var command: CandidateCommand
  /// The limits on the candidate's time and memory.
  package var limits: CandidateLimits
  /// The number of processes of the candidate that run at once.
  package var jobs: Int
  package var known: KnownFailures
  package var diagnosis: Diagnose?

  package init(
    corpus: CaseCorpus, bounds: CalibratedBounds, command: CandidateCommand, limits: CandidateLimits, jobs: Int,
    known: KnownFailures, diagnosis: Diagnose?
  ) {
    self.corpus = corpus
    self.bounds = bounds
    self.command = command
    self.limits = limits
    self.jobs = jobs
    self.known = known
    self.diagnosis = diagnosis
  }

  /// Starts the candidate, lets `select` choose units from what it declares, and asks them.
  ///
  /// `select` also returns results of an earlier run, which are not asked again. `store` receives every unit as soon as
  /// it is judged, in any order and on any thread. Returns all results in the order of the units; units that were not
  /// asked, because the candidate failed too often or `isInterrupted` became true, are `not-run`. Throws
  /// `CandidateError` if the candidate cannot be started or does not introduce itself, `CorpusError` if vectors are
  /// damaged, and any error of `select`.
  package func run(
    select: (Declaration) throws -> (units: [Selection.Unit], done: [CaseResult]),
    store: @escaping @Sendable (CaseResult) -> Void = { _ in },
    progress: @escaping @Sendable (Progress) -> Void, isInterrupted: @escaping @Sendable () -> Bool
  ) throws -> [CaseResult] {
    SystemCalls.becomeSubreaper()
    SystemCalls.keepOwnRights()
    let first = candidate(isInterrupted)
    defer { first.stop() }
    try first.start()
    guard let declaration = first.declaration else { return [] }
    let (units, done) = try select(declaration)
    let jobs = max(1, min(jobs, units.count))
    let queue = UnitQueue(
      units: units.map { (corpus.cases[$0.caseIndex], $0.dtype) }, jobs: jobs, store: store, progress: progress)
    queue.take(done: done)
    let others = DispatchGroup()
    for job in 1..<jobs {
      others.enter()
      let thread = Thread {
        let candidate = candidate(isInterrupted)
        work(on: queue, job, with: candidate, declaration: declaration, isInterrupted: isInterrupted)
        candidate.stop()
        others.leave()
      }
      thread.stackSize = 8 << 20
      thread.start()
    }
    work(on: queue, 0, with: first, declaration: declaration, isInterrupted: isInterrupted)
    first.stop()
    others.wait()
    return try queue.finish { CaseResult($0, dtype: $1, verdict: .notRun, why: $2) }
  }

  private func candidate(_ isInterrupted: @escaping @Sendable () -> Bool) -> Candidate {
    Candidate(
      command, limits: limits, specification: corpus.specification, models: .vectors(corpus),
      isInterrupted: isInterrupted)
  }

  /// Asks units until none remain or the candidate must not be asked any more.
  private func work(
    on queue: UnitQueue, _ job: Int, with candidate: Candidate, declaration: Declaration, isInterrupted: () -> Bool
  ) {
    var row = DeathsInARow()
    while !isInterrupted(), let place = queue.next(of: job) {
      let (item, dtype) = queue.units[place]
      do {
        let (result, isEnd) = try ask(item, dtype, of: candidate, declaration: declaration, queue: queue)
        if result.verdict == .notRun { break }
        queue.put(known.applied(to: result), at: place)
        if let isEnd { row.take(isEnd, at: item.level) }
      } catch { return queue.stop(.failure(error)) }
      if row.all == Runner.wholeDeathLimit {
        return queue.stop(.success("not asked: the candidate ended, or had to be, at \(row.all) units in a row"))
      }
      let deaths = row.of(item.level)
      if deaths == Runner.deathLimit {
        queue.close(
          level: item.level,
          "not asked: the candidate ended, or had to be, at \(deaths) units in a row of level \(item.level.rawValue)")
      }
    }
    if isInterrupted() { queue.stop(.success("not asked: the run was interrupted")) }
  }

  /// Asks and judges one unit; returns also whether the process ended at it. The second is nil if nothing was asked.
  private func ask(
    _ item: StoredCase, _ dtype: String, of candidate: Candidate, declaration: Declaration, queue: UnitQueue
  ) throws -> (result: CaseResult, isEnd: Bool?) {
    let before = candidate.deaths
    let judged = try candidate.judged(item, dtype: dtype, of: corpus, bounds: bounds, declaration: declaration)
    // Read before the diagnosis asks further questions: an answer was given, even if the process ends later.
    let isEnd = judged.question.map { _ in candidate.deaths > before }
    var result = judged.result
    if result.verdict.isWrong {
      let isEarly = queue.countsAmongFirst(Runner.diagnosisLimit, of: item.level)
      let text = candidate.standardError + candidate.strayLines.quoted
      result.standardError = isEarly ? text : String(text.unicodeScalars.suffix(2000).map { Character($0) })
      if result.verdict == .fail || result.verdict == .invalidOutput, let diagnosis, let question = judged.question,
        case .tensors(let answer)? = judged.reply
      {
        let ask = { (more: Question) -> Reply in
          // RUN-5 applies to the diagnosis, too.
          if let why = declaration.refusal(of: more, isRejection: false) { return .unsupported(why: why, issue: nil) }
          if !more.captures.isEmpty, !declaration.captures {
            return .unsupported(why: "no intermediates are declared", issue: nil)
          }
          return candidate.ask(more, caseID: item.id, outputLimit: OutputRoom.single)
        }
        let wrong = WrongAnswer(item: item, dtype: dtype, question: question, answer: answer)
        result.diagnosis = diagnosis(wrong, isEarly ? ask : nil)
      }
    }
    return (result, isEnd)
  }
}

/// The number of units in a row that ended a process: overall, and for each level.
private struct DeathsInARow {
  private(set) var all = 0
  private var levels: [Level: Int] = [:]

  func of(_ level: Level) -> Int { levels[level, default: 0] }

  mutating func take(_ isEnd: Bool, at level: Level) {
    all = isEnd ? all + 1 : 0
    levels[level] = isEnd ? of(level) + 1 : 0
  }
}
