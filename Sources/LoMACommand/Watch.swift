// Progress of a long command, shown at a terminal.

import LoMAModels
import LoMATraining

/// Reports the progress of a task, at most once per interval.
final class Watch<State> {
  private let interval: Duration
  private let report: @Sendable (String) -> Void
  private let text: (_ state: State, _ elapsed: Duration) -> String
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var told: ContinuousClock.Instant
  private var last: State?

  /// Starts the clock; `text` describes a state.
  init(
    every interval: Duration, _ environment: Environment,
    text: @escaping (_ state: State, _ elapsed: Duration) -> String
  ) {
    self.interval = interval
    report = environment.report
    self.text = text
    start = clock.now
    told = start
  }

  /// Records a state, and reports it if the interval has passed.
  func saw(_ state: State) {
    last = state
    guard clock.now - told > interval else { return }
    told = clock.now
    report(text(state, clock.now - start))
  }

  /// Reports the last state and ends the line.
  func finish() {
    if let last { report(text(last, clock.now - start) + "\n") }
  }
}

extension Watch where State == SessionProgress {
  /// The number of tokens fed, cache size, speed and time left.
  convenience init(total: Int, environment: Environment) {
    self.init(every: .milliseconds(200), environment) { progress, elapsed in
      feeding(progress.fedLength, of: total, cacheSize: progress.cacheSize, elapsed)
    }
  }
}

extension Watch where State == ContextProgress {
  /// The same for a text in segments.
  convenience init(segmentsOf total: Int, environment: Environment) {
    self.init(every: .milliseconds(200), environment) { progress, elapsed in
      feeding(progress.fedLength, of: total, cacheSize: progress.cacheSize, elapsed)
    }
  }
}

extension Watch where State == LatentProgress {
  /// The same for a text read from stored latents.
  convenience init(latentsOf total: Int, environment: Environment) {
    self.init(every: .milliseconds(200), environment) { progress, elapsed in
      feeding(progress.fedLength, of: total, cacheSize: progress.cacheSize, elapsed)
    }
  }
}

/// One line on how far a text is fed.
private func feeding(_ tokens: Int, of total: Int, cacheSize: Int, _ elapsed: Duration) -> String {
  let milliseconds = elapsed.components.seconds * 1000 + elapsed.components.attoseconds / 1_000_000_000_000_000
  let fed = Int64(tokens)
  let tenths = milliseconds == 0 ? 0 : fed * 10_000 / milliseconds
  let left = fed == 0 ? 0 : milliseconds * max(Int64(total) - fed, 0) / fed / 1000
  return "\(fed)/\(total) tokens · cache \(cacheSize) entries · \(tenths / 10).\(tenths % 10) tokens/s · \(left) s left"
}

extension Watch where State == CurvePoint {
  /// Losses, both accuracies and time left; `first` steps were made by an earlier process, `total` are to be made in
  /// all.
  convenience init(first: Int, total: Int, environment: Environment) {
    self.init(every: .milliseconds(500), environment) { point, elapsed in
      let done = Int64(max(1, point.step - first))
      let left = elapsed.components.seconds * Int64(max(0, total - point.step)) / done
      return "step \(point.step)/\(total) · \(point.summary) · \(left) s left"
    }
  }
}
