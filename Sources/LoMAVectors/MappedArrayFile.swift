// A large container that is mapped instead of read: its header is checked at once, elements are copied on demand.

import Foundation

/// A mapped container, such as a checkpoint; only the elements asked for are copied.
///
/// Only for files that nobody changes meanwhile: if the file is cut short, touching a page behind its new end kills the
/// process (SIGBUS). Use `ArrayFile.init(contentsOf:byteLimit:)` for others. BOOL elements are checked when they are
/// read.
public struct MappedArrayFile: Sendable {
  /// The header, checked.
  public let header: ContainerHeader
  private let data: Data
  private let start: Int
  private let places: [String: Int]

  /// Maps a file and checks its header against its size.
  public init(contentsOf path: String) throws(ContainerError) {
    do { data = try Files.mapped(path) } catch { throw .file(error) }
    let length = try ContainerHeader.length(data.prefix(8), fileBytes: data.count)
    start = 8 + length
    header = try ContainerHeader(Array(data[8..<start]), dataBytes: data.count - start)
    places = Dictionary(uniqueKeysWithValues: header.entries.enumerated().map { ($1.name, $0) })
  }

  /// The header's entry of an array; throws `noSuchArray`.
  public func entry(_ name: String) throws(ContainerError) -> ContainerHeader.Entry {
    guard let place = places[name] else { throw .noSuchArray(name) }
    return header.entries[place]
  }

  /// A copy of an array; throws `noSuchArray`.
  public func array(_ name: String) throws(ContainerError) -> NamedArray {
    let entry = try entry(name)
    return try NamedArray(entry.name, entry.elementType, shape: entry.shape, bytes: Array(bytes(entry.bytes)))
  }

  /// All elements of a floating-point array, exactly, in row-major order.
  public func doubles(_ name: String) throws(ContainerError) -> [Double] {
    let entry = try entry(name)
    return try doubles(entry, entry.bytes)
  }

  /// Some rows of a floating-point array, exactly: the elements whose first index is in `rows`, in row-major order.
  ///
  /// Throws `rowsOutOfRange`, for a scalar too.
  public func doubles(_ name: String, rows: Range<Int>) throws(ContainerError) -> [Double] {
    let entry = try entry(name)
    return try doubles(entry, try place(of: rows, in: entry))
  }

  /// What a body makes of the bytes of some rows, where they lie: elements whose first index is in `rows`, in row-major
  /// order, little-endian, at any alignment.
  ///
  /// Throws `rowsOutOfRange`, for a scalar too.
  public func withBytes<Value>(
    of name: String, rows: Range<Int>, _ body: (Span<UInt8>) -> Value
  ) throws(ContainerError) -> Value {
    let data = bytes(try place(of: rows, in: try entry(name)))
    return body(data.span)
  }

  private func place(
    of rows: Range<Int>, in entry: ContainerHeader.Entry
  ) throws(ContainerError) -> Range<Int> {
    let count = entry.shape.first ?? 0
    if entry.shape.isEmpty || rows.lowerBound < 0 || rows.upperBound > count {
      throw .rowsOutOfRange(rows, rows: count, name: entry.name)
    }
    let rowBytes = count == 0 ? 0 : entry.bytes.count / count
    let begin = entry.bytes.lowerBound
    return begin + rows.lowerBound * rowBytes..<begin + rows.upperBound * rowBytes
  }

  /// For each column of a floating-point table, its values in some rows, summed from +0.0 by rising row.
  ///
  /// Reads a few rows at a time. Throws as `doubles(_:rows:)` does.
  public func columnSums(_ name: String, rows: Range<Int>) throws(ContainerError) -> [Double] {
    let width = try entry(name).shape.dropFirst().reduce(1, *)
    var sums = [Double](repeating: 0, count: width)
    let block = max(1, (1 << 19) / max(1, width))
    var start = rows.lowerBound
    repeat {
      let end = min(rows.upperBound, start + block)
      let values = try doubles(name, rows: start..<end)
      for row in 0..<end - start {
        for column in sums.indices { sums[column] += values[row * width + column] }
      }
      start = end
    } while start < rows.upperBound
    return sums
  }

  /// The bytes of an array, a few MiB at a time, in order.
  public func forEachPiece<Failure: Error>(
    of entry: ContainerHeader.Entry, _ body: ([UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    var begin = entry.bytes.lowerBound
    while begin < entry.bytes.upperBound {
      let end = min(entry.bytes.upperBound, begin + 1 << 22)
      try body(Array(bytes(begin..<end)))
      begin = end
    }
  }

  /// The first byte in which an array differs from one of this file or another; nil if both have the same bytes.
  ///
  /// The end of the shorter one is a difference. Throws `noSuchArray`.
  public func firstDifference(
    of name: String, from other: MappedArrayFile, _ otherName: String
  ) throws(ContainerError) -> Int? {
    let (ours, theirs) = (bytes(try entry(name).bytes), other.bytes(try other.entry(otherName).bytes))
    if ours == theirs { return nil }
    return zip(ours, theirs).enumerated().first { $1.0 != $1.1 }?.offset ?? min(ours.count, theirs.count)
  }

  private func doubles(_ entry: ContainerHeader.Entry, _ range: Range<Int>) throws(ContainerError) -> [Double] {
    try NamedArray.check(entry.elementType, kind: .floating, name: entry.name)
    return bytes(range).withUnsafeBytes { Elements.doubles($0, entry.elementType) }
  }

  private func bytes(_ range: Range<Int>) -> Data {
    data[start + range.lowerBound..<start + range.upperBound]
  }
}
