// RUN-11: hands out the units of a run, and returns the results in the order of the units, whichever finished first.

import Foundation
import LoMAJudgement
import LoMAVectors

#if canImport(Synchronization)
  import Synchronization
#endif

/// The units of a run, shared by the threads that ask them.
final class UnitQueue: Sendable {
  private struct State {
    /// The places of the units that each job has not asked yet.
    var waiting: [ArraySlice<Int>]
    var results: [CaseResult?]
    var done = 0
    var asked = 0
    var wrong: [Level: Int] = [:]
    /// Levels that are given up, with the reason.
    var closed: [Level: String] = [:]
    var end: Result<String, any Error>?
  }

  let units: [(item: StoredCase, dtype: String)]
  private let store: @Sendable (CaseResult) -> Void
  private let progress: @Sendable (Runner.Progress) -> Void
  private let start = SuspendingClock.now
  private let state: Mutex<State>

  init(
    units: [(item: StoredCase, dtype: String)], jobs: Int, store: @escaping @Sendable (CaseResult) -> Void,
    progress: @escaping @Sendable (Runner.Progress) -> Void
  ) {
    self.units = units
    self.store = store
    self.progress = progress
    state = Mutex(State(waiting: Self.shared(units, among: jobs), results: Array(repeating: nil, count: units.count)))
  }

  /// Adds results of an earlier run; results of units that this run does not have are ignored.
  func take(done results: [CaseResult]) {
    let earlier = Dictionary(results.map { ($0.id + "\n" + $0.dtype, $0) }, uniquingKeysWith: { first, _ in first })
    state.withLock { state in
      for (place, unit) in units.enumerated() {
        guard let result = earlier[unit.item.id + "\n" + unit.dtype] else { continue }
        state.results[place] = result
        state.done += 1
      }
    }
  }

  /// The places of each job: of N jobs each takes every N-th case in all its element types, so that a process is asked
  /// the same questions in every run.
  private static func shared(_ units: [(item: StoredCase, dtype: String)], among jobs: Int) -> [ArraySlice<Int>] {
    var (places, cases) = (Array(repeating: [Int](), count: jobs), -1)
    for (place, unit) in units.enumerated() {
      if place == 0 || units[place - 1].item.id != unit.item.id { cases += 1 }
      places[cases % jobs].append(place)
    }
    return places.map { $0[...] }
  }

  /// The place of the next unit of a job; nil if none remains or the run must end. Units of a level that is given up
  /// are recorded as `not-run`.
  func next(of job: Int) -> Int? {
    state.withLock { state in
      while state.end == nil, let place = state.waiting[job].popFirst() {
        let unit = units[place]
        if state.results[place] != nil { continue }
        guard let why = state.closed[unit.item.level] else { return place }
        state.results[place] = CaseResult(unit.item, dtype: unit.dtype, verdict: .notRun, why: why)
        state.done += 1
      }
      return nil
    }
  }

  /// Gives up a level: its remaining units are not asked, for this reason.
  func close(level: Level, _ why: String) {
    state.withLock { if $0.closed[level] == nil { $0.closed[level] = why } }
  }

  /// Records the result of a unit.
  func put(_ result: CaseResult, at place: Int) {
    store(result)
    state.withLock { state in
      state.results[place] = result
      state.done += 1
      state.asked += 1
      let speed = (SuspendingClock.now - start).seconds / Double(state.asked)
      progress(
        Runner.Progress(
          done: state.done, total: units.count, current: result.id,
          secondsLeft: speed * Double(units.count - state.done)))
    }
  }

  /// Ends the run: the reason the remaining units are not asked, or the error that stopped it.
  func stop(_ end: Result<String, any Error>) {
    state.withLock { if $0.end == nil { $0.end = end } }
  }

  /// Counts one more wrong result of a level; whether it is among the first `limit`.
  func countsAmongFirst(_ limit: Int, of level: Level) -> Bool {
    state.withLock { state in
      state.wrong[level, default: 0] += 1
      return state.wrong[level, default: 0] <= limit
    }
  }

  /// All results, after all threads have finished; `missing` makes the results of units that were not asked.
  func finish(_ missing: (StoredCase, _ dtype: String, _ why: String) throws -> CaseResult) throws -> [CaseResult] {
    try state.withLock { state in
      let why = try state.end?.get() ?? ""
      for (place, unit) in units.enumerated() where state.results[place] == nil {
        state.results[place] = try missing(unit.item, unit.dtype, why)
      }
      return state.results.compactMap { $0 }
    }
  }
}
