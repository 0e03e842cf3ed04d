// MOD-5: silu(gate) ⊙ up, the middle of the feed-forward block; its three linear layers are Linear's.

/// The gated activation: silu(x) = x / (1 + e^−x).
public enum FeedForward {
  /// silu of one value.
  public static func silu(_ x: Double) -> Double { x / (1 + Elementary.exponential(-x)) }

  /// y = silu(gate) ⊙ up: [rows, intermediate] twice → [rows, intermediate].
  public static func forward(gate: Tensor, up: Tensor, workers: Workers) -> Tensor {
    precondition(gate.shape == up.shape, "gate and up of one shape")
    let width = gate.columns
    let (g, u) = (gate.values, up.values)
    let values = workers.rows(gate.rows, width: width, operationsPerRow: 50 * width) { range in
      (range.lowerBound * width..<range.upperBound * width).map { silu(g[$0]) * u[$0] }
    }
    return Tensor(shape: gate.shape, values: values)
  }

  /// The gradients of gate and up, given that of y.
  ///
  /// From `y = silu(gate) · up`: dup = dy · silu(gate), and with s = 1/(1 + e^−gate)
  /// dgate = dy · up · s · (1 + gate · (1 − s)).
  public static func backward(
    _ dy: Tensor, gate: Tensor, up: Tensor, workers: Workers
  ) -> (gate: Tensor, up: Tensor) {
    let width = gate.columns
    let (d, g, u) = (dy.values, gate.values, up.values)
    // Each row is handed back as its gate gradients followed by its up gradients.
    let pairs = workers.rows(gate.rows, width: 2 * width, operationsPerRow: 50 * width) { range in
      var values: [Double] = []
      values.reserveCapacity(range.count * 2 * width)
      for r in range {
        let cells = r * width..<(r + 1) * width
        let sigmoids = cells.map { 1 / (1 + Elementary.exponential(-g[$0])) }
        for (cell, s) in zip(cells, sigmoids) { values.append(d[cell] * u[cell] * s * (1 + g[cell] * (1 - s))) }
        for cell in cells { values.append(d[cell] * silu(g[cell])) }
      }
      return values
    }
    let both = Tensor(shape: [gate.rows, 2 * width], values: pairs)
    return (both.columns(0..<width), both.columns(width..<2 * width))
  }
}
