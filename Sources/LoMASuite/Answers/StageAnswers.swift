// OPS-3: one stage on given numbers, through the layer functions of the answers.

import LoMA
import LoMAReference
import LoMAVectors

extension ReferenceAnswers {
  /// `y` [S, D].
  func rmsNorm(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let x = try request.matrix("x")
    let gain = try request.tensor("gain", shape: [x.columns])
    let epsilon = try request.epsilon()
    return [.tensor("y", functions.round(functions.rmsNorm(x, gain.values, epsilon)))]
  }

  /// `y` [S, H·d].
  func rope(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let x = try request.matrix("x")
    let dimension = try request.positive("head_dim")
    guard dimension % 2 == 0 else { throw .parameter("head_dim") }
    guard x.columns % dimension == 0 else { throw .shape(tensor: "x") }
    let angles = functions.angles(try request.positions(rows: x.rows), dimension, try request.theta())
    return [.tensor("y", functions.round(functions.rotate(x, angles)))]
  }

  /// `context` [S, H·d] and `probabilities` [H, S, S].
  func attention(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let q = try request.matrix("q")
    let heads = try request.heads(queryWidth: q.columns, of: "q")
    let width = heads.keyValue * heads.dimension
    let k = try request.tensor("k", shape: [q.rows, width])
    let v = try request.tensor("v", shape: [q.rows, width])
    let output = functions.attend(q, k, v, try request.visibleKeys(rows: q.rows), heads, functions.workers)
    return [
      .tensor("context", functions.round(output.context)),
      .tensor("probabilities", functions.round(output.probabilities)),
    ]
  }

  /// `y` [S, D].
  func feedForward(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let (f, x, gate) = (functions, try request.matrix("x"), try request.matrix("gate"))
    guard gate.columns == x.columns else { throw .shape(tensor: "gate") }
    let up = try request.tensor("up", shape: gate.shape)
    let down = try request.tensor("down", shape: [x.columns, gate.rows])
    let (left, right) = (f.round(f.linear(x, gate, f.workers)), f.round(f.linear(x, up, f.workers)))
    return [.tensor("y", f.round(f.linear(f.round(f.activate(left, right, f.workers)), down, f.workers)))]
  }

  /// `y` [S, D].
  func decoderLayer(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let x = try request.matrix("x")
    let (configuration, parameters) = try request.singleLayer(hidden: x.columns)
    let model = Transformer(configuration: configuration, weights: Weights(parameters), functions: functions)
    let positions = try request.positions(rows: x.rows)
    let visible = try request.visibleKeys(rows: x.rows)
    let trace = try request.model { () throws(ModelError) in
      try model.forward(layer: 0, x, positions: positions, visible: visible)
    }
    return [.tensor("y", trace.output)]
  }

  /// `losses` [S].
  func crossEntropy(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let logits = try request.matrix("logits")
    let labels = try request.integers("labels")
    guard labels.count == logits.rows, labels.allSatisfy({ $0 >= 0 && $0 < logits.columns }) else {
      throw .shape(tensor: "labels")
    }
    let losses = labels.indices.map { CrossEntropy.forward(logits.row($0), label: labels[$0]) }
    return [.tensor("losses", functions.round(Tensor(shape: [losses.count], values: losses)))]
  }
}
