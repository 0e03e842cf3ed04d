// OWN-8: passes advance through a layer together, so that its weights are read once for many of them and then forgotten.

import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama

/// A pass of one text through the model, or M simulated ports side by side.
struct StreamedPass: Sendable {
  let form: PassForm
  /// M for simulated ports, otherwise 1.
  let copies: Int
  /// The type that weights are rounded to first (OWN-7); nil for the stored weights.
  let weightType: ElementType?
}

/// What a pass computed in one layer; rows are those of all copies.
struct LayerOutput: Sendable {
  /// Rotated keys: [rows, H_kv·d].
  let key: Tensor
  /// [rows, H_kv·d].
  let value: Tensor
  /// [rows, H·d].
  let context: Tensor
  /// The layer's output: [rows, hidden].
  let hidden: Tensor

  static let names = ["key", "value", "context", "hidden"]

  var tensors: [Tensor] { [key, value, context, hidden] }
}

/// The layers of one checkpoint, one after the other, for many passes.
struct LayerStream: Sendable {
  let plan: OwnPlan
  let workers: Workers

  /// The bytes that the rows of one stack may hold within a layer; more passes take turns.
  private static let stackBytes = 256 << 20

  /// The embeddings of a pass: [copies · R, hidden].
  func embedded(_ pass: StreamedPass) throws(OwnError) -> Tensor {
    let tokens = (0..<pass.copies).flatMap { _ in pass.form.rows.map { $0.token } }
    return try computing(pass.weightType) { () throws(ModelError) in
      try pass.form.functions.embedding(of: tokens, from: weights(pass.weightType))
    }
  }

  /// Passes through layer `index`; their functions are those of layer `number` of `layers`, which a slice has as its only one.
  func advance(
    _ passes: [StreamedPass], _ hidden: [Tensor], layer index: Int, as number: Int, of layers: Int
  ) throws(OwnError) -> [LayerOutput] {
    var outputs: [LayerOutput] = []
    var next = 0
    while next < passes.count {
      let end = stackEnd(passes, from: next)
      outputs += try advance(
        Array(passes[next..<end]), stacked(Array(hidden[next..<end])), layer: index, as: number, of: layers)
      next = end
    }
    return outputs
  }

  /// Passes from `first` on that fit one stack: they have the same weights, and at least one of them.
  private func stackEnd(_ passes: [StreamedPass], from first: Int) -> Int {
    let configuration = plan.configuration
    let (queries, keys) = (configuration.heads.query, configuration.heads.keyValue)
    let width = 8 * configuration.hiddenSize + 2 * (queries + 2 * keys) * configuration.heads.dimension
    let rowBytes = 8 * (width + 3 * configuration.intermediateSize)
    var bytes = 0
    for (index, pass) in passes.enumerated().dropFirst(first) {
      bytes += pass.copies * pass.form.rows.count * rowBytes
      if index > first, bytes > Self.stackBytes || pass.weightType != passes[first].weightType { return index }
    }
    return passes.count
  }

  private func advance(
    _ passes: [StreamedPass], _ x: Tensor, layer index: Int, as number: Int, of layers: Int
  ) throws(OwnError) -> [LayerOutput] {
    let stack = StackedFunctions(
      parts: passes.map { pass in
        StackedPart(functions: pass.form.inLayer(pass.form.functions, number, layers), copies: pass.copies)
      }, workers: workers)
    let functions = stack.functions
    let positions = passes.flatMap { pass in
      (0..<pass.copies).flatMap { _ in pass.form.rows.map { $0.position } }
    }
    let visible = VisibleKeys.stacked(
      passes.flatMap { pass in Array(repeating: pass.form.visible, count: pass.copies) })
    let weightType = passes.first?.weightType
    let model = Transformer(
      configuration: plan.configuration, weights: weights(weightType), functions: functions)
    let trace = try computing(weightType) { () throws(ModelError) in
      try model.forward(
        layer: index, x, positions: positions, visible: functions.visibleInLayer(visible, number))
    }
    return passes.indices.map { part in
      let rows = stack.rows(part, of: x.rows)
      return LayerOutput(
        key: trace.own.keys.rows(rows), value: trace.own.values.rows(rows), context: trace.attention.context.rows(rows),
        hidden: trace.output.rows(rows))
    }
  }

  /// The logits of a pass at some columns, or at all: [copies · R, columns].
  func logits(_ pass: StreamedPass, _ hidden: Tensor, columns: [Int]?) throws(OwnError) -> Tensor {
    let (configuration, weights) = (plan.configuration, weights(pass.weightType))
    var functions = pass.form.functions
    return try computing(pass.weightType) { () throws(ModelError) in
      let gain = try weights.tensor(ParameterName.finalNorm).values
      let norm = functions.rmsNorm(hidden, gain: gain, epsilon: configuration.epsilon)
      functions.workers = .single
      let chosen = columns ?? Array(0..<configuration.vocabularySize)
      // 8 MiB of the head at a time.
      let block = max(1, (1 << 20) / configuration.hiddenSize)
      let single = functions
      let parts = try workers.map((chosen.count + block - 1) / block) { (part) throws(ModelError) in
        let rows = Array(chosen[part * block..<min((part + 1) * block, chosen.count)])
        return single.linear(norm, weight: try weights.rows(rows, of: configuration.headName))
      }
      return Tensor(sideBySide: parts, rows: norm.rows)
    }
  }

  // MARK: - Weights

  /// The stored weights, or their nearest values of a type.
  private func weights(_ type: ElementType?) -> Weights {
    let stored = plan.model.checkpoint.weights
    guard let type, let format = NumberFormat.of(type) else { return stored }
    @Sendable func narrowed(_ tensor: Tensor, _ name: String) throws(ModelError) -> Tensor {
      let rounded = format.nearest(tensor, saturating: false)
      if let index = rounded.values.firstIndex(where: { !$0.isFinite }) {
        throw .nonFiniteWeight(tensor: name, index: index)
      }
      return rounded
    }
    return Weights(
      load: { (name) throws(ModelError) in try narrowed(try stored.tensor(name), name) },
      loadRows: { (name, rows) throws(ModelError) in try narrowed(try stored.rows(rows, of: name), name) })
  }

  private func computing<Value>(
    _ type: ElementType?, _ step: () throws(ModelError) -> Value
  ) throws(OwnError) -> Value {
    do { return try step() } catch {
      if let type, case .nonFiniteWeight(let tensor, let index) = error {
        throw .weightOutOfRange(tensor: tensor, index: index, type: type)
      }
      throw .model(error)
    }
  }
}
