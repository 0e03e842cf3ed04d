// A large container, read where it lies: the header is checked at once, elements come from the mapped file on demand.

import Foundation

/// A checkpoint that is mapped, not loaded; only what is asked for is copied.
///
/// For files that nobody changes meanwhile: touching pages behind the end of a file cut short afterwards ends the
/// process (SIGBUS). `ArrayFile.init(contentsOf:byteLimit:)` is for the others. BOOL elements are checked when asked for.
public struct MappedArrayFile: Sendable {
  /// The checked header.
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

  /// What the header says of an array; throws `noSuchArray`.
  public func entry(_ name: String) throws(ContainerError) -> ContainerHeader.Entry {
    guard let place = places[name] else { throw .noSuchArray(name) }
    return header.entries[place]
  }

  /// A copy of an array.
  public func array(_ name: String) throws(ContainerError) -> NamedArray {
    let entry = try entry(name)
    return try NamedArray(entry.name, entry.elementType, shape: entry.shape, bytes: Array(bytes(entry.bytes)))
  }

  /// The elements of a floating-point array, exactly, in row-major order.
  public func doubles(_ name: String) throws(ContainerError) -> [Double] {
    let entry = try entry(name)
    return try doubles(entry, entry.bytes)
  }

  /// Rows of a floating-point array, exactly: the elements whose first index lies in `rows`, in row-major order.
  ///
  /// Throws `rowsOutOfRange`, also for a scalar.
  public func doubles(_ name: String, rows: Range<Int>) throws(ContainerError) -> [Double] {
    let entry = try entry(name)
    let count = entry.shape.first ?? 0
    if entry.shape.isEmpty || rows.lowerBound < 0 || rows.upperBound > count {
      throw .rowsOutOfRange(rows, rows: count, name: name)
    }
    let rowBytes = count == 0 ? 0 : entry.bytes.count / count
    let begin = entry.bytes.lowerBound
    return try doubles(entry, begin + rows.lowerBound * rowBytes..<begin + rows.upperBound * rowBytes)
  }

  private func doubles(_ entry: ContainerHeader.Entry, _ range: Range<Int>) throws(ContainerError) -> [Double] {
    try NamedArray.check(entry.elementType, kind: .floating, name: entry.name)
    return bytes(range).withUnsafeBytes { Elements.doubles($0, entry.elementType) }
  }

  private func bytes(_ range: Range<Int>) -> Data {
    data[start + range.lowerBound..<start + range.upperBound]
  }
}
