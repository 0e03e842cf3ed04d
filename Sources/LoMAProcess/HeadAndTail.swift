// RUN-8: the part kept of a stream that may never end.

/// The first and the last bytes of a stream.
package struct HeadAndTail {
  /// Bytes kept at either end.
  let limit: Int
  private var head: [UInt8] = []
  private var tail: [UInt8] = []
  /// The bytes received, kept or not.
  private(set) var count = 0

  package init(limit: Int) { self.limit = limit }

  mutating func append(_ read: UnsafeRawBufferPointer) {
    count += read.count
    let room = min(limit - head.count, read.count)
    head.append(contentsOf: read[..<room])
    tail.append(contentsOf: read[room...].suffix(limit))
    // Trimmed only now and then: each cut moves the bytes that stay.
    if tail.count > 4 * limit { tail.removeFirst(tail.count - limit) }
  }

  /// The text, with a line that counts the bytes left out; invalid UTF-8 is replaced.
  package var text: String {
    let kept = tail.suffix(limit)
    let missing = count - head.count - kept.count
    if missing == 0 { return String(decoding: head + kept, as: UTF8.self) }
    return String(decoding: head, as: UTF8.self) + "\n[\(missing) bytes left out]\n"
      + String(decoding: kept, as: UTF8.self)
  }
}
