// NUM-1: the matrix product by definition. Every product of the model has these bits; Kernels/BlockedProduct.swift only
// computes them sooner.

extension Tensor {
  /// y[i, j] = Σ_k a[i, k] · b[k, j], summed from +0.0 by rising k: [m, inner] × [inner, n] → [m, n].
  static func naiveProduct(_ a: Tensor, _ b: Tensor) -> Tensor {
    precondition(a.columns == b.rows, "inner extents agree")
    var y = Tensor(zeros: [a.rows, b.columns])
    for i in 0..<a.rows {
      for j in 0..<b.columns {
        var sum = 0.0
        for k in 0..<a.columns { sum += a[i, k] * b[k, j] }
        y[i, j] = sum
      }
    }
    return y
  }

  /// The same over the k listed for row i alone, in rising order: y[i, j] = Σ_{k ∈ lists[i]} a[i, k] · b[k, j].
  ///
  /// A cell of b whose k is not listed has no part in the sum, not even as 0 · b[k, j], which is NaN for an infinite b.
  static func naiveProduct(_ a: Tensor, _ b: Tensor, over lists: [[Int]]) -> Tensor {
    precondition(a.columns == b.rows && a.rows == lists.count, "inner extents agree, one list per row")
    var y = Tensor(zeros: [a.rows, b.columns])
    for i in 0..<a.rows {
      for j in 0..<b.columns {
        var sum = 0.0
        for k in lists[i] { sum += a[i, k] * b[k, j] }
        y[i, j] = sum
      }
    }
    return y
  }
}
