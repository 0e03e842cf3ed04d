// Progress of training, for a person at a terminal: losses, both accuracies, time left.

import LoMASuite

/// Tells how far a run is, at most twice a second.
final class StepWatch {
  private let first: Int
  private let total: Int
  private let report: @Sendable (String) -> Void
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var told: ContinuousClock.Instant
  private var last: CurvePoint?

  /// Steps before this process, and those to reach.
  init(first: Int, total: Int, surroundings: Surroundings) {
    self.first = first
    self.total = total
    report = surroundings.report
    start = clock.now
    told = start
  }

  /// Takes note of a step.
  func saw(_ point: CurvePoint) {
    last = point
    guard clock.now - told > .milliseconds(500) else { return }
    told = clock.now
    tell(point, ending: "")
  }

  /// Tells the last step and ends the line.
  func finish() {
    if let last { tell(last, ending: "\n") }
  }

  private func tell(_ point: CurvePoint, ending: String) {
    let seconds = (clock.now - start).components.seconds
    let done = Int64(max(1, point.step - first))
    let left = seconds * Int64(max(0, total - point.step)) / done
    report("step \(point.step)/\(total) · \(point.summary) · \(left) s left" + ending)
  }
}
