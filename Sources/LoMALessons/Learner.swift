// A program that is learning: started, asked a line, and heard, whatever it does.

import LoMAConformance
import LoMAProcess
import LoMAVectors

/// Why there is no answer.
package enum Silence: Error, Hashable, Sendable {
  /// The program ended, and how; what it wrote to standard error.
  case ended(String, errors: String)
  /// It closed its standard output.
  case closed
  /// It did not answer in time.
  case timeout(seconds: Double)
  /// A line beyond all measure.
  case lineTooLong
  /// It holds more memory than it may.
  case memory(bytes: Int)
  /// The user stopped the run.
  case interrupted
  /// It wrote a line before it was asked.
  case unasked(String)
}

extension Silence: CustomStringConvertible {
  package var description: String {
    switch self {
    case .ended(let how, _): "your program ended instead of answering: \(how)"
    case .closed: "your program closed its standard output"
    case .timeout(let seconds): "no answer within \(seconds) s; is the line printed at once (flush)?"
    case .lineTooLong: "a line of more than \(Learner.longestLine >> 20) MiB"
    case .memory(let bytes): "your program holds \(bytes >> 20) MiB, more than \(Learner.memoryLimit >> 20)"
    case .interrupted: "interrupted"
    case .unasked(let line):
      "your program printed a line that nobody asked for: '\(line)'; print remarks to standard error"
    }
  }

  /// The last lines of standard error.
  var lastErrors: [String] {
    guard case .ended(_, let errors) = self else { return [] }
    return errors.split(separator: "\n").suffix(6).map { String($0) }
  }
}

/// A learner's program as a process.
struct Learner: ~Copyable {
  static let longestLine = 64 << 20
  static let memoryLimit = 4 << 30

  private var process: ChildProcess
  private let id: Int32

  /// Starts it where the user is, so that files are found by the names that the user gives them.
  init(_ command: CandidateCommand, model: String) throws(SystemError) {
    process = try ChildProcess(
      command.executable, command.arguments, variables: [("LOMA_MODEL", model)], folder: command.startFolder,
      memoryLimit: Self.memoryLimit, lineLimit: Self.longestLine)
    id = process.id
    Watchman.watches(id)
  }

  /// Writes a line and waits for one.
  mutating func ask(_ line: String, seconds: Double) throws(Silence) -> [UInt8] {
    _ = process.pipes.exchange(atMost: .zero)
    if let early = process.pipes.line() {
      throw .unasked(String(String(decoding: early, as: UTF8.self).onOneLine.prefix(80)))
    }
    process.pipes.send(Array((line + "\n").utf8))
    switch process.next(
      until: SuspendingClock.now + .seconds(seconds), isInterrupted: { Interruption.isRequested })
    {
    case .line(let answer): return answer
    case .lineTooLong: throw .lineTooLong
    case .ended: throw .ended("", errors: "")
    case .outputClosed: throw .closed
    case .deadline: throw .timeout(seconds: seconds)
    case .memory(let bytes): throw .memory(bytes: bytes)
    case .interrupted: throw .interrupted
    }
  }

  /// Ends it; how it ended, and its standard error.
  consuming func end(politely: Bool) -> ChildEnd {
    let number = id
    let end = process.end(politely: politely)
    Watchman.forgets(number)
    return end
  }
}
