// MOD-6: one pre-norm decoder layer over the rows fed now and the entries cached before.

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
    let query = f.rotate(try linear(attentionNorm, name.query, to: queryWidth), by: angles)
    let key = f.rotate(try linear(attentionNorm, name.key, to: keyWidth), by: angles)
    let value = f.rotateValues(try linear(attentionNorm, name.value, to: keyWidth), by: angles)
    let own = KeyValues(keys: key, values: value)
    let all = past.appending(own)
    let attention = f.attention(query: query, keys: all.keys, values: all.values, visible: visible, heads: heads)
    let attentionOutput = try linear(attention.context, name.attentionOutput, to: hidden)
    let attentionResidual = f.sum(x, attentionOutput)

    let feedForwardNorm = try norm(attentionResidual, name.feedForwardNorm)
    let gate = try linear(feedForwardNorm, name.gate, to: configuration.intermediateSize)
    let up = try linear(feedForwardNorm, name.up, to: configuration.intermediateSize)
    let activation = f.activation(gate: gate, up: up)
    let feedForwardOutput = try linear(activation, name.down, to: hidden)
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
    let dActivation = try linearBackward(dOutput, trace.activation, name.down, &gradients)
    // activation = silu(gate) ⊙ up
    let dGated = f.activationBackward(dActivation, gate: trace.gate, up: trace.up)
    // gate = Wgate(feedForwardNorm), up = Wup(feedForwardNorm)
    let dFeedForwardNorm =
      try linearBackward(dGated.gate, trace.feedForwardNorm, name.gate, &gradients)
      + linearBackward(dGated.up, trace.feedForwardNorm, name.up, &gradients)
    // feedForwardNorm = RMSNorm(attentionResidual)
    let dResidual =
      dOutput + (try normBackward(dFeedForwardNorm, trace.attentionResidual, name.feedForwardNorm, &gradients))

    // attentionResidual = x + Wo(context)
    let dContext = try linearBackward(dResidual, trace.attention.context, name.attentionOutput, &gradients)
    // context = attention(query, key, value)
    let dAttention = f.attentionBackward(
      dContext, query: trace.query, keys: trace.own.keys, values: trace.own.values,
      probabilities: trace.attention.probabilities, visible: visible, heads: configuration.heads)
    // query = R · Wq(attentionNorm), key = R · Wk(attentionNorm), value = Wv(attentionNorm)
    let dQuery = f.rotateBackward(dAttention.query, by: angles)
    let dKey = f.rotateBackward(dAttention.key, by: angles)
    let dNorm =
      try linearBackward(dQuery, trace.attentionNorm, name.query, &gradients)
      + linearBackward(dKey, trace.attentionNorm, name.key, &gradients)
      + linearBackward(dAttention.value, trace.attentionNorm, name.value, &gradients)
    // attentionNorm = RMSNorm(x)
    return dResidual + (try normBackward(dNorm, trace.input, name.attentionNorm, &gradients))
  }

  // MARK: - One layer function with the parameter of a name

  private func norm(_ x: Tensor, _ parameter: String) throws(ModelError) -> Tensor {
    functions.rmsNorm(x, gain: try weights.tensor(parameter).values, epsilon: configuration.epsilon)
  }

  private func linear(_ x: Tensor, _ parameter: String, to outputs: Int) throws(ModelError) -> Tensor {
    try functions.linear(x, parameter: parameter, outputs: outputs, from: weights)
  }

  private func linearBackward(
    _ dy: Tensor, _ x: Tensor, _ parameter: String, _ gradients: inout ParameterSet
  ) throws(ModelError) -> Tensor {
    let d = functions.linearBackward(dy, input: x, weight: try weights.tensor(parameter))
    gradients.add(d.weight, to: parameter)
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
