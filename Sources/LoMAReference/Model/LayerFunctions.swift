// MOD-2…MOD-5, LOS-4: the functions a decoder is made of, as one value. The Spec's Llama is one instance; a deliberately wrong
// model or a simulated narrower type is another, so the transformer itself has no switch for either.

import LoMA

/// Layer functions, forward and backward, and what happens to each one's output.
public struct LayerFunctions: Sendable {
  /// How rows and heads are shared among threads.
  public var workers: Workers
  /// Applied to the output of every function below; the identity in the reference.
  public var round: @Sendable (Tensor) -> Tensor = { $0 }

  /// MSK: the keys that some rows of a mask see.
  public var visible: @Sendable (Mask, Range<Int>) -> VisibleKeys = { VisibleKeys($0, queries: $1) }
  /// MSK: what the rows of a layer, counted from 0, see of that: all of it in every layer.
  public var visibleInLayer: @Sendable (VisibleKeys, Int) -> VisibleKeys = { visible, _ in visible }
  /// MOD-2: x, gain, ε.
  public var rmsNorm: @Sendable (Tensor, [Double], Double) -> Tensor = {
    RMSNorm.forward($0, gain: $1, epsilon: $2)
  }
  /// MOD-2: dy, x, gain, ε.
  public var rmsNormBackward: @Sendable (Tensor, Tensor, [Double], Double) -> (input: Tensor, gain: [Double]) = {
    RMSNorm.backward($0, input: $1, gain: $2, epsilon: $3)
  }
  /// x·Wᵀ: x, W.
  public var linear: @Sendable (Tensor, Tensor, Workers) -> Tensor = {
    Linear.forward($0, weight: $1, workers: $2)
  }
  /// dy, x, W.
  public var linearBackward: @Sendable (Tensor, Tensor, Tensor, Workers) -> (input: Tensor, weight: Tensor) = {
    Linear.backward($0, input: $1, weight: $2, workers: $3)
  }
  /// MOD-3: positions, d, θ.
  public var angles: @Sendable ([Int], Int, Double) -> RotaryAngles = {
    RotaryAngles(positions: $0, headDimension: $1, theta: $2)
  }
  /// MOD-3: queries or keys, and the angles of their rows.
  public var rotate: @Sendable (Tensor, RotaryAngles) -> Tensor = { RotaryPosition.forward($0, angles: $1) }
  /// MOD-3: dy and the angles of its rows.
  public var rotateBackward: @Sendable (Tensor, RotaryAngles) -> Tensor = { RotaryPosition.backward($0, angles: $1) }
  /// MOD-3: values, and the angles of their rows; only queries and keys are rotated, so these stay as they are.
  public var placeValues: @Sendable (Tensor, RotaryAngles) -> Tensor = { values, _ in values }
  /// MOD-4: q, k, v, visible keys, heads.
  public var attend: @Sendable (Tensor, Tensor, Tensor, VisibleKeys, AttentionHeads, Workers) -> AttentionOutput = {
    Attention.forward($0, $1, $2, visible: $3, heads: $4, workers: $5)
  }
  /// MOD-4: dcontext, q, k, v, probabilities, visible keys, heads.
  public var attendBackward:
    @Sendable (Tensor, Tensor, Tensor, Tensor, Tensor, VisibleKeys, AttentionHeads, Workers) -> AttentionGradients = {
      Attention.backward($0, $1, $2, $3, probabilities: $4, visible: $5, heads: $6, workers: $7)
    }
  /// MOD-5: gate, up.
  public var activate: @Sendable (Tensor, Tensor, Workers) -> Tensor = {
    FeedForward.forward(gate: $0, up: $1, workers: $2)
  }
  /// MOD-5: dy, gate, up.
  public var activateBackward: @Sendable (Tensor, Tensor, Tensor, Workers) -> (gate: Tensor, up: Tensor) = {
    FeedForward.backward($0, gate: $1, up: $2, workers: $3)
  }

  /// MOD-1: dx, the tokens of its rows, V'.
  public var embedBackward: @Sendable (Tensor, [Int], Int) -> Tensor = {
    Embedding.backward($0, tokens: $1, vocabularySize: $2)
  }

  /// LOS-5: the logits of a row and its label.
  public var crossEntropy: @Sendable (ArraySlice<Double>, Int) -> Double = { CrossEntropy.forward($0, label: $1) }
  /// LOS-4: the rows of every text and their logits.
  public var loss: @Sendable ([[Row]], [Tensor]) -> Loss = { Loss(texts: $0, logits: $1) }
  /// LOS-4: the same, to the gradient of the loss for each text's logits.
  public var lossBackward: @Sendable ([[Row]], [Tensor]) -> [Tensor] = { Loss.backward(texts: $0, logits: $1) }

  /// The Llama of the Spec.
  public static func llama(workers: Workers) -> LayerFunctions { LayerFunctions(workers: workers) }
}
