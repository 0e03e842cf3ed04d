// NUM-1: a small dense tensor of binary64 values. Everything the reference computes with is one of these.

/// A dense array of Doubles with its shape; a matrix is [rows, columns], a scalar has the shape [].
public struct Tensor: Hashable, Sendable {
  /// The extents, outermost first.
  public let shape: [Int]
  /// The values, the last index running fastest.
  public var values: [Double]

  /// A tensor of these values; there must be one for every cell of the shape.
  public init(shape: [Int], values: [Double]) {
    precondition(values.count == shape.reduce(1, *), "one value per cell")
    self.shape = shape
    self.values = values
  }

  /// A tensor of +0.0.
  public init(zeros shape: [Int]) {
    self.init(shape: shape, values: [Double](repeating: 0, count: shape.reduce(1, *)))
  }

  /// A matrix [rows.count, width] from its rows.
  public init(rows: [[Double]], width: Int) {
    var values: [Double] = []
    values.reserveCapacity(rows.count * width)
    for row in rows {
      precondition(row.count == width, "rows of equal width")
      values += row
    }
    self.init(shape: [rows.count, width], values: values)
  }

  /// Matrices of equal height side by side: [rows, Σ columns].
  package init(sideBySide parts: [Tensor], rows: Int) {
    var values: [Double] = []
    values.reserveCapacity(parts.reduce(0) { $0 + $1.values.count })
    for r in 0..<rows {
      for part in parts { values += part.row(r) }
    }
    self.init(shape: [rows, parts.reduce(0) { $0 + $1.columns }], values: values)
  }

  /// The last extent; 1 for a scalar.
  @inlinable
  public var columns: Int { shape.last ?? 1 }

  /// The number of rows of `columns` values: the product of all extents but the last.
  @inlinable
  public var rows: Int { shape.dropLast().reduce(1, *) }

  /// The values of row `index`.
  @inlinable
  public func row(_ index: Int) -> ArraySlice<Double> { values[index * columns..<(index + 1) * columns] }

  /// The cell of a matrix in a row and a column.
  @inlinable
  public subscript(row: Int, column: Int) -> Double {
    get { values[row * columns + column] }
    set { values[row * columns + column] = newValue }
  }

  /// The rows of a matrix with these indices, in this order: [indices.count, columns].
  public func selecting(rows indices: [Int]) -> Tensor {
    var selected: [Double] = []
    selected.reserveCapacity(indices.count * columns)
    for index in indices { selected += row(index) }
    return Tensor(shape: [indices.count, columns], values: selected)
  }

  /// This matrix and, below it, another of the same width: [rows + other.rows, columns].
  public func appending(_ other: Tensor) -> Tensor {
    precondition(columns == other.columns, "rows of equal width")
    return Tensor(shape: [rows + other.rows, columns], values: values + other.values)
  }

  /// A range of a matrix's columns as a matrix of its own: [rows, range.count].
  public func columns(_ range: Range<Int>) -> Tensor {
    var cut: [Double] = []
    cut.reserveCapacity(rows * range.count)
    for index in 0..<rows {
      let start = index * columns
      cut += values[start + range.lowerBound..<start + range.upperBound]
    }
    return Tensor(shape: [rows, range.count], values: cut)
  }

  /// The transposed matrix: [columns, rows].
  public func transposed() -> Tensor {
    precondition(shape.count == 2, "a matrix")
    let (height, width) = (rows, columns)
    var turned = [Double](repeating: 0, count: values.count)
    let from = values.span
    var to = turned.mutableSpan
    // Tiles keep both matrices in the processor's cache; values are only moved, never added.
    let tile = 16
    for top in stride(from: 0, to: height, by: tile) {
      for left in stride(from: 0, to: width, by: tile) {
        for j in left..<min(left + tile, width) {
          for i in top..<min(top + tile, height) { to[j * height + i] = from[i * width + j] }
        }
      }
    }
    return Tensor(shape: [width, height], values: turned)
  }

  /// Element by element, left + right.
  public static func + (left: Tensor, right: Tensor) -> Tensor {
    var sum = left
    sum += right
    return sum
  }

  /// Element by element, left + right, in place.
  public static func += (left: inout Tensor, right: Tensor) {
    precondition(left.shape == right.shape, "tensors of one shape")
    let addends = right.values.span
    var sums = left.values.mutableSpan
    for index in addends.indices { sums[index] += addends[index] }
  }
}
