// Random inputs of the stages, and their bounded answers.

import NaiveLlama

/// The stages of OPS-3.
enum Stage: String, CaseIterable {
  case rmsNorm = "rms_norm"
  case rope
  case attention
  case feedForward = "feed_forward"
  case decoderLayer = "decoder_layer"
  case crossEntropy = "cross_entropy"
}

/// Inputs for every stage, of one seed: exact in bf16, weights of deviation 1.5/√fan-in.
struct StageInput {
  let x: Tensor
  let tall: Tensor
  let positions: [Int]
  private(set) var mask: [[Bool]]
  let labels: [Int]
  let attended: (q: Tensor, k: Tensor, v: Tensor)
  let configuration: Configuration
  let parameters: ParameterSet

  var heads: AttentionHeads { configuration.heads }
  var visible: VisibleKeys {
    VisibleKeys(lists: mask.map { row in row.indices.filter { row[$0] } }, keyCount: mask.count)
  }

  init(seed: UInt64, rows: Int? = nil) throws {
    var numbers = SeededNumbers(seed: seed)
    func matrix(_ shape: [Int], deviation: Double, mean: Double = 0) -> Tensor {
      let count = shape.reduce(1, *)
      return Tensor(
        shape: shape,
        values: (0..<count).map { _ in numbers.deviate(mean: mean, standardDeviation: deviation) })
    }
    let rows = rows ?? 1 + numbers.integer(below: 12)
    let keyValue = 1 + numbers.integer(below: 2)
    let dimension = 2 * (1 + numbers.integer(below: 4))
    configuration = try Configuration(
      vocabularySize: 1, hiddenSize: 8 + numbers.integer(below: 9), intermediateSize: 4 + numbers.integer(below: 16),
      layers: 1, queryHeads: 2 * keyValue, keyValueHeads: keyValue, headDimension: dimension, epsilon: 0x1p-17,
      theta: 10_000, tiesHead: true)
    let width = configuration.hiddenSize
    let scale = [1, 4, 0.0625][numbers.integer(below: 3)]
    x = matrix([rows, width], deviation: scale)
    tall = matrix([rows, 2 + numbers.integer(below: 40)], deviation: 2)
    positions = (0..<rows).map { _ in numbers.integer(below: 2) == 0 ? 30_000 : numbers.integer(below: 2_000) }
    mask = (0..<rows).map { r in (0..<rows).map { $0 == r || ($0 < r && numbers.integer(below: 4) > 0) } }
    labels = (0..<rows).map { [columns = tall.columns] _ in numbers.integer(below: columns) }
    let heads = configuration.heads
    let deviation = [0.5, 1, 2][numbers.integer(below: 3)]
    attended = (
      matrix([rows, heads.query * dimension], deviation: deviation),
      matrix([rows, heads.keyValue * dimension], deviation: deviation),
      matrix([rows, heads.keyValue * dimension], deviation: 1)
    )
    var tensors: [String: Tensor] = [:]
    for (name, shape) in configuration.parameters where name.hasPrefix("model.layers") {
      tensors[name] =
        shape.count == 1
        ? matrix(shape, deviation: 0.1, mean: 1) : matrix(shape, deviation: 1.5 / Double(shape[1]).squareRoot())
    }
    parameters = ParameterSet(tensors)
  }

  /// The same with one cell of the mask turned.
  func flipping(_ row: Int, _ key: Int) -> StageInput {
    var other = self
    other.mask[row][key].toggle()
    return other
  }

  /// A parameter of the layer, the name taken from its names.
  func weight(_ name: KeyPath<LayerParameterNames, String>) throws -> Tensor {
    try Weights(parameters).tensor(ParameterName.layer(0)[keyPath: name])
  }

  /// What a stage answers, in the functions given.
  func bounded(_ stage: Stage, _ functions: LayerFunctions = .llama(workers: .single)) throws -> [Bounded] {
    let layers = BoundedLayers(functions)
    switch stage {
    case .rmsNorm:
      return [
        layers.rmsNorm(
          Bounded(exact: x), gain: try weight(\.attentionNorm).values, epsilon: configuration.epsilon)
      ]
    case .rope:
      return [
        layers.rotate(
          Bounded(exact: attended.q), positions: positions, headDimension: heads.dimension,
          theta: configuration.theta)
      ]
    case .attention:
      let output = layers.attend(
        Bounded(exact: attended.q), Bounded(exact: attended.k), Bounded(exact: attended.v), visible: visible,
        heads: heads)
      return [output.context, output.probabilities]
    case .feedForward:
      return [
        layers.feedForward(
          Bounded(exact: x), gate: try weight(\.gate), up: try weight(\.up), down: try weight(\.down))
      ]
    case .decoderLayer:
      return [
        try layers.decoderLayer(
          Bounded(exact: x), configuration: configuration, parameters: parameters, positions: positions,
          visible: visible)
      ]
    case .crossEntropy: return [layers.crossEntropy(tall, labels: labels)]
    }
  }
}
