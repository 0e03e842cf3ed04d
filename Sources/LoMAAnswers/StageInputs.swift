// OPS-3: the inputs of a stage, with their shapes checked against each other.

import LoMA
import LoMAVectors
import NaiveLlama

extension Request {
  /// A two-dimensional tensor with at least one column.
  package func matrix(_ name: String) throws(RequestError) -> Tensor {
    let tensor = try tensor(name)
    guard tensor.shape.count == 2, tensor.columns >= 1 else { throw .shape(tensor: name) }
    return tensor
  }

  func tensor(_ name: String, shape: [Int]) throws(RequestError) -> Tensor {
    let tensor = try tensor(name)
    guard tensor.shape == shape else { throw .shape(tensor: name) }
    return tensor
  }

  /// An integer parameter that must be positive.
  func positive(_ name: String) throws(RequestError) -> Int {
    let value = try integer(name)
    guard value >= 1, value <= Configuration.largestExtent else { throw .parameter(name) }
    return value
  }

  /// ε, which must be finite and not negative.
  package func epsilon() throws(RequestError) -> Double {
    let value = try real("epsilon")
    guard value >= 0, value.isFinite else { throw .parameter("epsilon") }
    return value
  }

  /// θ, which must be finite and positive.
  package func theta() throws(RequestError) -> Double {
    let value = try real("theta")
    guard value > 0, value.isFinite else { throw .parameter("theta") }
    return value
  }

  /// `positions`, one for each row.
  func positions(rows: Int) throws(RequestError) -> [Int] {
    let positions = try integers("positions")
    guard positions.count == rows else { throw .shape(tensor: "positions") }
    return positions
  }

  /// H, H_kv and d; d is the width of the queries divided by H.
  package func heads(queryWidth: Int, of tensor: String) throws(RequestError) -> AttentionHeads {
    let (query, keyValue) = (try positive("heads"), try positive("kv_heads"))
    guard query % keyValue == 0 else { throw .parameter("kv_heads") }
    guard queryWidth >= query, queryWidth % query == 0 else { throw .shape(tensor: tensor) }
    return AttentionHeads(query: query, keyValue: keyValue, dimension: queryWidth / query)
  }

  /// The true cells of `mask`; a row that sees nothing has no softmax and is rejected (MSK-10).
  package func visibleKeys(rows: Int) throws(RequestError) -> VisibleKeys { try visibleKeys(rows: rows, keys: rows) }

  /// The same of keys that are not the rows themselves: a mask [rows, keys].
  func visibleKeys(rows: Int, keys: Int) throws(RequestError) -> VisibleKeys {
    let array: NamedArray
    let cells: [Bool]
    do {
      array = try input.array("mask")
      cells = try array.booleans()
    } catch { throw .tensor(error) }
    guard array.shape == [rows, keys] else { throw .shape(tensor: "mask") }
    let lists = (0..<rows).map { r in (0..<keys).filter { cells[r * keys + $0] } }
    guard lists.allSatisfy({ !$0.isEmpty }) else { throw .shape(tensor: "mask") }
    return VisibleKeys(lists: lists, keyCount: keys)
  }

  /// A model with one layer and without embedding and head, and that layer's parameters.
  package func singleLayer(hidden: Int) throws(RequestError) -> (Configuration, ParameterSet) {
    let heads = try heads(queryWidth: try matrix("q_proj").rows, of: "q_proj")
    let intermediate = try matrix("gate_proj").rows
    let (epsilon, theta, scaling) = (try epsilon(), try theta(), try rotationScaling())
    let biases = Self.biases.filter { input.has($0.name + "_bias") }.reduce(into: Biases()) { $0.insert($1.layer) }
    let configuration = try model { () throws(ModelError) in
      try Configuration(
        vocabularySize: 1, hiddenSize: hidden, intermediateSize: intermediate, layers: 1, queryHeads: heads.query,
        keyValueHeads: heads.keyValue, headDimension: heads.dimension, epsilon: epsilon, theta: theta, tiesHead: true,
        scaling: scaling, biases: biases, normalisesQueriesAndKeys: input.has("q_norm"))
    }
    let name = ParameterName.layer(0)
    let inputs = [
      name.attentionNorm: "input_layernorm", name.query: "q_proj", name.key: "k_proj", name.value: "v_proj",
      name.attentionOutput: "o_proj", name.feedForwardNorm: "post_attention_layernorm", name.gate: "gate_proj",
      name.up: "up_proj", name.down: "down_proj", name.queryNorm: "q_norm", name.keyNorm: "k_norm",
      name.queryBias: "q_proj_bias", name.keyBias: "k_proj_bias", name.valueBias: "v_proj_bias",
      name.attentionOutputBias: "o_proj_bias", name.gateBias: "gate_proj_bias", name.upBias: "up_proj_bias",
      name.downBias: "down_proj_bias",
    ]
    var tensors: [String: Tensor] = [:]
    for (parameter, shape) in configuration.parameters {
      if let input = inputs[parameter] { tensors[parameter] = try tensor(input, shape: shape) }
    }
    return (configuration, ParameterSet(tensors))
  }
}
