// Same bits as Product.swift; skip on a first reading.
//
// NUM-1, NUM-4: the matrix product that is used, eight columns at a time. ProductTests compares it with the naive loops.

extension Tensor {
  /// y[i, j] = Σ_k a[i, k] · b[k, j], summed from +0.0 by rising k: [m, k] × [k, n] → [m, n].
  static func product(_ a: Tensor, _ b: Tensor, workers: Workers) -> Tensor {
    precondition(a.columns == b.rows, "inner extents agree")
    return product(a, Factor(values: b.values, rowStep: b.columns, columnStep: 1, columns: b.columns), workers)
  }

  /// a · bᵀ, b as it is stored: y[i, j] = Σ_k a[i, k] · b[j, k], [m, k] × [n, k] → [m, n].
  static func product(_ a: Tensor, transposed b: Tensor, workers: Workers) -> Tensor {
    precondition(a.columns == b.columns, "inner extents agree")
    return product(a, Factor(values: b.values, rowStep: 1, columnStep: b.columns, columns: b.rows), workers)
  }

  /// y[i, j] = Σ a[i, k] · b[k, j] over the k listed for row i, rising; no other cell of a or b has a part in it.
  package static func product(_ a: Tensor, _ b: Tensor, over lists: [[Int]]) -> Tensor {
    precondition(a.columns == b.rows && a.rows == lists.count, "inner extents agree, one list per row")
    let factor = Factor(values: b.values, rowStep: b.columns, columnStep: 1, columns: b.columns)
    return Tensor(shape: [a.rows, b.columns], values: factor.multiplied(by: a.values, inner: a.columns, over: lists))
  }

  /// Threads share the columns, eight by eight.
  private static func product(_ a: Tensor, _ b: Factor, _ workers: Workers) -> Tensor {
    let (left, height, inner) = (a.values, a.rows, a.columns)
    let values = workers.columns(b.columns, multiple: 8, height: height, operations: 2 * height * inner * b.columns) {
      b.multiplied(by: left, height: height, inner: inner, columns: $0)
    }
    return Tensor(shape: [height, b.columns], values: values)
  }
}

/// The right factor of a product: element (k, j) stands at k · rowStep + j · columnStep.
private struct Factor: Sendable {
  let values: [Double]
  let rowStep: Int
  let columnStep: Int
  let columns: Int

  /// Some columns of left × self: [height, columns.count].
  ///
  /// Eight columns at a time are copied side by side, so that their sums stay in registers while k rises; two rows share
  /// each value read. Every sum still has its own lane and its own order.
  func multiplied(by left: [Double], height: Int, inner: Int, columns: Range<Int>) -> [Double] {
    var product = [Double](repeating: 0, count: height * columns.count)
    if height == 1 && rowStep == 1 {
      multiplyRow(left.span, columns, into: &product)
      return product
    }
    var panel = [SIMD8<Double>](repeating: .zero, count: inner)
    for first in stride(from: columns.lowerBound, to: columns.upperBound, by: 8) {
      let width = min(8, columns.upperBound - first)
      copy(first..<first + width, to: &panel)
      func store(_ sums: SIMD8<Double>, row i: Int) {
        let start = i * columns.count + first - columns.lowerBound
        if width == 8 {
          for lane in 0..<8 { product[start + lane] = sums[lane] }
        } else {
          for lane in 0..<width { product[start + lane] = sums[lane] }
        }
      }
      Panel.multiply(left.span, height: height, panel.span) { i, sums in store(sums, row: i) }
    }
    return product
  }

  /// left × self, each sum over the inner indices listed for its row.
  func multiplied(by left: [Double], inner: Int, over lists: [[Int]]) -> [Double] {
    var product = [Double](repeating: 0, count: lists.count * columns)
    var panel = [SIMD8<Double>](repeating: .zero, count: inner)
    for first in stride(from: 0, to: columns, by: 8) {
      let width = min(8, columns - first)
      copy(first..<first + width, to: &panel)
      for (i, list) in lists.enumerated() {
        let row = left.span.extracting(i * inner..<(i + 1) * inner)
        var sums = SIMD8<Double>.zero
        for k in list { sums += panel[k] * row[k] }
        for lane in 0..<width { product[i * columns + first + lane] = sums[lane] }
      }
    }
    return product
  }

  /// One row times stored rows: nothing to share, so eight sums run along eight stored rows without a copy.
  private func multiplyRow(_ row: Span<Double>, _ columns: Range<Int>, into product: inout [Double]) {
    let from = values.span
    for first in stride(from: columns.lowerBound, to: columns.upperBound, by: 8) {
      // Beyond the columns the last one is summed again.
      let at = (0..<8).map { min(first + $0, columns.upperBound - 1) * columnStep }
      let (a, b) = (from.extracting(at[0]..<at[0] + row.count), from.extracting(at[1]..<at[1] + row.count))
      let (c, d) = (from.extracting(at[2]..<at[2] + row.count), from.extracting(at[3]..<at[3] + row.count))
      let (e, f) = (from.extracting(at[4]..<at[4] + row.count), from.extracting(at[5]..<at[5] + row.count))
      let (g, h) = (from.extracting(at[6]..<at[6] + row.count), from.extracting(at[7]..<at[7] + row.count))
      var sums = SIMD8<Double>.zero
      for k in row.indices { sums += SIMD8(a[k], b[k], c[k], d[k], e[k], f[k], g[k], h[k]) * row[k] }
      for j in first..<min(first + 8, columns.upperBound) { product[j - columns.lowerBound] = sums[j - first] }
    }
  }

  /// panel[k][lane] = element (k, columns[lane]); lanes beyond the columns repeat the last one and are never stored.
  private func copy(_ columns: Range<Int>, to panel: inout [SIMD8<Double>]) {
    let (from, inner) = (values.span, panel.count)
    func at(_ lane: Int) -> Int { min(columns.lowerBound + lane, columns.upperBound - 1) * columnStep }
    if rowStep == 1 {
      // Eight stored rows, each in one piece.
      let (a, b) = (from.extracting(at(0)..<at(0) + inner), from.extracting(at(1)..<at(1) + inner))
      let (c, d) = (from.extracting(at(2)..<at(2) + inner), from.extracting(at(3)..<at(3) + inner))
      let (e, f) = (from.extracting(at(4)..<at(4) + inner), from.extracting(at(5)..<at(5) + inner))
      let (g, h) = (from.extracting(at(6)..<at(6) + inner), from.extracting(at(7)..<at(7) + inner))
      for k in a.indices { panel[k] = SIMD8(a[k], b[k], c[k], d[k], e[k], f[k], g[k], h[k]) }
    } else if columnStep == 1, columns.count == 8 {
      // Eight neighbours in each stored row.
      for k in 0..<inner {
        let start = k * rowStep + columns.lowerBound
        let row = from.extracting(start..<start + 8)
        panel[k] = SIMD8(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7])
      }
    } else {
      let (a, b, c, d, e, f, g, h) = (at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7))
      for k in 0..<inner {
        let row = k * rowStep
        panel[k] = SIMD8(
          from[row + a], from[row + b], from[row + c], from[row + d], from[row + e], from[row + f], from[row + g],
          from[row + h])
      }
    }
  }
}

/// Rows times a panel, which has for every k the values of eight outputs side by side.
enum Panel {
  /// Σ_k panel[k] · rows[i, k] for every row, rows [height, panel.count]: some rows share each value read.
  ///
  /// Four rows pay where a processor's registers hold their sums, which the build has to say (FOUR_ROWS).
  @inline(__always)
  static func multiply(
    _ rows: Span<Double>, height: Int, _ panel: Span<SIMD8<Double>>, _ store: (Int, SIMD8<Double>) -> Void
  ) {
    let inner = panel.count
    var i = 0
    #if FOUR_ROWS
      while i + 4 <= height {
        let (a, b) = (rows.extracting(i * inner..<(i + 1) * inner), rows.extracting((i + 1) * inner..<(i + 2) * inner))
        let (c, d) = (
          rows.extracting((i + 2) * inner..<(i + 3) * inner), rows.extracting((i + 3) * inner..<(i + 4) * inner)
        )
        let sums = fourRows(a, b, c, d, panel)
        store(i, sums.0)
        store(i + 1, sums.1)
        store(i + 2, sums.2)
        store(i + 3, sums.3)
        i += 4
      }
    #endif
    while i + 2 <= height {
      let sums = twoRows(
        rows.extracting(i * inner..<(i + 1) * inner), rows.extracting((i + 1) * inner..<(i + 2) * inner), panel)
      store(i, sums.0)
      store(i + 1, sums.1)
      i += 2
    }
    if i < height { store(i, oneRow(rows.extracting(i * inner..<(i + 1) * inner), panel)) }
  }

  private static func twoRows(
    _ a: Span<Double>, _ b: Span<Double>, _ panel: Span<SIMD8<Double>>
  ) -> (SIMD8<Double>, SIMD8<Double>) {
    var sums = (SIMD8<Double>.zero, SIMD8<Double>.zero)
    for k in panel.indices {
      sums.0 += panel[k] * a[k]
      sums.1 += panel[k] * b[k]
    }
    return sums
  }

  private static func oneRow(_ row: Span<Double>, _ panel: Span<SIMD8<Double>>) -> SIMD8<Double> {
    var sums = SIMD8<Double>.zero
    for k in panel.indices { sums += panel[k] * row[k] }
    return sums
  }

  #if FOUR_ROWS
    private static func fourRows(
      _ a: Span<Double>, _ b: Span<Double>, _ c: Span<Double>, _ d: Span<Double>, _ panel: Span<SIMD8<Double>>
    ) -> (SIMD8<Double>, SIMD8<Double>, SIMD8<Double>, SIMD8<Double>) {
      var sums = (SIMD8<Double>.zero, SIMD8<Double>.zero, SIMD8<Double>.zero, SIMD8<Double>.zero)
      for k in panel.indices {
        sums.0 += panel[k] * a[k]
        sums.1 += panel[k] * b[k]
        sums.2 += panel[k] * c[k]
        sums.3 += panel[k] * d[k]
      }
      return sums
    }
  #endif
}
