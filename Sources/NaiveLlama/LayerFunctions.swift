// MOD-1…MOD-6: the functions a decoder is made of, as one value. The Spec's Llama is one instance; a deliberately wrong model
// or a simulated narrower type is another, so the transformer itself has no switch for either.
//
// Below, the closures that a variant replaces; then the labelled methods that the decoder calls. Read Layers.swift first.

/// The layer functions of a decoder, forward and backward, and the rounding of every forward function's output.
public struct LayerFunctions: Sendable {
  /// How rows and heads are shared among threads; no result depends on it.
  public var workers: Workers
  /// Rounds the output of every forward function; the identity in the reference, which computes in binary64.
  public var round: @Sendable (Tensor) -> Tensor = { $0 }

  /// MOD-2: x [rows, hidden], gain [hidden], ε → [rows, hidden].
  public var rmsNorm: @Sendable (Tensor, [Double], Double) -> Tensor = {
    RMSNorm.forward($0, gain: $1, epsilon: $2)
  }
  /// MOD-2: dy, x, gain, ε → dx and dgain.
  public var rmsNormBackward: @Sendable (Tensor, Tensor, [Double], Double) -> (input: Tensor, gain: [Double]) = {
    RMSNorm.backward($0, input: $1, gain: $2, epsilon: $3)
  }
  /// MOD-1: x [rows, in], W [out, in] → x·Wᵀ [rows, out].
  public var linear: @Sendable (Tensor, Tensor, Workers) -> Tensor = {
    Linear.forward($0, weight: $1, workers: $2)
  }
  {
    didSet { multipliesAsStored = false }
  }
  /// Whether `linear` is the Spec's, so that a weight may be multiplied where a checkpoint holds it.
  private(set) var multipliesAsStored = true
  /// MOD-1: dy, x, W → dx and dW.
  public var linearBackward: @Sendable (Tensor, Tensor, Tensor, Workers) -> (input: Tensor, weight: Tensor) = {
    Linear.backward($0, input: $1, weight: $2, workers: $3)
  }
  /// MOD-10: the product of a linear layer [rows, out] and its bias [out] → their sum.
  public var addBias: @Sendable (Tensor, [Double]) -> Tensor = { Bias.forward($0, bias: $1) }
  /// MOD-11: queries or keys [rows, heads · d], gain [d], ε → every head of every row normalised.
  public var normHeads: @Sendable (Tensor, [Double], Double) -> Tensor = {
    HeadNorm.forward($0, gain: $1, epsilon: $2)
  }
  /// MOD-10, MOD-11, MOD-3: a query or key projection → what attention reads: bias first, then norm, then rotation.
  public var turnHeads: @Sendable (HeadProjection, LayerFunctions) -> Tensor = { heads, f in
    f.rotate(f.normHeads(f.addBias(heads.product, heads.bias), heads.gain, epsilon: heads.epsilon), by: heads.angles)
  }
  /// MOD-3, MOD-8, MOD-9: positions, rotation → the angles of each row.
  public var angles: @Sendable ([Int], Rotation) -> RotaryAngles = { RotaryAngles(positions: $0, rotation: $1) }
  /// MOD-3: queries or keys [rows, heads · d] and the angles of their rows → the same, rotated.
  public var rotate: @Sendable (Tensor, RotaryAngles) -> Tensor = { RotaryPosition.forward($0, angles: $1) }
  /// MOD-3: dy and the angles of its rows → dx.
  public var rotateBackward: @Sendable (Tensor, RotaryAngles) -> Tensor = { RotaryPosition.backward($0, angles: $1) }
  /// MOD-3: values and the angles of their rows; the identity, since only queries and keys are rotated.
  public var rotateValues: @Sendable (Tensor, RotaryAngles) -> Tensor = { values, _ in values }
  /// MSK: what the rows see in the layer of that number, counted from 0; the same in every layer.
  public var visibleInLayer: @Sendable (VisibleKeys, Int) -> VisibleKeys = { visible, _ in visible }
  /// MOD-4: q, k, v, visible keys, heads → context and probabilities.
  public var attend: @Sendable (Tensor, Tensor, Tensor, VisibleKeys, AttentionHeads, Workers) -> AttentionOutput = {
    Attention.forward($0, $1, $2, visible: $3, heads: $4, workers: $5)
  }
  /// MOD-4: dcontext, q, k, v, probabilities, visible keys, heads → dq, dk and dv.
  public var attendBackward:
    @Sendable (Tensor, Tensor, Tensor, Tensor, Tensor, VisibleKeys, AttentionHeads, Workers) -> AttentionGradients = {
      Attention.backward($0, $1, $2, $3, probabilities: $4, visible: $5, heads: $6, workers: $7)
    }
  /// MOD-5: gate, up → silu(gate) ⊙ up.
  public var activate: @Sendable (Tensor, Tensor, Workers) -> Tensor = {
    FeedForward.forward(gate: $0, up: $1, workers: $2)
  }
  /// MOD-5: dy, gate, up → dgate and dup.
  public var activateBackward: @Sendable (Tensor, Tensor, Tensor, Workers) -> (gate: Tensor, up: Tensor) = {
    FeedForward.backward($0, gate: $1, up: $2, workers: $3)
  }
  /// MOD-1: dx, the tokens of its rows, V' → the gradient of the embedding table.
  public var embedBackward: @Sendable (Tensor, [Int], Int) -> Tensor = {
    Embedding.backward($0, tokens: $1, vocabularySize: $2)
  }
  /// LOS-5: the logits of a row and its label → its cross-entropy.
  public var crossEntropy: @Sendable (ArraySlice<Double>, Int) -> Double = { CrossEntropy.forward($0, label: $1) }

  /// The Llama of the Spec.
  public static func llama(workers: Workers) -> LayerFunctions { LayerFunctions(workers: workers) }
}

// Forward: every output is rounded once, here.
extension LayerFunctions {
  /// The embeddings of token ids: → [tokens.count, hidden].
  public func embedding(of tokens: [Int], from weights: Weights) throws(ModelError) -> Tensor {
    round(try weights.rows(tokens, of: ParameterName.embedding))
  }

  /// x / √(mean(x²) + ε) ⊙ g: [rows, hidden] → [rows, hidden] (MOD-2).
  public func rmsNorm(_ x: Tensor, gain: [Double], epsilon: Double) -> Tensor { round(rmsNorm(x, gain, epsilon)) }

  /// x·Wᵀ: [rows, in] → [rows, out].
  public func linear(_ x: Tensor, weight: Tensor) -> Tensor { round(linear(x, weight, workers)) }

  /// x + b in every row: [rows, out]; x itself where there is no bias (MOD-10).
  public func addBias(_ x: Tensor, _ bias: [Double]?) -> Tensor { bias.map { round(addBias(x, $0)) } ?? x }

  /// Every head of every row normalised: [rows, heads · d]; x itself where there is no gain (MOD-11).
  public func normHeads(_ x: Tensor, _ gain: [Double]?, epsilon: Double) -> Tensor {
    gain.map { round(normHeads(x, $0, epsilon)) } ?? x
  }

  /// A query or key projection as attention reads it: [rows, heads · d].
  public func turn(_ heads: HeadProjection) -> Tensor { turnHeads(heads, self) }

  /// Rotates queries or keys [rows, heads · d] by the angles of their rows (MOD-3).
  public func rotate(_ x: Tensor, by angles: RotaryAngles) -> Tensor { round(rotate(x, angles)) }

  /// The values [rows, H_kv · d] as they are: a Llama does not rotate them (MOD-3).
  public func rotateValues(_ values: Tensor, by angles: RotaryAngles) -> Tensor { round(rotateValues(values, angles)) }

  /// Attention of query rows [queries, H · d] over the keys [keys, H_kv · d] that each sees (MOD-4).
  public func attention(
    query: Tensor, keys: Tensor, values: Tensor, visible: VisibleKeys, heads: AttentionHeads
  ) -> AttentionOutput {
    let output = attend(query, keys, values, visible, heads, workers)
    return AttentionOutput(context: round(output.context), probabilities: round(output.probabilities))
  }

  /// silu(gate) ⊙ up: [rows, intermediate] twice → [rows, intermediate] (MOD-5).
  public func activation(gate: Tensor, up: Tensor) -> Tensor { round(activate(gate, up, workers)) }

  /// x + y, the residual connection: [rows, hidden] twice → [rows, hidden] (MOD-6).
  public func sum(_ x: Tensor, _ y: Tensor) -> Tensor { round(x + y) }
}

// Backward: gradients are not rounded.
extension LayerFunctions {
  /// dx and dg of `y = rmsNorm(x)`.
  public func rmsNormBackward(
    _ dy: Tensor, input x: Tensor, gain: [Double], epsilon: Double
  ) -> (input: Tensor, gain: [Double]) {
    rmsNormBackward(dy, x, gain, epsilon)
  }

  /// dx and dW of `y = x·Wᵀ`.
  public func linearBackward(_ dy: Tensor, input x: Tensor, weight: Tensor) -> (input: Tensor, weight: Tensor) {
    linearBackward(dy, x, weight, workers)
  }

  /// dx of `y = R(angle) x`.
  public func rotateBackward(_ dy: Tensor, by angles: RotaryAngles) -> Tensor { rotateBackward(dy, angles) }

  /// dq, dk and dv of attention.
  public func attentionBackward(
    _ dContext: Tensor, query: Tensor, keys: Tensor, values: Tensor, probabilities: Tensor, visible: VisibleKeys,
    heads: AttentionHeads
  ) -> AttentionGradients {
    attendBackward(dContext, query, keys, values, probabilities, visible, heads, workers)
  }

  /// dgate and dup of `y = silu(gate) ⊙ up`.
  public func activationBackward(_ dy: Tensor, gate: Tensor, up: Tensor) -> (gate: Tensor, up: Tensor) {
    activateBackward(dy, gate, up, workers)
  }

  /// The gradient of the embedding table [V', hidden].
  public func embeddingBackward(_ dx: Tensor, tokens: [Int], vocabularySize: Int) -> Tensor {
    embedBackward(dx, tokens, vocabularySize)
  }
}
