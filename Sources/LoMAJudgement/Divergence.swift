// RUN-20: where a tensor is wrong, as a grid small enough to draw, and cell by cell where cells are right or wrong.

import LoMAVectors

/// Error over bound of a tensor's rows and columns, the worst of each block of them.
package struct Divergence: Equatable, Sendable {
  /// The most rows and columns of the grid.
  package static let side = 64
  /// The name of the square of queries and keys that the property of interference finds.
  package static let whoHeardWhom = "who heard whom, query by key"
  /// The most runs of wrong elements that are kept.
  package static let runLimit = 1024
  /// The most elements of a tensor that is read from results; its rows and columns are counted in blocks of `side`.
  package static let sizeLimit = 1 << 31

  /// The tensor.
  package let tensor: String
  /// Its rows: every dimension but the last; of a batch these are text by text the rows of the layout.
  package let rows: Int
  /// Its columns: the last dimension; 1 for a scalar.
  package let columns: Int
  /// At most `side` × `side`: cell (i, j) is the largest ratio of its block; at most 1 is right.
  package let cells: [[Double]]
  /// Of a tensor that is compared exactly the wrong elements, row-major, as runs; none where they are too many runs.
  package let wrong: [Range<Int>]?

  /// A grid that was made before.
  package init(tensor: String, rows: Int, columns: Int, cells: [[Double]], wrong: [Range<Int>]?) {
    self.wrong = wrong
    self.tensor = tensor
    self.rows = rows
    self.columns = columns
    self.cells = cells
  }

  /// The grid of one ratio for every element, row-major; what is no number counts as infinite.
  ///
  /// None where there are no elements, or their number is not the shape's.
  package init?(tensor: String, shape: [Int], ratios: [Double]) {
    self.init(tensor: tensor, shape: shape, ratios: ratios, wrong: nil)
  }

  /// The grid of a tensor whose elements are right or wrong, row-major.
  ///
  /// None where there are no elements, or their number is not the shape's.
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

  /// Three digits are enough to draw; what is above 1 stays there.
  private static func rounded(_ ratio: Double) -> Double {
    guard ratio.isFinite, let rounded = Double(short(ratio)) else { return ratio }
    return ratio > 1 ? max(rounded, 1.01) : rounded
  }

  /// The rows that grid row i stands for: those that `init(tensor:shape:ratios:)` put there.
  package func rows(ofCell i: Int) -> ClosedRange<Int> { Divergence.block(i, of: cells.count, over: rows) }

  /// The columns that grid column j stands for.
  package func columns(ofCell j: Int) -> ClosedRange<Int> {
    Divergence.block(j, of: cells.first?.count ?? 1, over: columns)
  }

  /// The indices whose ⌊index · parts / count⌋ is the part.
  private static func block(_ part: Int, of parts: Int, over count: Int) -> ClosedRange<Int> {
    let first = (part * count + parts - 1) / parts
    return first...max(first, ((part + 1) * count + parts - 1) / parts - 1)
  }
}
