// RUN-8: the three pipes of a child; none of them ever blocks the runner.

import Foundation

/// Our ends of a child's standard input, output and error.
package struct ChildPipes {
  /// Bytes kept at each end of standard error.
  package static let errorLimit = 1 << 15

  /// The longest line of standard output, in bytes.
  private let lineLimit: Int
  private var input: Int32
  private var output: Int32
  private var errors: Int32
  private var pending: [UInt8] = []
  private var lines = LineSplitter()
  private var outputHasEnded = false
  private var buffer = [UInt8](repeating: 0, count: 1 << 16)
  /// Standard error received since it was last taken.
  package var standardError = HeadAndTail(limit: ChildPipes.errorLimit)

  init(_ spawned: SpawnedProcess, lineLimit: Int) {
    (input, output, errors) = (spawned.input, spawned.output, spawned.errors)
    self.lineLimit = lineLimit
  }

  /// Appends bytes to be written.
  package mutating func send(_ bytes: [UInt8]) { pending += bytes }

  /// Discards what was not written, and closes the child's standard input.
  mutating func closeInput() {
    pending = []
    if input >= 0 { close(input) }
    input = -1
  }

  /// The next complete line of standard output. A final fragment without a line break is discarded.
  package mutating func line() -> [UInt8]? { lines.next() }

  /// Whether bytes are left to write and the child can still read them.
  var isWriting: Bool { !pending.isEmpty && input >= 0 }

  /// Whether a line exceeds the limit.
  var lineIsTooLong: Bool { lines.waiting > lineLimit }

  /// Whether standard output has ended.
  var outputIsClosed: Bool { outputHasEnded }

  /// Treats standard output as ended, even if another process still holds it open.
  mutating func finishOutput() {
    if output >= 0 { close(output) }
    output = -1
    outputHasEnded = true
  }

  mutating func close() {
    closeInput()
    finishOutput()
    if errors >= 0 { close(errors) }
    errors = -1
  }

  /// Writes and reads what is possible, waiting at most `wait`; returns whether anything was read.
  package mutating func exchange(atMost wait: Duration) -> Bool {
    // poll ignores negative descriptors.
    var polled = [
      pollfd(fd: output, events: Int16(POLLIN), revents: 0), pollfd(fd: errors, events: Int16(POLLIN), revents: 0),
      pollfd(fd: pending.isEmpty ? -1 : input, events: Int16(POLLOUT), revents: 0),
    ]
    guard poll(&polled, nfds_t(polled.count), ChildPipes.milliseconds(wait)) > 0 else { return false }
    var hasRead = false
    if polled[2].revents != 0 { write() }
    if polled[1].revents != 0 {
      let count = read(errors, &buffer, buffer.count)
      if count > 0 {
        buffer.withUnsafeBytes { standardError.append(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        hasRead = true
      } else if ChildPipes.isOver(count) {
        close(errors)
        errors = -1
      }
    }
    if polled[0].revents != 0 {
      let count = read(output, &buffer, buffer.count)
      if count > 0 {
        buffer.withUnsafeBytes { lines.append(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        hasRead = true
      } else if ChildPipes.isOver(count) {
        finishOutput()
      }
    }
    return hasRead
  }

  /// Reads and discards output, so that a process that is to end is not blocked by a full pipe.
  mutating func drain(atMost wait: Duration) {
    _ = exchange(atMost: wait)
    while line() != nil {}
    if lineIsTooLong { lines = LineSplitter() }
  }

  private mutating func write() {
    let count = pending.withUnsafeBytes { Foundation.write(input, $0.baseAddress, $0.count) }
    if count >= 0 {
      pending.removeFirst(count)
    } else if ChildPipes.isOver(count) {
      closeInput()  // The reader is gone; whether the process ended is checked elsewhere.
    }
  }

  private func close(_ descriptor: Int32) { _ = Foundation.close(descriptor) }

  /// Whether a read or write that returned `count` means that the pipe is finished.
  private static func isOver(_ count: Int) -> Bool {
    count == 0 || errno != EINTR && errno != EAGAIN
  }

  /// Rounds up, so that a short wait never becomes zero and busy-loops.
  private static func milliseconds(_ wait: Duration) -> Int32 {
    let (seconds, attoseconds) = wait.components
    if seconds >= 60 { return 60_000 }
    return max(0, Int32(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000))
  }
}
