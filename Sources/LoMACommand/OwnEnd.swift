// What every run on a model does at its end, wherever its port ran: results, words and reports.

import LoMAConformance
import LoMAJudgement
import LoMAOwnModel
import LoMAOwnRun
import LoMAVectors
import NaiveLlama

/// When a run began.
struct OwnStart {
  let clock = SuspendingClock.now
  let time = Timestamp.now
}

/// The end of a run.
struct OwnEnd {
  private let record: RunRecord
  private let run: OwnRun
  private let isInterrupted: Bool

  init(header: RunHeader, run: OwnRun, start: OwnStart, interrupted: Bool) {
    self.run = run
    isInterrupted = interrupted
    var record = RunRecord(
      header: header, results: run.results(interrupted: interrupted),
      footer: RunFooter(
        units: header.units, finished: Timestamp.now, seconds: (SuspendingClock.now - start.clock) / .seconds(1),
        interrupted: interrupted, exit: 0, diagnosis: interrupted ? [] : run.lines(header)))
    record.header.units = record.results.count
    record.footer.units = record.results.count
    record.footer.exit = Int(record.claims.exitCode)
    self.record = record
  }

  /// The output and the exit code; writes the reports if there is a folder for them. `failure` is what prevented results
  /// from being stored while the run went on.
  func outcome(reports: String?, failure: (any Error)?) -> Outcome {
    var outcome = OwnWords(record, run).outcome
    outcome.finish { outcome in
      guard let reports else { return }
      if let failure { throw failure }
      outcome.output += try writeReports(of: record, into: reports).output
    }
    return outcome
  }
}

extension OwnComputation {
  /// The yardsticks of all texts, with progress; nil if the run is interrupted.
  init?(
    _ plan: OwnPlan, directory: String, workers: Workers, folder: OwnFolder, _ environment: Environment
  ) throws {
    let watch = Watch<OwnProgress>(every: .milliseconds(200), environment) { progress, elapsed in
      OwnWords.line(of: progress, elapsed)
    }
    // Where nobody watches, a line a minute.
    var unwatched = environment
    unwatched.report = environment.note
    let notes = Watch<OwnProgress>(every: .seconds(60), unwatched) { progress, elapsed in
      OwnWords.line(of: progress, elapsed)
    }
    do {
      try self.init(plan, directory: directory, workers: workers, folder: folder) { (progress) throws(OwnError) in
        if Interruption.isRequested { throw .interrupted }
        watch.saw(progress)
        notes.saw(progress)
      }
    } catch {
      environment.report("")
      if error == OwnError.interrupted { return nil }
      throw error
    }
    environment.report("")
  }
}

extension Outcome {
  /// The outcome of a run that was interrupted while yardsticks were computed.
  static func interruptedEarly(reports: String?) -> Outcome {
    var outcome = Outcome()
    let kept = reports.map { "; what was computed stays in \($0), and the same command goes on with it" } ?? ""
    outcome.complaint = line("interrupted before anything was asked\(kept)")
    outcome.exitCode = .interrupted
    return outcome
  }
}
