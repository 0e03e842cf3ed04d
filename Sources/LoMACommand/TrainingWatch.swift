// A training run as it goes: a line at a terminal, a line per checkpoint elsewhere, and a file of all steps.

import LoMATraining

/// Tells how a run goes.
final class TrainingWatch<Point> {
  private let shown: Watch<Point>
  private let note: @Sendable (String) -> Void
  private let log: TrainingLog?
  private let isNoted: (Int) -> Bool
  private let words: (Point) -> String
  private let step: (Point) -> Int
  private let values: (Point) -> [Double]
  private(set) var failure: (any Error)?

  /// `shown` is for a terminal; a line is noted elsewhere every `interval` steps and at step `last`.
  init(
    shown: Watch<Point>, note: @escaping @Sendable (String) -> Void, log: TrainingLog?, interval: Int, last: Int,
    step: @escaping (Point) -> Int, values: @escaping (Point) -> [Double], words: @escaping (Point) -> String
  ) {
    (self.shown, self.note, self.log) = (shown, note, log)
    isNoted = { $0 % interval == 0 || $0 == last }
    (self.step, self.values, self.words) = (step, values, words)
  }

  /// Records a step. That the log cannot be written stops no run, and is told at its end.
  func saw(_ point: Point) {
    shown.saw(point)
    if isNoted(step(point)) { note(words(point)) }
    guard failure == nil else { return }
    do { try log?.write(step: step(point), values(point)) } catch { failure = error }
  }

  /// Ends the line of the terminal and the log; throws what kept the log from being written.
  func finish() throws {
    shown.finish()
    log?.close()
    if let failure { throw failure }
  }
}
