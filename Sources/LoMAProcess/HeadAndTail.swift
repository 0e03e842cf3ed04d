// RUN-8: what is kept of a stream that may be endless.

/// The first and the last bytes of a stream.
package struct HeadAndTail {
  /// Bytes kept at either end.
  let limit: Int
  private var head: [UInt8] = []
  private var tail: [UInt8] = []
  /// Bytes in all.
  private(set) var count = 0

  package init(limit: Int) { self.limit = limit }

  mutating func append(_ read: UnsafeRawBufferPointer) {
    count += read.count
    let room = min(limit - head.count, read.count)
    head.append(contentsOf: read[..<room])
    tail.append(contentsOf: read[room...].suffix(limit))
    // Cut now and then, not at every read: each cut moves what stays.
    if tail.count > 4 * limit { tail.removeFirst(tail.count - limit) }
  }

  /// The text, with a line that counts what was left out; what is no UTF-8 is replaced.
  package var text: String {
    let kept = tail.suffix(limit)
    let missing = count - head.count - kept.count
    if missing == 0 { return String(decoding: head + kept, as: UTF8.self) }
    return String(decoding: head, as: UTF8.self) + "\n[\(missing) bytes left out]\n"
      + String(decoding: kept, as: UTF8.self)
  }
}
