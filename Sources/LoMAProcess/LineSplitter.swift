// RUN-4: standard output as lines, with bounded memory.

/// Bytes as they come, taken out line by line.
struct LineSplitter {
  private var bytes: [UInt8] = []
  private var start = 0
  /// Up to here there is no line's end.
  private var searched = 0

  /// Takes what was read.
  mutating func append(_ read: UnsafeRawBufferPointer) {
    if start > 0 {
      bytes.removeFirst(start)
      searched -= start
      start = 0
    }
    bytes.append(contentsOf: read)
  }

  /// The next whole line, without its end.
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

  /// Bytes that wait for their line's end.
  var waiting: Int { bytes.count - start }
}
