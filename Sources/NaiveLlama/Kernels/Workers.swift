// Same bits as the plain loop; skip on a first reading.
//
// NUM-4: rows in parallel, with the bits of one thread: every row is computed by one body and stored in its place.

#if canImport(Dispatch) && !hasFeature(Embedded)
  import Dispatch
  import Synchronization
#endif

/// How many threads share the rows of a kernel; the result never depends on it.
public struct Workers: Hashable, Sendable {
  /// The number of threads, at least one.
  public let threads: Int

  /// The plain loop: one thread.
  public static let single = Workers(threads: 1)

  /// Work for this number of threads, at least one.
  public init(threads: Int) {
    precondition(threads >= 1, "at least one thread")
    self.threads = threads
  }

  /// With fewer operations than this a second thread costs more than it saves.
  static let worthSharing = 500_000

  /// Rows 0..<count, each `width` values wide, from a body that returns the values of a range of rows.
  func rows(
    _ count: Int, width: Int, operationsPerRow: Int, _ body: @escaping @Sendable (Range<Int>) -> [Double]
  ) -> [Double] {
    let blocks = blocks(count, operationsPerRow: operationsPerRow, body)
    if blocks.count == 1 { return blocks[0] }
    var values: [Double] = []
    values.reserveCapacity(count * width)
    for block in blocks { values += block }
    return values
  }

  /// The values of a body for consecutive ranges that make up 0..<count, one per thread or, for little work, a single one.
  func blocks<Value: Sendable>(
    _ count: Int, operationsPerRow: Int, _ body: @escaping @Sendable (Range<Int>) -> Value
  ) -> [Value] {
    let parts = min(threads, count)
    guard parts > 1, count * operationsPerRow >= Self.worthSharing else { return [body(0..<count)] }
    return map(parts) { part in body(count * part / parts..<count * (part + 1) / parts) }
  }

  /// Columns 0..<count of a matrix of a height, from a body that returns a range of columns as a matrix of their own;
  /// ranges begin at multiples of `multiple`.
  func columns(
    _ count: Int, multiple: Int, height: Int, operations: Int, _ body: @escaping @Sendable (Range<Int>) -> [Double]
  ) -> [Double] {
    let units = (count + multiple - 1) / multiple
    let parts = min(threads, units)
    guard parts > 1, operations >= Self.worthSharing else { return body(0..<count) }
    let starts = (0...parts).map { min(units * $0 / parts * multiple, count) }
    let blocks = map(parts) { part in body(starts[part]..<starts[part + 1]) }
    var values: [Double] = []
    values.reserveCapacity(height * count)
    for i in 0..<height {
      for (part, block) in blocks.enumerated() {
        let width = starts[part + 1] - starts[part]
        values += block[i * width..<(i + 1) * width]
      }
    }
    return values
  }

  /// The values of a body for 0..<count, in that order; throws the error of the lowest index, if there is one.
  public func map<Value: Sendable, Failure: Error>(
    _ count: Int, _ body: @escaping @Sendable (Int) throws(Failure) -> Value
  ) throws(Failure) -> [Value] {
    var values: [Value] = []
    values.reserveCapacity(count)
    for result in results(count, { index in Result { () throws(Failure) in try body(index) } }) {
      values.append(try result.get())
    }
    return values
  }

  private func results<Value: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int) -> Value) -> [Value] {
    #if canImport(Dispatch) && !hasFeature(Embedded)
      if threads > 1, count > 1 {
        let results = Mutex([Value?](repeating: nil, count: count))
        let next = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: min(threads, count)) { _ in
          while true {
            let index = next.add(1, ordering: .relaxed).oldValue
            guard index < count else { return }
            let result = body(index)
            results.withLock { $0[index] = result }
          }
        }
        return results.withLock { $0.compactMap { $0 } }
      }
    #endif
    return (0..<count).map(body)
  }
}
