// TOL-11: units of a feed-forward block and of a decoder layer, composed of those of their parts.

extension BoundedLayers {
  /// down(silu(gate(x)) ⊙ up(x)).
  package func feedForward(_ x: Bounded, gate: Tensor, up: Tensor, down: Tensor) -> Bounded {
    linear(activate(gate: linear(x, gate), up: linear(x, up)), down)
  }

  /// One decoder layer (MOD-6) with the parameters of a configuration's layer 0.
  package func decoderLayer(
    _ x: Bounded, configuration: Configuration, parameters: ParameterSet, positions: [Int], visible: VisibleKeys
  ) throws(ModelError) -> Bounded {
    let (weights, name) = (Weights(parameters), ParameterName.layer(0))
    let (heads, epsilon) = (configuration.heads, configuration.epsilon)
    func turned(_ y: Bounded) -> Bounded {
      rotate(y, positions: positions, headDimension: heads.dimension, theta: configuration.theta)
    }
    let norm = rmsNorm(x, gain: try weights.tensor(name.attentionNorm).values, epsilon: epsilon)
    let query = turned(linear(norm, try weights.tensor(name.query)))
    let key = turned(linear(norm, try weights.tensor(name.key)))
    let value = linear(norm, try weights.tensor(name.value))
    let context = attend(query, key, value, visible: visible, heads: heads).context
    let middle = add(x, linear(context, try weights.tensor(name.attentionOutput)))
    let second = rmsNorm(middle, gain: try weights.tensor(name.feedForwardNorm).values, epsilon: epsilon)
    return add(
      middle,
      feedForward(
        second, gate: try weights.tensor(name.gate), up: try weights.tensor(name.up),
        down: try weights.tensor(name.down)))
  }
}
