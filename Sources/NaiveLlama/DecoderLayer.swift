// MOD-6: one pre-norm decoder layer over the rows fed now and the entries cached before. Biases and the norms of queries and
// keys are steps of other families (MOD-10, MOD-11); a Llama has none, and they are then not taken.

/// The keys and values of some rows in one layer: [entries, H_kv·d] each, keys after the rotation (GEN-1).
public struct KeyValues: Hashable, Sendable {
  /// Rotated keys.
  public var keys: Tensor
  /// Values.
  public var values: Tensor

  /// Keys and values of the same rows.
  public init(keys: Tensor, values: Tensor) {
    precondition(keys.shape == values.shape, "a key and a value per entry")
    self.keys = keys
    self.values = values
  }

  /// These entries followed by others.
  public func appending(_ other: KeyValues) -> KeyValues {
    KeyValues(keys: keys.appending(other.keys), values: values.appending(other.values))
  }
}

/// Everything a layer computed, for captures and for the backward pass; rows are those fed now.
public struct DecoderLayerTrace: Hashable, Sendable {
  /// x: [rows, hidden].
  public let input: Tensor
  /// RMSNorm of x: [rows, hidden].
  public let attentionNorm: Tensor
  /// Rotated queries: [rows, H·d].
  public let query: Tensor
  /// Rotated keys and values of the rows fed now.
  public let own: KeyValues
  /// Those of the cache followed by those fed now.
  public let all: KeyValues
  /// Context [rows, H·d] and probabilities [H, rows, entries].
  public let attention: AttentionOutput
  /// The output projection of the context: [rows, hidden].
  public let attentionOutput: Tensor
  /// x + attention output, the residual stream after attention: [rows, hidden]. Captured as `layers.N.middle`.
  public let attentionResidual: Tensor
  /// RMSNorm of the residual after attention: [rows, hidden].
  public let feedForwardNorm: Tensor
  /// [rows, intermediate].
  public let gate: Tensor
  /// [rows, intermediate].
  public let up: Tensor
  /// silu(gate) ⊙ up: [rows, intermediate].
  public let activation: Tensor
  /// The down projection: [rows, hidden].
  public let feedForwardOutput: Tensor
  /// Residual after attention + feed-forward output: [rows, hidden].
  public let output: Tensor
}

/// A query or key projection, and everything that happens to it before attention reads it.
public struct HeadProjection: Sendable {
  /// The product x·Wᵀ: [rows, heads · d].
  public let product: Tensor
  /// The bias [heads · d]; nil if the layer has none (MOD-10).
  public let bias: [Double]?
  /// The gain [d] of the norm over each head; nil if there is no such norm (MOD-11).
  public let gain: [Double]?
  /// The ε of that norm.
  public let epsilon: Double
  /// The angles of the rows (MOD-3).
  public let angles: RotaryAngles

  /// A product, and what is done to it.
  public init(product: Tensor, bias: [Double]?, gain: [Double]?, epsilon: Double, angles: RotaryAngles) {
    self.product = product
    self.bias = bias
    self.gain = gain
    self.epsilon = epsilon
    self.angles = angles
  }
}

/// One layer of the decoder: the names of its parameters, and the model it belongs to.
struct DecoderLayer: Sendable {
  let name: LayerParameterNames
  let configuration: Configuration
  let weights: Weights
  let functions: LayerFunctions

  /// x [rows, hidden] → the trace whose `output` is [rows, hidden]; `past` holds the entries cached before.
  func forward(
    _ x: Tensor, angles: RotaryAngles, visible: VisibleKeys, past: KeyValues
  ) throws(ModelError) -> DecoderLayerTrace {
    let (f, heads, hidden) = (functions, configuration.heads, x.columns)
    let (queryWidth, keyWidth) = (heads.query * heads.dimension, heads.keyValue * heads.dimension)

    let attentionNorm = try norm(x, name.attentionNorm)
    let query = f.turn(
      HeadProjection(
        product: try linear(attentionNorm, name.query, to: queryWidth), bias: try bias(.query, name.queryBias),
        gain: try headGain(name.queryNorm), epsilon: configuration.epsilon, angles: angles))
    let key = f.turn(
      HeadProjection(
        product: try linear(attentionNorm, name.key, to: keyWidth), bias: try bias(.key, name.keyBias),
        gain: try headGain(name.keyNorm), epsilon: configuration.epsilon, angles: angles))
    let value = f.rotateValues(
      try linear(attentionNorm, name.value, to: keyWidth, .value, name.valueBias), by: angles)
    let own = KeyValues(keys: key, values: value)
    let all = past.appending(own)
    let attention = f.attention(query: query, keys: all.keys, values: all.values, visible: visible, heads: heads)
    let attentionOutput = try linear(
      attention.context, name.attentionOutput, to: hidden, .attentionOutput, name.attentionOutputBias)
    let attentionResidual = f.sum(x, attentionOutput)

    let feedForwardNorm = try norm(attentionResidual, name.feedForwardNorm)
    let gate = try linear(feedForwardNorm, name.gate, to: configuration.intermediateSize, .gate, name.gateBias)
    let up = try linear(feedForwardNorm, name.up, to: configuration.intermediateSize, .up, name.upBias)
    let activation = f.activation(gate: gate, up: up)
    let feedForwardOutput = try linear(activation, name.down, to: hidden, .down, name.downBias)
    let output = f.sum(attentionResidual, feedForwardOutput)

    return DecoderLayerTrace(
      input: x, attentionNorm: attentionNorm, query: query, own: own, all: all, attention: attention,
      attentionOutput: attentionOutput, attentionResidual: attentionResidual, feedForwardNorm: feedForwardNorm,
      gate: gate, up: up, activation: activation, feedForwardOutput: feedForwardOutput, output: output)
  }

  /// The gradient of x given that of the output; adds the parameters' gradients to `gradients`. No past entries.
  func backward(
    _ dOutput: Tensor, trace: DecoderLayerTrace, angles: RotaryAngles, visible: VisibleKeys,
    gradients: inout ParameterSet
  ) throws(ModelError) -> Tensor {
    precondition(trace.own.keys.rows == trace.all.keys.rows, "a forward pass without past entries")
    let f = functions
    // output = attentionResidual + down(activation)
    let dActivation = try linearBackward(
      dOutput, trace.activation, name.down, .down, name.downBias, &gradients)
    // activation = silu(gate) ⊙ up
    let dGated = f.activationBackward(dActivation, gate: trace.gate, up: trace.up)
    // gate = Wgate(feedForwardNorm), up = Wup(feedForwardNorm)
    let dFeedForwardNorm =
      try linearBackward(dGated.gate, trace.feedForwardNorm, name.gate, .gate, name.gateBias, &gradients)
      + linearBackward(dGated.up, trace.feedForwardNorm, name.up, .up, name.upBias, &gradients)
    // feedForwardNorm = RMSNorm(attentionResidual)
    let dResidual =
      dOutput + (try normBackward(dFeedForwardNorm, trace.attentionResidual, name.feedForwardNorm, &gradients))

    // attentionResidual = x + Wo(context)
    let dContext = try linearBackward(
      dResidual, trace.attention.context, name.attentionOutput, .attentionOutput, name.attentionOutputBias, &gradients)
    // context = attention(query, key, value)
    let dAttention = f.attentionBackward(
      dContext, query: trace.query, keys: trace.own.keys, values: trace.own.values,
      probabilities: trace.attention.probabilities, visible: visible, heads: configuration.heads)
    // query = R · norm(Wq(attentionNorm)), key = R · norm(Wk(attentionNorm)), value = Wv(attentionNorm)
    let dQuery = try headNormBackward(
      f.rotateBackward(dAttention.query, by: angles), trace.attentionNorm, name.query,
      try bias(.query, name.queryBias), name.queryNorm, &gradients)
    let dKey = try headNormBackward(
      f.rotateBackward(dAttention.key, by: angles), trace.attentionNorm, name.key,
      try bias(.key, name.keyBias), name.keyNorm, &gradients)
    let dNorm =
      try linearBackward(dQuery, trace.attentionNorm, name.query, .query, name.queryBias, &gradients)
      + linearBackward(dKey, trace.attentionNorm, name.key, .key, name.keyBias, &gradients)
      + linearBackward(dAttention.value, trace.attentionNorm, name.value, .value, name.valueBias, &gradients)
    // attentionNorm = RMSNorm(x)
    return dResidual + (try normBackward(dNorm, trace.input, name.attentionNorm, &gradients))
  }

  // MARK: - One layer function with the parameter of a name

  private func norm(_ x: Tensor, _ parameter: String) throws(ModelError) -> Tensor {
    functions.rmsNorm(x, gain: try weights.tensor(parameter).values, epsilon: configuration.epsilon)
  }

  /// The product with a weight.
  private func linear(_ x: Tensor, _ parameter: String, to outputs: Int) throws(ModelError) -> Tensor {
    try functions.linear(x, parameter: parameter, outputs: outputs, from: weights)
  }

  /// The product with a weight, and the layer's bias if it has one (MOD-10).
  private func linear(
    _ x: Tensor, _ parameter: String, to outputs: Int, _ layer: Biases, _ biasName: String
  ) throws(ModelError) -> Tensor {
    functions.addBias(try linear(x, parameter, to: outputs), try bias(layer, biasName))
  }

  private func bias(_ layer: Biases, _ parameter: String) throws(ModelError) -> [Double]? {
    configuration.biases.contains(layer) ? try weights.tensor(parameter).values : nil
  }

  private func headGain(_ parameter: String) throws(ModelError) -> [Double]? {
    configuration.normalisesQueriesAndKeys ? try weights.tensor(parameter).values : nil
  }

  private func linearBackward(
    _ dy: Tensor, _ x: Tensor, _ parameter: String, _ layer: Biases, _ biasName: String,
    _ gradients: inout ParameterSet
  ) throws(ModelError) -> Tensor {
    let d = functions.linearBackward(dy, input: x, weight: try weights.tensor(parameter))
    gradients.add(d.weight, to: parameter)
    if configuration.biases.contains(layer) { gradients.add(Bias.backward(dy), to: biasName) }
    return d.input
  }

  /// From the gradient of normalised queries or keys that of the projection, which is computed again from x (MOD-11).
  private func headNormBackward(
    _ dy: Tensor, _ x: Tensor, _ weight: String, _ bias: [Double]?, _ gainName: String,
    _ gradients: inout ParameterSet
  ) throws(ModelError) -> Tensor {
    guard let gain = try headGain(gainName) else { return dy }
    let projected = functions.addBias(functions.linear(x, weight: try weights.tensor(weight)), bias)
    let d = HeadNorm.backward(dy, input: projected, gain: gain, epsilon: configuration.epsilon)
    gradients.add(Tensor(shape: [gain.count], values: d.gain), to: gainName)
    return d.input
  }

  private func normBackward(
    _ dy: Tensor, _ x: Tensor, _ parameter: String, _ gradients: inout ParameterSet
  ) throws(ModelError) -> Tensor {
    let gain = try weights.tensor(parameter)
    let d = functions.rmsNormBackward(dy, input: x, gain: gain.values, epsilon: configuration.epsilon)
    gradients.add(Tensor(shape: gain.shape, values: d.gain), to: parameter)
    return d.input
  }
}
