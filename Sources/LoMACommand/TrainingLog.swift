// A training run as it goes: a line at a terminal, a line per checkpoint elsewhere, and a file of all steps.

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import LoMAVectors

/// The curve of a run as a file of comma-separated values: a heading, then a line a step.
struct TrainingLog {
  private let file: UnsafeMutablePointer<FILE>
  private let path: String

  /// Opens the log of a run that has made `steps` steps; lines of later steps, whose weights an interruption lost, are
  /// taken out.
  ///
  /// Throws a `FileError` if the file cannot be read or written.
  init(_ path: String, columns: [String], after steps: Int) throws {
    var lines = [(["step"] + columns).joined(separator: ",")]
    if steps > 0, access(path, F_OK) == 0 {
      let text = String(decoding: try Files.contents(of: path, byteLimit: 1 << 30), as: UTF8.self)
      lines += text.split(separator: "\n").dropFirst().filter { line in
        line.prefix { $0 != "," }.allSatisfy { $0.isNumber }
          && Int(line.prefix { $0 != "," }).map { $0 <= steps } == true
      }.map { String($0) }
    }
    try Files.replace(path, with: Array((lines.joined(separator: "\n") + "\n").utf8))
    guard let file = fopen(path, "a") else { throw FileError.failed("open", path: path, code: errno) }
    (self.file, self.path) = (file, path)
  }

  /// Adds a step; throws a `FileError` if the line cannot be written.
  func write(step: Int, _ values: [Double]) throws {
    let line = (["\(step)"] + values.map { "\($0)" }).joined(separator: ",") + "\n"
    guard fputs(line, file) >= 0, fflush(file) == 0 else {
      throw FileError.failed("write", path: path, code: errno)
    }
  }

  /// Closes the file.
  func close() { fclose(file) }
}

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
