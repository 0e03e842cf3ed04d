// MOD-1, MOD-4, MOD-5: a linear layer without bias.

/// y = x·Wᵀ with W stored [out, in], as checkpoints store it.
public enum Linear {
  /// y[r, o] = Σ_i x[r, i] · W[o, i], by rising i: [rows, in] → [rows, out].
  public static func forward(_ x: Tensor, weight: Tensor, workers: Workers) -> Tensor {
    precondition(x.columns == weight.columns, "input width agrees with the weight")
    return Tensor.product(x, transposed: weight, workers: workers)
  }

  /// The gradients of x and W, given that of y.
  ///
  /// From `y[r, o] = Σ_i x[r, i] · W[o, i]`: dx[r, i] = Σ_o dy[r, o] · W[o, i] by rising o, and
  /// dW[o, i] = Σ_r dy[r, o] · x[r, i] by rising r.
  public static func backward(
    _ dy: Tensor, input x: Tensor, weight: Tensor, workers: Workers
  ) -> (input: Tensor, weight: Tensor) {
    (Tensor.product(dy, weight, workers: workers), Tensor.product(dy.transposed(), x, workers: workers))
  }
}
