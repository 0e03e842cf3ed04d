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
  /// RMSNorm of x.
  public let attentionNorm: Tensor
  /// Rotated queries: [rows, H·d].
  public let query: Tensor
  /// Rotated keys and values of the rows fed now.
  public let own: KeyValues
  /// Those of the cache followed by those fed now.
  public let all: KeyValues
  /// Context and probabilities.
  public let attention: AttentionOutput
  /// The output projection of the context: [rows, hidden].
  public let attentionOutput: Tensor
  /// x + attention output.
  public let middle: Tensor
  /// RMSNorm of the middle.
  public let feedForwardNorm: Tensor
  /// [rows, intermediate].
  public let gate: Tensor
  /// [rows, intermediate].
  public let up: Tensor
  /// silu(gate) ⊙ up.
  public let activation: Tensor
  /// The down projection: [rows, hidden].
  public let feedForwardOutput: Tensor
  /// middle + feed-forward output.
  public let output: Tensor
}

/// One layer of the decoder: its number, and the model it belongs to.
struct DecoderLayer: Sendable {
  let name: LayerParameterNames
  let configuration: Configuration
  let weights: Weights
  let functions: LayerFunctions

  /// x [rows, hidden] → the trace whose `output` is [rows, hidden]; `past` holds the entries cached before.
  func forward(
    _ x: Tensor, angles: RotaryAngles, visible: VisibleKeys, past: KeyValues
  ) throws(ModelError) -> DecoderLayerTrace {
    let (f, heads) = (functions, configuration.heads)
    let attentionNorm = f.round(f.rmsNorm(x, try weights.tensor(name.attentionNorm).values, configuration.epsilon))
    let query = f.round(f.rotate(try linear(attentionNorm, name.query, to: heads.query * heads.dimension), angles))
    let key = f.round(f.rotate(try linear(attentionNorm, name.key, to: heads.keyValue * heads.dimension), angles))
    let value = f.round(f.placeValues(try linear(attentionNorm, name.value, to: key.columns), angles))
    let own = KeyValues(keys: key, values: value)
    let all = past.appending(own)
    let attended = f.attend(query, all.keys, all.values, visible, heads, f.workers)
    let attention = AttentionOutput(
      context: f.round(attended.context), probabilities: f.round(attended.probabilities))
    let attentionOutput = try linear(attention.context, name.attentionOutput, to: x.columns)
    let middle = f.round(x + attentionOutput)

    let feedForwardNorm = f.round(
      f.rmsNorm(middle, try weights.tensor(name.feedForwardNorm).values, configuration.epsilon))
    let gate = try linear(feedForwardNorm, name.gate, to: configuration.intermediateSize)
    let up = try linear(feedForwardNorm, name.up, to: configuration.intermediateSize)
    let activation = f.round(f.activate(gate, up, f.workers))
    let feedForwardOutput = try linear(activation, name.down, to: x.columns)
    return DecoderLayerTrace(
      input: x, attentionNorm: attentionNorm, query: query, own: own, all: all, attention: attention,
      attentionOutput: attentionOutput, middle: middle, feedForwardNorm: feedForwardNorm, gate: gate, up: up,
      activation: activation, feedForwardOutput: feedForwardOutput, output: f.round(middle + feedForwardOutput))
  }

  /// The gradient of x given that of the output; adds the parameters' gradients to `gradients`. No past entries.
  func backward(
    _ dOutput: Tensor, trace: DecoderLayerTrace, angles: RotaryAngles, visible: VisibleKeys,
    gradients: inout ParameterSet
  ) throws(ModelError) -> Tensor {
    precondition(trace.own.keys.rows == trace.all.keys.rows, "a forward pass without past entries")
    let f = functions
    // output = middle + down(activation)
    let dActivation = try linearBackward(dOutput, trace.activation, name.down, &gradients)
    // activation = silu(gate) ⊙ up
    let dGated = f.activateBackward(dActivation, trace.gate, trace.up, f.workers)
    let dFeedForwardNorm =
      try linearBackward(dGated.gate, trace.feedForwardNorm, name.gate, &gradients)
      + linearBackward(dGated.up, trace.feedForwardNorm, name.up, &gradients)
    let dMiddle = dOutput + (try normBackward(dFeedForwardNorm, trace.middle, name.feedForwardNorm, &gradients))

    // middle = x + attention output(context)
    let dContext = try linearBackward(dMiddle, trace.attention.context, name.attentionOutput, &gradients)
    let dAttention = f.attendBackward(
      dContext, trace.query, trace.own.keys, trace.own.values, trace.attention.probabilities, visible,
      configuration.heads, f.workers)
    // query = R · Wq(norm), key = R · Wk(norm), value = Wv(norm)
    let dNorm =
      try linearBackward(f.rotateBackward(dAttention.query, angles), trace.attentionNorm, name.query, &gradients)
      + linearBackward(f.rotateBackward(dAttention.key, angles), trace.attentionNorm, name.key, &gradients)
      + linearBackward(dAttention.value, trace.attentionNorm, name.value, &gradients)
    return dMiddle + (try normBackward(dNorm, trace.input, name.attentionNorm, &gradients))
  }

  private func linear(_ x: Tensor, _ parameter: String, to outputs: Int) throws(ModelError) -> Tensor {
    try functions.linear(x, parameter, outputs: outputs, from: weights)
  }

  private func linearBackward(
    _ dy: Tensor, _ x: Tensor, _ parameter: String, _ gradients: inout ParameterSet
  ) throws(ModelError) -> Tensor {
    let d = functions.linearBackward(dy, x, try weights.tensor(parameter), functions.workers)
    gradients.add(d.weight, to: parameter)
    return d.input
  }

  private func normBackward(
    _ dy: Tensor, _ x: Tensor, _ parameter: String, _ gradients: inout ParameterSet
  ) throws(ModelError) -> Tensor {
    let gain = try weights.tensor(parameter)
    let d = functions.rmsNormBackward(dy, x, gain.values, configuration.epsilon)
    gradients.add(Tensor(shape: gain.shape, values: d.gain), to: parameter)
    return d.input
  }
}
