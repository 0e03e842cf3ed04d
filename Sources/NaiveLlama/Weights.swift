// MOD-1, NUM-5, TRN-3: the parameters of a model: whole in memory for training, one tensor at a time for a checkpoint, or drawn
// from a seed.

/// Named tensors: a model's parameters, or their gradients, or an optimiser's moments.
public struct ParameterSet: Hashable, Sendable {
  /// The tensors by parameter name.
  public var tensors: [String: Tensor]

  /// A set of these tensors, unchecked.
  public init(_ tensors: [String: Tensor]) { self.tensors = tensors }

  /// A tensor of +0.0 for every parameter of a configuration.
  public init(zerosFor configuration: Configuration) {
    tensors = [:]
    for (name, shape) in configuration.parameters { tensors[name] = Tensor(zeros: shape) }
  }

  /// The names, sorted: the order in which sums run over a set.
  public var names: [String] { tensors.keys.sorted() }

  /// Adds a gradient to the tensor of that name; without one, the gradient becomes it.
  public mutating func add(_ gradient: Tensor, to name: String) {
    if tensors[name] == nil { tensors[name] = gradient } else { tensors[name]? += gradient }
  }

  /// Checks that the tensors are exactly the parameters of a configuration, in their shapes and finite.
  public func check(against configuration: Configuration) throws(ModelError) {
    for (name, shape) in configuration.parameters {
      guard let tensor = tensors[name] else { throw .missingTensor(name) }
      guard tensor.shape == shape else { throw .wrongShape(tensor: name, shape: tensor.shape, expected: shape) }
      for (index, value) in tensor.values.enumerated() where !value.isFinite {
        throw .nonFiniteWeight(tensor: name, index: index)
      }
    }
    let expected = Set(configuration.parameters.map { $0.name })
    for name in names where !expected.contains(name) { throw .unexpectedTensor(name) }
  }
}

/// Parameters on demand: a checkpoint's are read when they are asked for, and not kept.
public struct Weights: Sendable {
  private let load: @Sendable (String) throws(ModelError) -> Tensor
  private let loadRows: @Sendable (String, [Int]) throws(ModelError) -> Tensor
  private let find: @Sendable (String) throws(ModelError) -> NarrowMatrix?

  /// Weights read by three functions: a whole parameter, some rows of one, and a matrix where it lies.
  ///
  /// The third answers nil for a parameter that is to be read by the others; what it lends has the same values.
  public init(
    load: @escaping @Sendable (String) throws(ModelError) -> Tensor,
    loadRows: @escaping @Sendable (String, [Int]) throws(ModelError) -> Tensor,
    find: @escaping @Sendable (String) throws(ModelError) -> NarrowMatrix? = { (_) throws(ModelError) in nil }
  ) {
    self.load = load
    self.loadRows = loadRows
    self.find = find
  }

  /// Weights held in memory.
  public init(_ parameters: ParameterSet) {
    let find: @Sendable (String) throws(ModelError) -> Tensor = { (name) throws(ModelError) in
      guard let tensor = parameters.tensors[name] else { throw .missingTensor(name) }
      return tensor
    }
    self.init(load: find) { (name, rows) throws(ModelError) in try find(name).selecting(rows: rows) }
  }

  /// A whole parameter, in its shape.
  public func tensor(_ name: String) throws(ModelError) -> Tensor { try load(name) }

  /// Some rows of a matrix parameter: [rows.count, columns].
  public func rows(_ rows: [Int], of name: String) throws(ModelError) -> Tensor { try loadRows(name, rows) }

  /// A matrix parameter as a checkpoint holds it, in fewer bits than a Double; nil if it has to be read otherwise.
  public func narrow(_ name: String) throws(ModelError) -> NarrowMatrix? { try find(name) }
}

// MARK: - Weights drawn from a seed

extension ParameterSet {
  /// High-variance weights, in which mistakes show: linear layers with standard deviation 1.5/√fan-in, norms 1 ± 0.1,
  /// embeddings and biases with standard deviation 1 (NUM-5); every value is exact in bf16.
  ///
  /// At the usual standard deviation of 0.02 attention is nearly uniform, and a wrong mask disappears under the rounding of a
  /// narrow type. Parameters draw in the order of `Configuration.parameters`, values in row-major order, from one generator.
  public static func highVariance(_ configuration: Configuration, numbers: inout SeededNumbers) -> ParameterSet {
    var tensors: [String: Tensor] = [:]
    for (name, shape) in configuration.parameters {
      let (mean, deviation): (Double, Double) =
        if ParameterName.isBias(name) {
          (0, 1)
        } else if shape.count == 1 {
          (1, 0.1)
        } else if name == ParameterName.embedding {
          (0, 1)
        } else {
          (0, 1.5 / Double(shape[1]).squareRoot())
        }
      let values = numbers.deviates(shape.reduce(1, *), mean: mean, standardDeviation: deviation)
      tensors[name] = Tensor(shape: shape, values: values)
    }
    return ParameterSet(tensors)
  }

  /// The weights that training starts from: linear layers and the head with standard deviation 1/√fan-in, the embedding
  /// with 1, norms exactly 1, biases 0 (TRN-3).
  ///
  /// Parameters draw in the order of `Configuration.parameters`, values in row-major order, from one generator; norms and
  /// biases draw nothing. Every value is exact in bf16.
  public static func initial(_ configuration: Configuration, numbers: inout SeededNumbers) -> ParameterSet {
    var tensors: [String: Tensor] = [:]
    for (name, shape) in configuration.parameters {
      let count = shape.reduce(1, *)
      guard shape.count == 2 else {
        let value: Double = ParameterName.isBias(name) ? 0 : 1
        tensors[name] = Tensor(shape: shape, values: [Double](repeating: value, count: count))
        continue
      }
      let deviation = name == ParameterName.embedding ? 1 : 1 / Double(shape[1]).squareRoot()
      tensors[name] = Tensor(
        shape: shape, values: numbers.deviates(count, mean: 0, standardDeviation: deviation))
    }
    return ParameterSet(tensors)
  }
}
