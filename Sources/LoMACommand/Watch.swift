// Progress of a run through the cache, for a person at a terminal: tokens fed, cache size, speed and time left.

import LoMASuite

/// Tells how far a run is, at most a few times a second.
final class Watch {
  private let total: Int
  private let report: @Sendable (String) -> Void
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var told: ContinuousClock.Instant
  private var last: SessionProgress?

  init(total: Int, surroundings: Surroundings) {
    self.total = total
    self.report = surroundings.report
    start = clock.now
    told = start
  }

  /// Takes note of an event.
  func saw(_ progress: SessionProgress) {
    last = progress
    guard clock.now - told > .milliseconds(200) else { return }
    told = clock.now
    tell(progress, ending: "")
  }

  /// Tells the last state and ends the line.
  func finish() {
    if let last { tell(last, ending: "\n") }
  }

  private func tell(_ progress: SessionProgress, ending: String) {
    let elapsed = clock.now - start
    let milliseconds = elapsed.components.seconds * 1000 + elapsed.components.attoseconds / 1_000_000_000_000_000
    let fed = Int64(progress.fedLength)
    let tenths = milliseconds == 0 ? 0 : fed * 10_000 / milliseconds
    let left = fed == 0 ? 0 : milliseconds * max(Int64(total) - fed, 0) / fed / 1000
    report(
      "\(fed)/\(total) tokens · cache \(progress.cacheSize) entries · \(tenths / 10).\(tenths % 10) tokens/s · "
        + "\(left) s left" + ending)
  }
}
