// NUM-5: seeded weights in which bugs show. At a standard deviation of 0.02 attention is nearly uniform and a wrong mask
// disappears under the rounding of a narrow type.

extension ParameterSet {
  /// Linear layers with standard deviation 1.5/√fan-in, norms 1 ± 0.1, embeddings with standard deviation 1; every
  /// value is exact in bf16.
  ///
  /// Parameters draw in the order of `Configuration.parameters`, values in row-major order, from one generator.
  public static func lively(_ configuration: Configuration, numbers: inout SeededNumbers) -> ParameterSet {
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
}
