// NUM-1: the matrix product, each sum from +0.0 by rising index.

extension Tensor {
  /// y[i, j] = Σ_k a[i, k] · b[k, j], summed from +0.0 by rising k: [m, k] × [k, n] → [m, n].
  static func product(_ a: Tensor, _ b: Tensor, workers: Workers) -> Tensor {
    precondition(a.columns == b.rows, "inner extents agree")
    let (m, inner, n) = (a.rows, a.columns, b.columns)
    let (left, right) = (a.values, b.values)
    let values = workers.rows(m, width: n, operationsPerRow: 2 * inner * n) { range in
      productRows(range, left, right, inner: inner, width: n)
    }
    return Tensor(shape: [m, n], values: values)
  }

  /// The naive product, the form the one above is measured and tested against.
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
}

/// A range of rows of the product. A row of sums is kept while k rises, four k at a time, so that the inner loop over j
/// vectorises: no sum changes its order.
private func productRows(
  _ range: Range<Int>, _ left: [Double], _ right: [Double], inner: Int, width: Int
) -> [Double] {
  var values: [Double] = []
  values.reserveCapacity(range.count * width)
  let a = left.span
  let b = right.span
  for i in range {
    var sums = [Double](repeating: 0, count: width)
    var k = 0
    while k + 4 <= inner {
      let (a0, a1, a2, a3) = (a[i * inner + k], a[i * inner + k + 1], a[i * inner + k + 2], a[i * inner + k + 3])
      let b0 = b.extracting(k * width..<(k + 1) * width)
      let b1 = b.extracting((k + 1) * width..<(k + 2) * width)
      let b2 = b.extracting((k + 2) * width..<(k + 3) * width)
      let b3 = b.extracting((k + 3) * width..<(k + 4) * width)
      for j in 0..<width { sums[j] = (((sums[j] + a0 * b0[j]) + a1 * b1[j]) + a2 * b2[j]) + a3 * b3[j] }
      k += 4
    }
    while k < inner {
      let a0 = a[i * inner + k]
      let b0 = b.extracting(k * width..<(k + 1) * width)
      for j in 0..<width { sums[j] += a0 * b0[j] }
      k += 1
    }
    values += sums
  }
  return values
}
