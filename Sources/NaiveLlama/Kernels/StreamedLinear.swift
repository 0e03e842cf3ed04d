// Same bits as Product.swift; skip on a first reading.
//
// MOD-1: a linear layer whose parameter is multiplied where a checkpoint holds it, or read some rows at a time, so that a large
// one is never whole in memory.

extension LayerFunctions {
  /// How many values of a parameter a thread holds at a time (8 MiB); a smaller parameter is read whole.
  private static let blockSize = 1 << 20

  /// y = x·Wᵀ, rounded; W is the parameter of that name, [outputs, x.columns]: [rows, x.columns] → [rows, outputs].
  ///
  /// Threads share blocks of W's rows if there are several, otherwise the rows of one product; each output is one sum
  /// either way (NUM-4).
  func linear(
    _ x: Tensor, parameter name: String, outputs: Int, from weights: Weights
  ) throws(ModelError) -> Tensor {
    #if !hasFeature(Embedded)  // no files there, and a page that loads should be small
      if multipliesAsStored, x.rows > 0, let matrix = try weights.narrow(name) {
        precondition(matrix.rows == outputs && matrix.columns == x.columns, "the shape of the parameter")
        return round(try multiply(x, matrix, name))
      }
    #endif
    let block = max(1, Self.blockSize / x.columns)
    guard outputs > block else { return linear(x, weight: try weights.tensor(name)) }
    let starts = Array(stride(from: 0, to: outputs, by: block))
    let multiply = linear
    let parts = try workers.map(starts.count) { (index) throws(ModelError) in
      let rows = Array(starts[index]..<min(starts[index] + block, outputs))
      return multiply(x, try weights.rows(rows, of: name), .single)
    }
    return round(Tensor(sideBySide: parts, rows: x.rows))
  }

  #if !hasFeature(Embedded)
    /// x·Wᵀ with W widened in registers; x has a row at least. Threads share blocks of W's rows.
    ///
    /// An infinite or NaN weight makes every sum that it enters infinite or NaN, times 0 too. So weights whose sums are all
    /// finite are finite, and only those of other sums are searched.
    private func multiply(_ x: Tensor, _ matrix: NarrowMatrix, _ name: String) throws(ModelError) -> Tensor {
      let (values, height) = (x.values, x.rows)
      let block = max(1, Self.sharedSize / (8 * max(1, x.columns))) * 8
      let starts = Array(stride(from: 0, to: matrix.rows, by: block))
      let parts = try workers.map(starts.count) { (index) throws(ModelError) in
        let range = starts[index]..<min(starts[index] + block, matrix.rows)
        let part = matrix.multiplied(by: values, height: height, outputs: range)
        if !part.allSatisfy({ $0.isFinite }), let place = matrix.firstNonFinite(in: range) {
          throw .nonFiniteWeight(tensor: name, index: place)
        }
        return Tensor(shape: [height, range.count], values: part)
      }
      return Tensor(sideBySide: parts, rows: height)
    }

    /// How many weights a thread takes at a time: a few hundred microseconds of work for one row of x.
    private static let sharedSize = 1 << 18
  #endif
}
