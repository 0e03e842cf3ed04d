// LAT-3…LAT-6, LAT-8: the gradients of the passes in LatentModel.swift, step by step backwards. What several layers read
// of one producer adds up, and reaches the producer's weights once.

import LoMAPeers
import NaiveLlama

/// The gradients of a loss with respect to the weights and the rows fed.
package struct LatentGradients: Hashable, Sendable {
  /// One tensor per weight.
  package var parameters: ParameterSet
  /// The gradient of the row embeddings that were fed: [rows, D].
  package var embeddings: Tensor
}

extension LatentModel {
  /// Gradients given those of the logits, [rows, V']; `trace` is of a forward pass without past entries.
  ///
  /// `tokens` are the ids whose embeddings were fed, nil if embeddings were given: then no gradient reaches the table. A
  /// tied table receives the head's gradient first, then the embedding's (MOD-6). The gradients of a producer's entries
  /// are summed by falling layer, its own last; then those of the keys made of them are added.
  package func backward(
    _ dLogits: Tensor, trace: LatentTrace, tokens: [Int]?, positions: [Int], visible: VisibleKeys,
    further: FurtherKeys?
  ) throws(ModelError) -> LatentGradients {
    let f = functions
    var gradients = ParameterSet(zerosFor: configuration)
    // logits = finalNorm · headᵀ
    let dFinalNorm = try linearBackward(dLogits, trace.finalNorm, configuration.headName, &gradients)
    // finalNorm = RMSNorm(hidden)
    var dHidden = try normBackward(
      dFinalNorm, trace.hidden, ParameterName.finalNorm, configuration.epsilon, &gradients)

    let angles = angles(of: positions)
    var dEntries: StoredEntries?
    for index in (0..<configuration.shape.layers).reversed() {
      dHidden = try layerBackward(
        index, dHidden, trace: trace.layers[index], angles: angles, visible: f.visibleInLayer(visible, index),
        further: further, dEntries: &dEntries, gradients: &gradients)
    }
    if let tokens {
      gradients.add(
        f.embeddingBackward(dHidden, tokens: tokens, vocabularySize: configuration.shape.vocabularySize),
        to: ParameterName.embedding)
    }
    return LatentGradients(parameters: gradients, embeddings: dHidden)
  }

  /// The gradient of x given that of the output; adds the weights' gradients. `dEntries` is what the consumers of this
  /// layer's producer have read so far; a producer takes it and leaves nil.
  private func layerBackward(
    _ index: Int, _ dOutput: Tensor, trace: LatentLayerTrace, angles: RotaryAngles?, visible: VisibleKeys,
    further: FurtherKeys?, dEntries: inout StoredEntries?, gradients: inout ParameterSet
  ) throws(ModelError) -> Tensor {
    let (f, name, epsilon) = (functions, LatentLayerNames(index: index), configuration.epsilon)
    let producer = rules.producer(index, attention.stride)
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
      dOutput
      + (try normBackward(dFeedForwardNorm, trace.attentionResidual, name.feedForwardNorm, epsilon, &gradients))

    // attentionResidual = x + W_O(context)
    let dContext = try linearBackward(dResidual, trace.attention.context, name.output, &gradients)
    // context = attention(query, keys, values)
    let dAttention = attendBackward(dContext, trace, visible: visible)
    // keys, values = W_UK, W_UV of the entries
    let read = try readBackward(dAttention, trace, layer: index, producer: producer, &gradients)
    let total = dEntries.map { rules.readersBackward($0, read) } ?? read
    // query = W_Q(attentionNorm), or by way of the query latent
    var dNorm = try queryBackward(dAttention.query, trace, name, angles: angles, &gradients)
    if producer == index {
      dEntries = nil
      dNorm = try entriesBackward(
        further?.backward(total) ?? total, trace, name, angles: angles, onto: dNorm, &gradients)
    } else {
      dEntries = total
    }
    // attentionNorm = RMSNorm(x)
    return dResidual + (try normBackward(dNorm, trace.input, name.attentionNorm, epsilon, &gradients))
  }

  private func attendBackward(
    _ dContext: Tensor, _ trace: LatentLayerTrace, visible: VisibleKeys
  ) -> LatentAttentionGradients {
    switch attention.form {
    case .heads(let heads, let keyValue, let dimension):
      let d = functions.attentionBackward(
        dContext, query: trace.query, keys: trace.keys, values: trace.values,
        probabilities: trace.attention.probabilities, visible: visible,
        heads: AttentionHeads(query: heads, keyValue: keyValue, dimension: dimension))
      return LatentAttentionGradients(query: d.query, key: d.key, value: d.value)
    case .latent(let widths):
      return LatentAttention.backward(
        dContext, trace.query, trace.keys, trace.values, probabilities: trace.attention.probabilities,
        visible: visible, heads: widths.heads, scale: rules.scale(widths), workers: functions.workers)
    }
  }

  /// LAT-5 backwards: the gradient of the entries that a layer read.
  ///
  /// From `k_i = [W_UK,i ĉ ; k̂^R]` and `v_i = W_UV,i ĉ`: dĉ by both, dk̂^R = Σ_i of the rotated part, by rising head.
  private func readBackward(
    _ d: LatentAttentionGradients, _ trace: LatentLayerTrace, layer: Int, producer: Int, _ gradients: inout ParameterSet
  ) throws(ModelError) -> StoredEntries {
    switch attention.form {
    case .heads: return StoredEntries(contents: d.value, keys: d.key)
    case .latent(let widths):
      let keys = d.key.splitHeads(widths.heads, left: widths.plain)
      let dUp = Tensor.joinHeads(widths.heads, left: keys.left, right: d.value)
      let dContents = try linearBackward(
        dUp, trace.all.contents, upProjectionName(layer: layer, producer: producer), &gradients)
      return StoredEntries(contents: dContents, keys: rules.rotatedKeyBackward(keys.right, widths.heads))
    }
  }

  /// LAT-3 backwards: the gradient of attentionNorm by way of the queries.
  private func queryBackward(
    _ dRotated: Tensor, _ trace: LatentLayerTrace, _ name: LatentLayerNames, angles: RotaryAngles?,
    _ gradients: inout ParameterSet
  ) throws(ModelError) -> Tensor {
    switch attention.form {
    case .heads:
      // query = R · W_Q(attentionNorm)
      let dQuery = angles.map { functions.rotateBackward(dRotated, by: $0) } ?? dRotated
      return try linearBackward(dQuery, trace.attentionNorm, name.query, &gradients)
    case .latent(let widths):
      // the rotated part of query = R · its part of the projection
      var dQuery = dRotated
      if let angles {
        let parts = dRotated.splitHeads(widths.heads, left: widths.plain)
        dQuery = Tensor.joinHeads(
          widths.heads, left: parts.left, right: functions.rotateBackward(parts.right, by: angles))
      }
      guard let down = trace.queryDown, let latent = trace.queryLatent else {
        return try linearBackward(dQuery, trace.attentionNorm, name.query, &gradients)
      }
      // projection = W_UQ(latent), latent = RMSNorm(down), down = W_DQ(attentionNorm)
      let dLatent = try linearBackward(dQuery, latent, name.queryUp, &gradients)
      let dDown = try normBackward(dLatent, down, name.queryNorm, configuration.latentEpsilon, &gradients)
      return try linearBackward(dDown, trace.attentionNorm, name.queryDown, &gradients)
    }
  }

  /// LAT-4, LAT-8 backwards: `dNorm` with the gradient of attentionNorm by way of the entries, all consumers' included.
  private func entriesBackward(
    _ d: StoredEntries, _ trace: LatentLayerTrace, _ name: LatentLayerNames, angles: RotaryAngles?,
    onto dNorm: Tensor, _ gradients: inout ParameterSet
  ) throws(ModelError) -> Tensor {
    switch attention.form {
    case .heads:
      // key = R · W_K(attentionNorm), value = W_V(attentionNorm)
      let dKey = angles.map { functions.rotateBackward(d.keys, by: $0) } ?? d.keys
      return try dNorm + linearBackward(dKey, trace.attentionNorm, name.key, &gradients)
        + linearBackward(d.contents, trace.attentionNorm, name.value, &gradients)
    case .latent(let widths):
      guard let down = trace.down else { preconditionFailure("a producer") }
      // ĉ = Q(c), k̂^R = Q(k^R): straight through (P-21)
      var dLatent = rules.quantiserBackward(d.contents)
      let dRotated = rules.quantiserBackward(d.keys)
      // c = RMSNorm_c(W_DKV y), or W_DKV y
      switch attention.profile.latentNorm {
      case .on:
        dLatent = try normBackward(
          dLatent, down.columns(0..<widths.latent), name.latentNorm, configuration.latentEpsilon, &gradients)
      case .off: break
      }
      // k^R = R · W_KR y
      let dKey = angles.map { functions.rotateBackward(dRotated, by: $0) } ?? dRotated
      return try dNorm
        + linearBackward(
          Tensor(sideBySide: [dLatent, dKey], rows: dLatent.rows), trace.attentionNorm, name.keyValueDown, &gradients)
    }
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
    _ dy: Tensor, _ x: Tensor, _ name: String, _ epsilon: Double, _ gradients: inout ParameterSet
  ) throws(ModelError) -> Tensor {
    let gain = try weights.tensor(name)
    let d = functions.rmsNormBackward(dy, input: x, gain: gain.values, epsilon: epsilon)
    gradients.add(Tensor(shape: gain.shape, values: d.gain), to: name)
    return d.input
  }
}
