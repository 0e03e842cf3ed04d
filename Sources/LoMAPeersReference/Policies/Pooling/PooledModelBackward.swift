// BAS-26: the gradients of the passes in PooledModel.swift, step by step backwards.

import LoMAPeers
import NaiveLlama

extension PooledModel {
  /// The gradient of every weight, given that of the logits [rows, V'] and, beside it, of every α (the same for all
  /// tokens but the first); `trace` is of a relaxed pass without storage.
  package func backward(
    _ dLogits: Tensor, trace: PooledTrace, text: PooledRows, accumulated dShare: Double
  ) throws(ModelError) -> ParameterSet {
    var gradients = ParameterSet(zerosFor: configuration)
    let visible = text.visible
    let angles = functions.angles(
      text.rows.map { $0.position }, Rotation(headDimension: heads.dimension, theta: configuration.theta))
    let dFinalNorm = try linearBackward(dLogits, trace.finalNorm, configuration.headName, &gradients)
    var dHidden = try normBackward(dFinalNorm, trace.hidden, ParameterName.finalNorm, &gradients)
    for index in (0..<configuration.layers).reversed() {
      dHidden = try layerBackward(
        index, dHidden, trace.layers[index], text, angles: angles, visible: visible, dShare: dShare, &gradients)
    }
    gradients.add(
      functions.embeddingBackward(
        dHidden, tokens: text.rows.map { $0.token }, vocabularySize: configuration.vocabularySize),
      to: ParameterName.embedding)
    return gradients
  }

  private func layerBackward(
    _ index: Int, _ dOutput: Tensor, _ trace: PooledLayerTrace, _ text: PooledRows, angles: RotaryAngles,
    visible: VisibleKeys, dShare: Double, _ gradients: inout ParameterSet
  ) throws(ModelError) -> Tensor {
    let (f, name) = (functions, ParameterName.layer(index))
    let dActivation = try linearBackward(dOutput, trace.activation, name.down, &gradients)
    let dGated = f.activationBackward(dActivation, gate: trace.gate, up: trace.up)
    let dFeedForwardNorm =
      try linearBackward(dGated.gate, trace.feedForwardNorm, name.gate, &gradients)
      + linearBackward(dGated.up, trace.feedForwardNorm, name.up, &gradients)
    let dResidual =
      dOutput + (try normBackward(dFeedForwardNorm, trace.attentionResidual, name.feedForwardNorm, &gradients))
    let dContext = try linearBackward(dResidual, trace.attention.context, name.attentionOutput, &gradients)
    let d = WeighedAttention.backward(
      dContext, trace.query, trace.keys, trace.values, probabilities: trace.attention.probabilities, visible: visible,
      heads: heads)
    // Back through the rotation; a cleared channel gives nothing.
    var dQuery = cleared(f.rotateBackward(cleared(d.query), by: angles))
    let dRead = cleared(f.rotateBackward(cleared(d.key), by: angles))
    let (dKey, dValue) = pooledBackward(
      trace, text, dRead: dRead, dValue: d.value, logarithms: d.logarithms, dShare: dShare, onto: &dQuery)
    let dNorm =
      try linearBackward(dQuery, trace.attentionNorm, name.query, &gradients)
      + linearBackward(dKey, trace.attentionNorm, name.key, &gradients)
      + linearBackward(dValue, trace.attentionNorm, name.value, &gradients)
    return dResidual + (try normBackward(dNorm, trace.input, name.attentionNorm, &gradients))
  }

  /// The gradients of keys and values before they were pooled, given those of what is read and of the logarithms; adds
  /// that of ω to the queries' channel.
  private func pooledBackward(
    _ trace: PooledLayerTrace, _ text: PooledRows, dRead: Tensor, dValue: Tensor, logarithms: [Tensor], dShare: Double,
    onto dQuery: inout Tensor
  ) -> (key: Tensor, value: Tensor) {
    let (d, group) = (heads.dimension, heads.query / heads.keyValue)
    // Repetition rows have their own key and value.
    var (dRawKey, dRawValue) = (dRead, dValue)
    for g in 0..<heads.keyValue {
      let tokens = Array(0..<text.tokens)
      let x = keyAndValue(trace.rawKey, trace.rawValue, head: g).selecting(rows: tokens)
      let (alpha, omega) = (trace.decisions[g].accumulated, Array(trace.weights.row(g)))
      let pooled = trace.means[g].backward(
        keyAndValue(dRead, dValue, head: g).selecting(rows: tokens), x: x, accumulated: alpha, weights: omega)
      let seen = text.logarithmsBackward(logarithms[g])
      let dChannel = trace.decisions[g].backward(
        accumulated: pooled.accumulated.map { $0 + dShare }, logAccumulated: seen.accumulated,
        logStarted: seen.started)
      for t in tokens {
        for i in 0..<d {
          dRawKey[t, g * d + i] = pooled.x[t, i]
          dRawValue[t, g * d + i] = pooled.x[t, d + i]
        }
        // The mean of the channel is cleared before it is read, so it has a gradient by the decision alone.
        dRawKey[t, g * d + d - 1] = dChannel[t]
        // ω = σ(mean of the group + 5)
        let dMean = pooled.weights[t] * omega[t] * (1 - omega[t]) / Double(group)
        for h in g * group..<(g + 1) * group { dQuery[t, h * d + d - 1] = dMean }
      }
    }
    return (dRawKey, dRawValue)
  }

  // MARK: - One layer function with the weight of a name

  private func linearBackward(
    _ dy: Tensor, _ x: Tensor, _ name: String, _ gradients: inout ParameterSet
  ) throws(ModelError) -> Tensor {
    let d = functions.linearBackward(dy, input: x, weight: try weights.tensor(name))
    gradients.add(d.weight, to: name)
    return d.input
  }

  private func normBackward(
    _ dy: Tensor, _ x: Tensor, _ name: String, _ gradients: inout ParameterSet
  ) throws(ModelError) -> Tensor {
    let gain = try weights.tensor(name)
    let d = functions.rmsNormBackward(dy, input: x, gain: gain.values, epsilon: configuration.epsilon)
    gradients.add(Tensor(shape: gain.shape, values: d.gain), to: name)
    return d.input
  }
}
