// Same bits as Product.swift; skip on a first reading.
//
// MOD-1: a linear layer whose parameter is read some rows at a time, so that a large one is never whole in memory.

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
}
