// LOS, MOD: the gradients of every parameter, layer by layer from the logits back to the embedding.

/// The gradients of a forward pass.
public struct ModelGradients: Hashable, Sendable {
  /// One tensor per parameter.
  public var parameters: ParameterSet
  /// The gradient of the row embeddings that were fed: [rows, hidden].
  public var embeddings: Tensor
}

extension Transformer {
  /// Gradients given those of the logits, [rows, V']; `trace` is of a forward pass without past entries.
  ///
  /// `tokens` are the ids whose embeddings were fed, or none where the embeddings were given: then no gradient reaches the
  /// table. A tied table receives the head's gradient first, then the embedding's (MOD-6).
  public func backward(
    _ dLogits: Tensor, trace: ForwardTrace, tokens: [Int]?, positions: [Int], visible: VisibleKeys
  ) throws(ModelError) -> ModelGradients {
    let f = functions
    var gradients = ParameterSet(zerosFor: configuration)
    // logits = finalNorm · headᵀ
    let dHead = f.linearBackward(dLogits, trace.finalNorm, try weights.tensor(configuration.headName), f.workers)
    gradients.add(dHead.weight, to: configuration.headName)
    // finalNorm = RMSNorm(hidden)
    let gain = try weights.tensor(ParameterName.finalNorm)
    let dNorm = f.rmsNormBackward(dHead.input, trace.hidden, gain.values, configuration.epsilon)
    gradients.add(Tensor(shape: gain.shape, values: dNorm.gain), to: ParameterName.finalNorm)

    let angles = f.angles(positions, configuration.heads.dimension, configuration.theta)
    var dHidden = dNorm.input
    for index in (0..<configuration.layers).reversed() {
      dHidden = try layer(index).backward(
        dHidden, trace: trace.layers[index], angles: angles, visible: f.visibleInLayer(visible, index),
        gradients: &gradients)
    }
    if let tokens {
      let dTable = f.embedBackward(dHidden, tokens, configuration.vocabularySize)
      gradients.add(dTable, to: ParameterName.embedding)
    }
    return ModelGradients(parameters: gradients, embeddings: dHidden)
  }
}
