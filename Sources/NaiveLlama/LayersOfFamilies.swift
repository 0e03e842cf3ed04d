// MOD-10, MOD-11: what other families add to a Llama's layers, forward and backward: biases, and norms of queries and keys.

// MARK: - Bias

/// The bias b of a linear layer, [out], added after its product (MOD-10).
public enum Bias {
  /// y[r, o] = x[r, o] + b[o]: [rows, out] → [rows, out].
  public static func forward(_ x: Tensor, bias: [Double]) -> Tensor {
    precondition(x.columns == bias.count, "one bias per column")
    var y = x
    for r in 0..<x.rows {
      for o in 0..<x.columns { y[r, o] += bias[o] }
    }
    return y
  }

  /// The gradient of b: db[o] = Σ_r dy[r, o], by rising r: [out]. That of x is dy.
  public static func backward(_ dy: Tensor) -> Tensor {
    var dBias = Tensor(zeros: [dy.columns])
    for r in 0..<dy.rows {
      for o in 0..<dy.columns { dBias.values[o] += dy[r, o] }
    }
    return dBias
  }
}

// MARK: - Norm of queries and keys

/// RMSNorm over each head of a row by itself, with one gain [d] that the heads share (MOD-11).
public enum HeadNorm {
  /// [rows, heads · d], gain [d] → [rows, heads · d]: each head is a row of RMSNorm.
  public static func forward(_ x: Tensor, gain: [Double], epsilon: Double) -> Tensor {
    Tensor(shape: x.shape, values: RMSNorm.forward(heads(of: x, gain), gain: gain, epsilon: epsilon).values)
  }

  /// dx [rows, heads · d] and dg [d], given dy: those of RMSNorm, dg summed over rows and heads by rising index.
  public static func backward(
    _ dy: Tensor, input x: Tensor, gain: [Double], epsilon: Double
  ) -> (input: Tensor, gain: [Double]) {
    let d = RMSNorm.backward(heads(of: dy, gain), input: heads(of: x, gain), gain: gain, epsilon: epsilon)
    return (Tensor(shape: x.shape, values: d.input.values), d.gain)
  }

  /// The heads one below the other: [rows · heads, d].
  private static func heads(of x: Tensor, _ gain: [Double]) -> Tensor {
    precondition(x.columns % gain.count == 0, "whole heads")
    return Tensor(shape: [x.values.count / gain.count, gain.count], values: x.values)
  }
}
