// TRN-3: the weights that training starts from.

extension ParameterSet {
  /// Linear layers and the head with standard deviation 1/√fan-in, the embedding with 1, norms exactly 1 (TRN-3).
  ///
  /// Parameters draw in the order of `Configuration.parameters`, values in row-major order, from one generator; norms draw
  /// nothing. Every value is exact in bf16.
  public static func initial(_ configuration: Configuration, numbers: inout SeededNumbers) -> ParameterSet {
    var tensors: [String: Tensor] = [:]
    for (name, shape) in configuration.parameters {
      let count = shape.reduce(1, *)
      guard shape.count == 2 else {
        tensors[name] = Tensor(shape: shape, values: [Double](repeating: 1, count: count))
        continue
      }
      let deviation = name == ParameterName.embedding ? 1 : 1 / Double(shape[1]).squareRoot()
      var values: [Double] = []
      values.reserveCapacity(count)
      for _ in 0..<count { values.append(numbers.deviate(mean: 0, standardDeviation: deviation)) }
      tensors[name] = Tensor(shape: shape, values: values)
    }
    return ParameterSet(tensors)
  }
}
