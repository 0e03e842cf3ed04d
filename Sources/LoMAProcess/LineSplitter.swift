// RUN-4: standard output as lines, with bounded memory.

/// Splits a stream of bytes into lines.
struct LineSplitter {
  private var bytes: [UInt8] = []
  private var start = 0
  /// No line break lies before this index.
  private var searched = 0

  /// Appends bytes that were read.
  mutating func append(_ read: UnsafeRawBufferPointer) {
    if start > 0 {
      bytes.removeFirst(start)
      searched -= start
      start = 0
    }
    bytes.append(contentsOf: read)
  }

  /// The next complete line, without its line break.
  mutating func next() -> [UInt8]? {
    guard let end = bytes[searched...].firstIndex(of: UInt8(ascii: "\n")) else {
      searched = bytes.count
      return nil
    }
    let line = Array(bytes[start..<end])
    start = end + 1
    searched = start
    return line
  }

  /// Bytes of the line that is not complete yet.
  var waiting: Int { bytes.count - start }
}
