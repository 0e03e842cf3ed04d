// Compares two tensor files without a case, for `loma compare`.

import LoMA
import LoMAVectors

package struct FileComparisonError: Error, Equatable, CustomStringConvertible {
  package let path: String
  /// Why it is not a readable tensor file.
  package let reason: ContainerError

  package var description: String {
    if case .file(let error) = reason { return error.description }
    return "\(path): \(reason)"
  }
}

/// The differences between two tensor files.
package struct FileComparison: Sendable {
  /// The maximum size of a file, in bytes.
  package static let byteLimit = 1 << 32

  /// How one tensor differs.
  package enum Difference: Equatable, Sendable {
    /// Only the first, or only the second file has it.
    case missing(inFirst: Bool)
    /// The element types differ.
    case elementType(String, String)
    /// The shapes differ.
    case shape([Int], [Int])
    /// Some elements differ; with a count of 0 the tensors are equal.
    case elements(DifferingElements)
  }

  package struct DifferingElements: Equatable, Sendable {
    package let shape: [Int]
    /// The number of elements that differ.
    package let count: Int
    /// The number of elements.
    package let total: Int
    /// The largest |a − b|; infinite if one element is finite and the other is not.
    package let absolute: Double
    /// The largest |a − b| / max|b|; infinite if all of b is 0.
    package let relative: Double
    /// The index of the largest |a − b|, one number per dimension.
    package let index: [Int]
    /// The two elements at that index.
    package let values: (String, String)

    /// Not synthesised, because `values` is a tuple.
    package static func == (a: DifferingElements, b: DifferingElements) -> Bool {
      a.shape == b.shape && a.count == b.count && a.total == b.total && a.absolute == b.absolute
        && a.relative == b.relative
        && a.index == b.index && a.values == b.values
    }
  }

  /// The tensors that differ or are missing from one file, by name.
  package let differences: [(name: String, difference: Difference)]
  /// The number of equal tensors.
  package let equalCount: Int

  /// Compares two untrusted files.
  package init(_ first: String, _ second: String) throws(FileComparisonError) {
    let (a, b) = (try FileComparison.read(first), try FileComparison.read(second))
    do { try self.init(a, b) } catch { throw FileComparisonError(path: second, reason: error) }
  }

  private static func read(_ path: String) throws(FileComparisonError) -> ArrayFile {
    do { return try ArrayFile(contentsOf: path, byteLimit: byteLimit) } catch {
      throw FileComparisonError(path: path, reason: error)
    }
  }

  package init(_ first: ArrayFile, _ second: ArrayFile) throws(ContainerError) {
    var found: [(String, Difference)] = []
    var equal = 0
    let names = Set((first.arrays + second.arrays).map { $0.name }).sorted {
      $0.utf8.lexicographicallyPrecedes($1.utf8)
    }
    for name in names {
      guard let a = first[name] else {
        found.append((name, .missing(inFirst: true)))
        continue
      }
      guard let b = second[name] else {
        found.append((name, .missing(inFirst: false)))
        continue
      }
      if a.shape != b.shape {
        found.append((name, .shape(a.shape, b.shape)))
      } else if a.elementType != b.elementType {
        found.append((name, .elementType(a.elementType.rawValue, b.elementType.rawValue)))
      } else if a.bytes == b.bytes {
        equal += 1
      } else {
        found.append((name, .elements(try DifferingElements(a, b))))
      }
    }
    differences = found
    equalCount = equal
  }
}

extension FileComparison.DifferingElements {
  /// Compares two arrays of the same type and shape; elements are equal if their bytes are equal.
  init(_ a: NamedArray, _ b: NamedArray) throws(ContainerError) {
    let width = a.elementType.width
    let (x, y) = (try a.values(), try b.values())
    var (count, worst, worstPlace): (Int, Double, Int?) = (0, -1, nil)
    for place in 0..<a.bytes.count / width {
      let bytes = place * width..<(place + 1) * width
      guard a.bytes[bytes] != b.bytes[bytes] else { continue }
      count += 1
      let distance = (x[place] - y[place]).magnitude
      let error = x[place].isNaN && y[place].isNaN ? 0 : distance.isNaN ? .infinity : distance
      if error > worst { (worst, worstPlace) = (error, place) }
    }
    let largest = y.map { $0.magnitude }.filter { $0.isFinite }.max() ?? 0
    let place = worstPlace ?? 0
    var index: [Int] = []
    var rest = place
    for size in a.shape.reversed() {
      index.insert(rest % size, at: 0)
      rest /= size
    }
    self.init(
      shape: a.shape, count: count, total: x.count, absolute: worst, relative: worst == 0 ? 0 : worst / largest,
      index: index,
      values: (try a.text(of: place), try b.text(of: place)))
  }
}

extension NamedArray {
  /// The elements as doubles; an integer beyond 2⁵³ is rounded.
  fileprivate func values() throws(ContainerError) -> [Double] {
    switch elementType.kind {
    case .floating: try doubles()
    case .integer: try integers().map { Double($0) }
    case .boolean: try booleans().map { $0 ? 1 : 0 }
    }
  }

  /// The text of one element.
  fileprivate func text(of place: Int) throws(ContainerError) -> String {
    switch elementType.kind {
    case .floating: "\(try doubles()[place])"
    case .integer: "\(try integers()[place])"
    case .boolean: "\(try booleans()[place])"
    }
  }
}
