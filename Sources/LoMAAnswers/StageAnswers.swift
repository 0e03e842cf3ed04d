// OPS-3: one stage on given numbers, computed with the layer functions; every number with the units of its bound
// (TOL-3).

import LoMA
import LoMAVectors
import NaiveLlama

extension ReferenceAnswers {
  private var bounded: BoundedLayers { BoundedLayers(functions) }

  /// `y` [S, D].
  func rmsNorm(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let x = try request.matrix("x")
    let gain = try request.tensor("gain", shape: [x.columns])
    let epsilon = try request.epsilon()
    return ResultTensor.bounded("y", bounded.rmsNorm(Bounded(exact: x), gain: gain.values, epsilon: epsilon))
  }

  /// `y` [S, H·d].
  func rope(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let x = try request.matrix("x")
    let dimension = try request.positive("head_dim")
    guard dimension % 2 == 0 else { throw .parameter("head_dim") }
    guard x.columns % dimension == 0 else { throw .shape(tensor: "x") }
    let positions = try request.positions(rows: x.rows)
    let rotation = Rotation(
      headDimension: dimension, theta: try request.theta(), scaling: try request.rotationScaling())
    return ResultTensor.bounded("y", bounded.rotate(Bounded(exact: x), positions: positions, rotation: rotation))
  }

  /// `context` [S, H·d] and `probabilities` [H, S, S].
  func attention(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let q = try request.matrix("q")
    let heads = try request.heads(queryWidth: q.columns, of: "q")
    let width = heads.keyValue * heads.dimension
    let k = try request.tensor("k", shape: [q.rows, width])
    let v = try request.tensor("v", shape: [q.rows, width])
    let output = bounded.attend(
      Bounded(exact: q), Bounded(exact: k), Bounded(exact: v), visible: try request.visibleKeys(rows: q.rows),
      heads: heads)
    return ResultTensor.bounded("context", output.context)
      + ResultTensor.bounded("probabilities", output.probabilities)
  }

  /// `y` [S, D].
  func feedForward(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let (x, gate) = (try request.matrix("x"), try request.matrix("gate"))
    guard gate.columns == x.columns else { throw .shape(tensor: "gate") }
    let up = try request.tensor("up", shape: gate.shape)
    let down = try request.tensor("down", shape: [x.columns, gate.rows])
    func layer(_ name: String, _ weight: Tensor) throws(RequestError) -> LinearParameters {
      LinearParameters(weight, bias: try request.optional(name + "_bias", shape: [weight.rows]))
    }
    return ResultTensor.bounded(
      "y",
      bounded.feedForward(
        Bounded(exact: x), gate: try layer("gate", gate), up: try layer("up", up), down: try layer("down", down)))
  }

  /// `y` [S, D].
  func decoderLayer(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let x = try request.matrix("x")
    let (configuration, parameters) = try request.singleLayer(hidden: x.columns)
    let model = Transformer(configuration: configuration, weights: Weights(parameters), functions: functions)
    let positions = try request.positions(rows: x.rows)
    let visible = try request.visibleKeys(rows: x.rows)
    return try request.model { () throws(ModelError) in
      let units = try bounded.decoderLayer(
        Bounded(exact: x), configuration: configuration, parameters: parameters, positions: positions,
        visible: visible)
      // The value is that of the decoder itself; the units were computed separately.
      let trace = try model.forward(layer: 0, x, positions: positions, visible: visible)
      return ResultTensor.bounded(
        "y", Bounded(value: trace.output, accumulation: units.accumulation, rounding: units.rounding))
    }
  }

  /// `losses` [S].
  func crossEntropy(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let logits = try request.matrix("logits")
    let labels = try request.integers("labels")
    guard labels.count == logits.rows, labels.allSatisfy({ $0 >= 0 && $0 < logits.columns }) else {
      throw .shape(tensor: "labels")
    }
    return ResultTensor.bounded("losses", bounded.crossEntropy(logits, labels: labels))
  }
}

extension ResultTensor {
  /// A tensor with its units, `.accumulation` and `.rounding`, as F64 tensors of the same shape (TOL-3).
  static func bounded(_ name: String, _ bounded: Bounded) -> [ResultTensor] {
    [
      .tensor(name, bounded.value), .tensor(name + ".accumulation", bounded.accumulation),
      .tensor(name + ".rounding", bounded.rounding),
    ]
  }
}
