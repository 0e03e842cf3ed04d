// NUM-5, TRN-3: weights drawn from a seed: high-variance ones for tests, and those that training starts from.

extension ParameterSet {
  /// High-variance weights, in which mistakes show: linear layers with standard deviation 1.5/√fan-in, norms 1 ± 0.1, embeddings with standard deviation 1; every
  /// value is exact in bf16.
  ///
  /// At the usual standard deviation of 0.02 attention is nearly uniform, and a wrong mask disappears under the rounding of a
  /// narrow type. Parameters draw in the order of `Configuration.parameters`, values in row-major order, from one generator.
  public static func highVariance(_ configuration: Configuration, numbers: inout SeededNumbers) -> ParameterSet {
    var tensors: [String: Tensor] = [:]
    for (name, shape) in configuration.parameters {
      let (mean, deviation): (Double, Double) =
        if shape.count == 1 {
          (1, 0.1)
        } else if name == ParameterName.embedding {
          (0, 1)
        } else {
          (0, 1.5 / Double(shape[1]).squareRoot())
        }
      let count = shape.reduce(1, *)
      var values: [Double] = []
      values.reserveCapacity(count)
      for _ in 0..<count { values.append(numbers.deviate(mean: mean, standardDeviation: deviation)) }
      tensors[name] = Tensor(shape: shape, values: values)
    }
    return ParameterSet(tensors)
  }

  /// The weights that training starts from: linear layers and the head with standard deviation 1/√fan-in, the embedding with 1, norms exactly 1 (TRN-3).
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
