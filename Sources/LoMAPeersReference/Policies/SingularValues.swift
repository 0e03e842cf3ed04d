// BAS-16: the singular values of a matrix, by one-sided Jacobi rotations in a fixed order.

import NaiveLlama

/// W = Σ_k σ_k u_k v_kᵀ, largest σ first.
package struct SingularValues: Hashable, Sendable {
  /// σ, falling; of equal ones that of the lower line of W first: [min(n, m)].
  package let values: [Double]
  /// The u_k as rows, orthonormal: [min(n, m), n].
  package let left: Tensor
  /// The v_k as rows, orthonormal where σ_k > 0, else zeros: [min(n, m), m].
  package let right: Tensor

  /// Of W [n, m].
  ///
  /// The lines of W are its rows, or its columns where those are fewer. Lines p < q are rotated, (p, q) ascending, until
  /// all are at right angles: with α = ‖p‖², β = ‖q‖², γ = p·q, each sum by rising index,
  ///
  ///     ζ = (β − α)/(2γ)        t = ±1/(|ζ| + √(1 + ζ²)) with the sign of ζ        c = 1/√(1 + t²)        s = c·t
  ///     p ← c·p − s·q           q ← s·p + c·q
  ///
  /// The product of these rotations gives the one side, the lengths of the lines σ, the lines over σ the other side.
  package init(of w: Tensor) {
    let isTurned = w.rows > w.columns
    let matrix = isTurned ? w.transposed() : w
    var lines = (0..<matrix.rows).map { Array(matrix.row($0)) }
    var rotations = lines.indices.map { k in lines.indices.map { $0 == k ? 1.0 : 0.0 } }
    for _ in 0..<Self.sweeps {
      var isDone = true
      for p in lines.indices {
        for q in lines.indices.dropFirst(p + 1) {
          guard let turn = Self.turn(lines[p], lines[q]) else { continue }
          isDone = false
          Self.rotate(&lines, p, q, by: turn)
          Self.rotate(&rotations, p, q, by: turn)
        }
      }
      if isDone { break }
    }
    let lengths = lines.map { Self.product($0, $0).squareRoot() }
    let order = lengths.indices.sorted { (lengths[$1], $0) < (lengths[$0], $1) }
    let ofLines = Tensor(rows: order.map { rotations[$0] }, width: matrix.rows)
    let across = Tensor(
      rows: order.map { k in lines[k].map { lengths[k] > 0 ? $0 / lengths[k] : 0 } }, width: matrix.columns)
    values = order.map { lengths[$0] }
    (left, right) = isTurned ? (across, ofLines) : (ofLines, across)
  }

  /// Rounding alone keeps lines from being at right angles to more than this share of their lengths.
  private static let tolerance = 0x1p-48
  /// A matrix of thousands of lines needs some ten; this many say that it is none of finite numbers.
  private static let sweeps = 64

  /// c and s that put two lines at right angles; nil if they are.
  private static func turn(_ p: [Double], _ q: [Double]) -> (c: Double, s: Double)? {
    let (alpha, beta, gamma) = (product(p, p), product(q, q), product(p, q))
    guard gamma.magnitude > tolerance * (alpha.squareRoot() * beta.squareRoot()) else { return nil }
    let zeta = (beta - alpha) / (2 * gamma)
    let tangent = 1 / (zeta.magnitude + (1 + zeta * zeta).squareRoot())
    let t = zeta < 0 ? -tangent : tangent
    let c = 1 / (1 + t * t).squareRoot()
    return (c, c * t)
  }

  private static func rotate(_ lines: inout [[Double]], _ p: Int, _ q: Int, by turn: (c: Double, s: Double)) {
    for i in lines[p].indices {
      let (a, b) = (lines[p][i], lines[q][i])
      lines[p][i] = turn.c * a - turn.s * b
      lines[q][i] = turn.s * a + turn.c * b
    }
  }

  private static func product(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for (x, y) in zip(a, b) { sum += x * y }
    return sum
  }
}
