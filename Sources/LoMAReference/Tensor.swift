// NUM-1: a small dense tensor of binary64 values. Everything the reference computes with is one of these.

/// Values in row-major order with their shape.
public struct Tensor: Hashable, Sendable {
  /// The extents, outermost first.
  public let shape: [Int]
  /// The values, the last index running fastest.
  public var values: [Double]

  /// Checks that there are as many values as the shape has cells.
  public init(shape: [Int], values: [Double]) {
    precondition(values.count == shape.reduce(1, *), "as many values as the shape has cells")
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

  /// Matrices of as many rows, side by side: [rows, Σ columns].
  init(sideBySide parts: [Tensor], rows: Int) {
    var values: [Double] = []
    values.reserveCapacity(parts.reduce(0) { $0 + $1.values.count })
    for r in 0..<rows {
      for part in parts { values += part.row(r) }
    }
    self.init(shape: [rows, parts.reduce(0) { $0 + $1.columns }], values: values)
  }

  /// The last extent; 1 for a scalar.
  public var columns: Int { shape.last ?? 1 }

  /// How many rows of `columns` values there are.
  public var rows: Int { shape.dropLast().reduce(1, *) }

  /// One row.
  public func row(_ index: Int) -> ArraySlice<Double> { values[index * columns..<(index + 1) * columns] }

  /// One cell of a matrix.
  public subscript(row: Int, column: Int) -> Double {
    get { values[row * columns + column] }
    set { values[row * columns + column] = newValue }
  }

  /// Some rows of a matrix, in the order given: [indices.count, columns].
  public func selecting(rows indices: [Int]) -> Tensor {
    var selected: [Double] = []
    selected.reserveCapacity(indices.count * columns)
    for index in indices { selected += row(index) }
    return Tensor(shape: [indices.count, columns], values: selected)
  }

  /// This matrix with the rows of another below it: [rows + other.rows, columns].
  public func appending(_ other: Tensor) -> Tensor {
    precondition(columns == other.columns, "rows of equal width")
    return Tensor(shape: [rows + other.rows, columns], values: values + other.values)
  }

  /// Columns of a matrix as a matrix of their own: [rows, range.count].
  public func columns(_ range: Range<Int>) -> Tensor {
    var cut: [Double] = []
    cut.reserveCapacity(rows * range.count)
    for index in 0..<rows {
      let start = index * columns
      cut += values[start + range.lowerBound..<start + range.upperBound]
    }
    return Tensor(shape: [rows, range.count], values: cut)
  }

  /// The matrix with rows and columns exchanged: [columns, rows].
  public func transposed() -> Tensor {
    precondition(shape.count == 2, "a matrix")
    let (height, width) = (rows, columns)
    var turned = [Double](repeating: 0, count: values.count)
    // Tiles keep both sides in the processor's cache; each value is only moved.
    let tile = 16
    for top in stride(from: 0, to: height, by: tile) {
      for left in stride(from: 0, to: width, by: tile) {
        for i in top..<min(top + tile, height) {
          for j in left..<min(left + tile, width) { turned[j * height + i] = values[i * width + j] }
        }
      }
    }
    return Tensor(shape: [width, height], values: turned)
  }

  /// Element by element, left + right.
  public static func + (left: Tensor, right: Tensor) -> Tensor {
    precondition(left.shape == right.shape, "tensors of one shape")
    var sum = left
    for index in sum.values.indices { sum.values[index] += right.values[index] }
    return sum
  }

  /// Element by element, left + right, in place.
  public static func += (left: inout Tensor, right: Tensor) {
    precondition(left.shape == right.shape, "tensors of one shape")
    for index in left.values.indices { left.values[index] += right.values[index] }
  }
}
