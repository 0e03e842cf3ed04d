// RUN-20: where a tensor is wrong, as a grid small enough to draw; for exact tensors also which cells are wrong.

import LoMAVectors

/// Error/bound over the rows and columns of a tensor: the worst of each block of cells.
package struct Divergence: Equatable, Sendable {
  /// The maximum number of rows and of columns of the grid.
  package static let side = 64
  /// The name of the square of queries and keys that the interference property compares.
  package static let whoHeardWhom = "who heard whom, query by key"
  /// The maximum number of runs of wrong elements that are kept.
  package static let runLimit = 1024
  /// The maximum number of elements of a tensor read from results.
  package static let sizeLimit = 1 << 31

  package let tensor: String
  /// The number of rows: the product of all dimensions but the last; in a batch, the layout's rows text by text.
  package let rows: Int
  /// The number of columns: the last dimension; 1 for a scalar.
  package let columns: Int
  /// At most `side` × `side` cells; cell (i, j) is the largest error/bound of its block, and at most 1 is right.
  package let cells: [[Double]]
  /// The wrong elements of a tensor that is compared exactly, row-major, as runs; nil if there are more than `runLimit`
  /// runs.
  package let wrong: [Range<Int>]?

  package init(tensor: String, rows: Int, columns: Int, cells: [[Double]], wrong: [Range<Int>]?) {
    self.wrong = wrong
    self.tensor = tensor
    self.rows = rows
    self.columns = columns
    self.cells = cells
  }

  /// The grid for one error/bound per element, row-major; NaN counts as infinite.
  ///
  /// Nil if there are no elements, or if their number differs from the shape's.
  package init?(tensor: String, shape: [Int], ratios: [Double]) {
    self.init(tensor: tensor, shape: shape, ratios: ratios, wrong: nil)
  }

  /// The grid of a tensor whose elements are right or wrong, row-major.
  ///
  /// Nil if there are no elements, or if their number differs from the shape's.
  package init?(tensor: String, shape: [Int], isWrong: [Bool]) {
    var runs: [Range<Int>] = []
    for (element, isWrong) in isWrong.enumerated() where isWrong {
      if let last = runs.last, last.upperBound == element {
        runs[runs.count - 1] = last.lowerBound..<element + 1
      } else {
        runs.append(element..<element + 1)
      }
    }
    self.init(
      tensor: tensor, shape: shape, ratios: isWrong.map { $0 ? .infinity : 0 },
      wrong: runs.count <= Divergence.runLimit ? runs : nil)
  }

  private init?(tensor: String, shape: [Int], ratios: [Double], wrong: [Range<Int>]?) {
    let columns = shape.last ?? 1
    guard !ratios.isEmpty, columns > 0, shape.reduce(1, *) == ratios.count else { return nil }
    let rows = ratios.count / columns
    let (height, width) = (min(rows, Divergence.side), min(columns, Divergence.side))
    var cells = [[Double]](repeating: [Double](repeating: 0, count: width), count: height)
    for row in 0..<rows {
      for column in 0..<columns {
        let ratio = ratios[row * columns + column]
        let (i, j) = (row * height / rows, column * width / columns)
        cells[i][j] = max(cells[i][j], ratio.isNaN ? .infinity : ratio)
      }
    }
    self.init(
      tensor: tensor, rows: rows, columns: columns, cells: cells.map { $0.map { Divergence.rounded($0) } },
      wrong: wrong)
  }

  /// Three digits are enough to draw; a value above 1 stays above 1.
  private static func rounded(_ ratio: Double) -> Double {
    guard ratio.isFinite, let rounded = Double(short(ratio)) else { return ratio }
    return ratio > 1 ? max(rounded, 1.01) : rounded
  }

  /// The rows of the tensor that row i of the grid stands for, as assigned by `init(tensor:shape:ratios:)`.
  package func rows(ofCell i: Int) -> ClosedRange<Int> { Divergence.block(i, of: cells.count, over: rows) }

  /// The columns of the tensor that column j of the grid stands for.
  package func columns(ofCell j: Int) -> ClosedRange<Int> {
    Divergence.block(j, of: cells.first?.count ?? 1, over: columns)
  }

  /// The indices i with ⌊i · parts / count⌋ = part.
  private static func block(_ part: Int, of parts: Int, over count: Int) -> ClosedRange<Int> {
    let first = (part * count + parts - 1) / parts
    return first...max(first, ((part + 1) * count + parts - 1) / parts - 1)
  }
}
