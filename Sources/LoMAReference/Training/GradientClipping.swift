// TRN-2: gradients that are too long, all of them together, are made shorter.

extension ParameterSet {
  /// √Σ g² over every value: a sum per tensor by rising index, those added by rising name (TRN-2).
  public var globalNorm: Double {
    var sum = 0.0
    for name in names {
      var own = 0.0
      for value in tensors[name]?.values ?? [] { own += value * value }
      sum += own
    }
    return sum.squareRoot()
  }

  /// Every value times limit / norm where the norm is above the limit, as it is otherwise; answers the norm before.
  public mutating func clip(toGlobalNorm limit: Double) -> Double {
    let norm = globalNorm
    guard norm > limit else { return norm }
    let factor = limit / norm
    tensors = tensors.mapValues { tensor in
      Tensor(shape: tensor.shape, values: tensor.values.map { $0 * factor })
    }
    return norm
  }
}
