// MOD-2: root-mean-square normalisation.

/// y = g ⊙ x / √(mean(x²) + ε), row by row.
public enum RMSNorm {
  /// y[r, i] = (x[r, i] / √(mean(x[r]²) + ε)) · g[i]: [rows, hidden] → [rows, hidden].
  public static func forward(_ x: Tensor, gain: [Double], epsilon: Double) -> Tensor {
    precondition(x.columns == gain.count, "one gain per column")
    var y = x
    for r in 0..<x.rows {
      let root = rootMeanSquare(x, row: r, epsilon: epsilon)
      for i in 0..<x.columns { y[r, i] = x[r, i] / root * gain[i] }
    }
    return y
  }

  /// The gradients of x and g, given that of y.
  ///
  /// From `y = (x / root) · g` with root = √(Σx²/n + ε): dg = Σ_r dy · x / root, and
  /// dx = (dy · g − x · (Σ_i dy · g · x) / (n · root²)) / root.
  public static func backward(
    _ dy: Tensor, input x: Tensor, gain: [Double], epsilon: Double
  ) -> (input: Tensor, gain: [Double]) {
    let width = x.columns
    var dx = x
    var dGain = [Double](repeating: 0, count: width)
    for r in 0..<x.rows {
      let root = rootMeanSquare(x, row: r, epsilon: epsilon)
      var projection = 0.0
      for i in 0..<width {
        projection += dy[r, i] * gain[i] * x[r, i]
        dGain[i] += dy[r, i] * (x[r, i] / root)
      }
      let shrink = projection / (Double(width) * root * root)
      for i in 0..<width { dx[r, i] = (dy[r, i] * gain[i] - x[r, i] * shrink) / root }
    }
    return (dx, dGain)
  }

  /// √(mean(x²) + ε) of one row, the squares summed by rising index.
  private static func rootMeanSquare(_ x: Tensor, row: Int, epsilon: Double) -> Double {
    var sum = 0.0
    for i in 0..<x.columns { sum += x[row, i] * x[row, i] }
    return (sum / Double(x.columns) + epsilon).squareRoot()
  }
}
