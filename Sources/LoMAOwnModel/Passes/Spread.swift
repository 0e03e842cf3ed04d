// OWN-1: the yardstick of a tensor: how far the simulated ports are from the reference, row by row.

import NaiveLlama

/// The mean squares of the errors of M simulated ports in every row of a tensor.
package struct Spread: Hashable, Sendable {
  /// mean over columns of (sim − reference)², by simulated port and row: M lists of R.
  package let meanSquares: [[Double]]

  /// The spread of given mean squares.
  package init(meanSquares: [[Double]]) { self.meanSquares = meanSquares }

  /// The spread of M ports' rows, [M · R, columns], about the reference's, [R, columns].
  init(_ ports: Tensor, about reference: Tensor) {
    let (rows, width) = (reference.rows, reference.columns)
    let (y, x) = (ports.values.span, reference.values.span)
    meanSquares = (0..<ports.rows / max(rows, 1)).map { copy in
      (0..<rows).map { r in
        var sum = 0.0
        for i in 0..<width {
          let error = y[(copy * rows + r) * width + i] - x[r * width + i]
          sum += error * error
        }
        return sum / Double(width)
      }
    }
  }

  /// The number of rows.
  package var rows: Int { meanSquares.first?.count ?? 0 }

  /// s_row²: the mean over the simulated ports.
  package func square(_ row: Int) -> Double {
    meanSquares.reduce(0) { $0 + $1[row] } / Double(meanSquares.count)
  }

  /// S²: the mean over rows of s_row².
  package var square: Double {
    rows == 0 ? 0 : (0..<rows).reduce(0) { $0 + square($1) } / Double(rows)
  }

  /// S.
  package var whole: Double { square.squareRoot() }

  /// ŝ_row = √(s_row² + S²/4).
  package func hats() -> [Double] {
    let quarter = square / 4
    return (0..<rows).map { (square($0) + quarter).squareRoot() }
  }

  /// The root mean square of one simulated port's error over the whole tensor.
  package func size(ofPort port: Int) -> Double {
    (meanSquares[port].reduce(0, +) / Double(max(rows, 1))).squareRoot()
  }

  /// The spread without its first port, which rounds to nearest: the yardstick for that port itself (OWN-8).
  package var withoutNearest: Spread { Spread(meanSquares: Array(meanSquares.dropFirst())) }

  /// The spread of some rows, in another order.
  package func selecting(_ rows: [Int]) -> Spread {
    Spread(meanSquares: meanSquares.map { port in rows.map { port[$0] } })
  }
}
