// MOD-2: root-mean-square normalisation.

/// y = g ⊙ x / √(mean(x²) + ε), row by row.
public enum RMSNorm {
  /// y[r, i] = (x[r, i] / √(mean(x[r]²) + ε)) · g[i]: [rows, hidden] → [rows, hidden].
  public static func forward(_ x: Tensor, gain: [Double], epsilon: Double) -> Tensor {
    precondition(x.columns == gain.count, "one gain per column")
    let (width, gains) = (x.columns, gain.span)
    var values: [Double] = []
    values.reserveCapacity(x.values.count)
    for r in 0..<x.rows {
      let row = x.values.span.extracting(r * width..<(r + 1) * width)
      let root = rootMeanSquare(row, epsilon: epsilon)
      for i in 0..<width { values.append(row[i] / root * gains[i]) }
    }
    return Tensor(shape: x.shape, values: values)
  }

  /// The gradients of x and g, given that of y.
  ///
  /// From `y = (x / root) · g` with root = √(Σx²/n + ε): dg = Σ_r dy · x / root, and
  /// dx = (dy · g − x · (Σ_i dy · g · x) / (n · root²)) / root.
  public static func backward(
    _ dy: Tensor, input x: Tensor, gain: [Double], epsilon: Double
  ) -> (input: Tensor, gain: [Double]) {
    let (width, gains) = (x.columns, gain.span)
    var dx: [Double] = []
    dx.reserveCapacity(x.values.count)
    var dGain = [Double](repeating: 0, count: width)
    for r in 0..<x.rows {
      let row = x.values.span.extracting(r * width..<(r + 1) * width)
      let dRow = dy.values.span.extracting(r * width..<(r + 1) * width)
      let root = rootMeanSquare(row, epsilon: epsilon)
      var projection = 0.0
      for i in 0..<width {
        projection += dRow[i] * gains[i] * row[i]
        dGain[i] += dRow[i] * (row[i] / root)
      }
      let shrink = projection / (Double(width) * root * root)
      for i in 0..<width { dx.append((dRow[i] * gains[i] - row[i] * shrink) / root) }
    }
    return (Tensor(shape: x.shape, values: dx), dGain)
  }

  /// √(mean(x²) + ε) of one row, the squares summed by rising index.
  private static func rootMeanSquare(_ row: Span<Double>, epsilon: Double) -> Double {
    var sum = 0.0
    for i in row.indices { sum += row[i] * row[i] }
    return (sum / Double(row.count) + epsilon).squareRoot()
  }
}
