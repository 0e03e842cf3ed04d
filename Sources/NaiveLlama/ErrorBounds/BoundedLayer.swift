// TOL-11: units of a feed-forward block and of a decoder layer, composed of those of their parts.

/// A linear layer: its weight [out, in], and its bias [out] if it has one.
package struct LinearParameters: Sendable {
  package let weight: Tensor
  package let bias: Tensor?

  package init(_ weight: Tensor, bias: Tensor? = nil) {
    self.weight = weight
    self.bias = bias
  }
}

extension BoundedLayers {
  /// x·Wᵀ + b; a bias is a sum of two whose second part is exact (TOL-5).
  package func linear(_ x: Bounded, _ layer: LinearParameters) -> Bounded {
    let y = linear(x, layer.weight)
    guard let bias = layer.bias else { return y }
    let sum = functions.addBias(y.value, bias.values)
    return Bounded(
      value: sum, accumulation: y.accumulation + sum.magnitudes, rounding: y.rounding + sum.magnitudes)
  }

  /// RMSNorm over each head (TOL-6).
  package func normHeads(_ x: Bounded, gain: [Double], epsilon: Double) -> Bounded {
    func heads(_ y: Tensor) -> Tensor {
      Tensor(shape: [y.values.count / gain.count, gain.count], values: y.values)
    }
    let rows = Bounded(
      value: heads(x.value), accumulation: heads(x.accumulation), rounding: heads(x.rounding))
    let y = rmsNorm(rows, gain: gain, epsilon: epsilon)
    return Bounded(
      value: functions.normHeads(x.value, gain, epsilon: epsilon), accumulation: y.accumulation.values,
      rounding: y.rounding.values)
  }

  /// down(silu(gate(x)) ⊙ up(x)), without biases.
  package func feedForward(_ x: Bounded, gate: Tensor, up: Tensor, down: Tensor) -> Bounded {
    feedForward(x, gate: LinearParameters(gate), up: LinearParameters(up), down: LinearParameters(down))
  }

  /// down(silu(gate(x)) ⊙ up(x)).
  package func feedForward(
    _ x: Bounded, gate: LinearParameters, up: LinearParameters, down: LinearParameters
  ) -> Bounded {
    linear(activate(gate: linear(x, gate), up: linear(x, up)), down)
  }

  /// One decoder layer (MOD-6) with the parameters of a configuration's layer 0.
  package func decoderLayer(
    _ x: Bounded, configuration: Configuration, parameters: ParameterSet, positions: [Int], visible: VisibleKeys
  ) throws(ModelError) -> Bounded {
    let (weights, name) = (Weights(parameters), ParameterName.layer(0))
    let (heads, epsilon) = (configuration.heads, configuration.epsilon)
    func layer(_ weight: String, _ bias: Biases, _ biasName: String) throws(ModelError) -> LinearParameters {
      LinearParameters(
        try weights.tensor(weight), bias: configuration.biases.contains(bias) ? try weights.tensor(biasName) : nil)
    }
    func turned(_ y: Bounded, _ gain: String) throws(ModelError) -> Bounded {
      let normed =
        configuration.normalisesQueriesAndKeys
        ? normHeads(y, gain: try weights.tensor(gain).values, epsilon: epsilon) : y
      return rotate(normed, positions: positions, rotation: configuration.rotation)
    }
    let norm = rmsNorm(x, gain: try weights.tensor(name.attentionNorm).values, epsilon: epsilon)
    let query = try turned(linear(norm, try layer(name.query, .query, name.queryBias)), name.queryNorm)
    let key = try turned(linear(norm, try layer(name.key, .key, name.keyBias)), name.keyNorm)
    let value = linear(norm, try layer(name.value, .value, name.valueBias))
    let context = attend(query, key, value, visible: visible, heads: heads).context
    let output = try layer(name.attentionOutput, .attentionOutput, name.attentionOutputBias)
    let middle = add(x, linear(context, output))
    let second = rmsNorm(middle, gain: try weights.tensor(name.feedForwardNorm).values, epsilon: epsilon)
    return add(
      middle,
      feedForward(
        second, gate: try layer(name.gate, .gate, name.gateBias), up: try layer(name.up, .up, name.upBias),
        down: try layer(name.down, .down, name.downBias)))
  }
}
