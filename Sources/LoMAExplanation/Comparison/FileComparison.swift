// Two files of tensors, compared without a case: what `loma compare` says.

import LoMA
import LoMAVectors

/// Why a file cannot be compared.
package struct FileComparisonError: Error, Equatable, CustomStringConvertible {
  /// The file.
  package let path: String
  /// Why it is none.
  package let reason: ContainerError

  /// One line for a person.
  package var description: String {
    if case .file(let error) = reason { return error.description }
    return "\(path): \(reason)"
  }
}

/// How two tensor files differ.
package struct FileComparison: Sendable {
  /// The largest file that is read, in bytes.
  package static let byteLimit = 1 << 32

  /// What was found of one tensor.
  package enum Difference: Equatable, Sendable {
    /// Only the first, or only the second file has it.
    case missing(inFirst: Bool)
    /// Another element type.
    case elementType(String, String)
    /// Another shape.
    case shape([Int], [Int])
    /// Elements that differ; where none does, the tensors are equal.
    case elements(Elements)
  }

  /// Elements that differ.
  package struct Elements: Equatable, Sendable {
    /// The shape of the tensor.
    package let shape: [Int]
    /// How many differ.
    package let count: Int
    /// How many there are.
    package let total: Int
    /// The largest |a − b|; infinite where one is finite and the other is not.
    package let absolute: Double
    /// The largest |a − b| / max|b|; infinite where b is 0 throughout.
    package let relative: Double
    /// The index of the largest |a − b|, one number a dimension.
    package let index: [Int]
    /// Both elements there.
    package let values: (String, String)

    /// Equal in what is counted.
    package static func == (a: Elements, b: Elements) -> Bool {
      a.shape == b.shape && a.count == b.count && a.total == b.total && a.absolute == b.absolute
        && a.relative == b.relative
        && a.index == b.index && a.values == b.values
    }
  }

  /// Every tensor of either file that differs, by name.
  package let differences: [(name: String, difference: Difference)]
  /// How many tensors are equal.
  package let equalCount: Int

  /// Compares two files that nobody vouches for.
  package init(_ first: String, _ second: String) throws(FileComparisonError) {
    let (a, b) = (try FileComparison.read(first), try FileComparison.read(second))
    do { try self.init(a, b) } catch { throw FileComparisonError(path: second, reason: error) }
  }

  private static func read(_ path: String) throws(FileComparisonError) -> ArrayFile {
    do { return try ArrayFile(contentsOf: path, byteLimit: byteLimit) } catch {
      throw FileComparisonError(path: path, reason: error)
    }
  }

  /// Compares two files in memory.
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
        found.append((name, .elements(try Elements(a, b))))
      }
    }
    differences = found
    equalCount = equal
  }
}

extension FileComparison.Elements {
  /// Compares two arrays of one type and shape; elements are equal where their bytes are.
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
  /// The elements as doubles, whatever their type; an integer beyond 2⁵³ is rounded.
  fileprivate func values() throws(ContainerError) -> [Double] {
    switch elementType.kind {
    case .floating: try doubles()
    case .integer: try integers().map { Double($0) }
    case .boolean: try booleans().map { $0 ? 1 : 0 }
    }
  }

  /// One element as it is written.
  fileprivate func text(of place: Int) throws(ContainerError) -> String {
    switch elementType.kind {
    case .floating: "\(try doubles()[place])"
    case .integer: "\(try integers()[place])"
    case .boolean: "\(try booleans()[place])"
    }
  }
}
