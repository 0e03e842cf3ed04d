// CCM-20: a linear layer of the base model with a low-rank update that acts on some rows alone; forward, then backward.

import LoMAPeers
import NaiveLlama

/// B·A scaled: what conditional LoRA adds to a weight, on the rows whose gate is open.
package struct LowRankUpdate: Hashable, Sendable {
  /// A: [r, in].
  package let a: Tensor
  /// B: [out, r].
  package let b: Tensor
  /// α/r.
  package let scale: Double

  /// An update of these factors.
  package init(a: Tensor, b: Tensor, scale: Double) {
    precondition(a.rows == b.columns, "A [r, in] and B [out, r] of one rank")
    self.a = a
    self.b = b
    self.scale = scale
  }
}

/// y = Wx + g·scale·B(Ax), g the gate of a row: 1 on COMP and SUM rows, else 0 (CCM-20).
package enum ConditionalLinear {
  /// x [rows, in], W [out, in], one gate per row → [rows, out].
  ///
  /// As plain sums from +0.0, each by rising index:
  ///
  ///     base[o] = Σ_i x[i] · W[o, i]
  ///     low[k]  = Σ_i x[i] · A[k, i]
  ///     high[o] = Σ_k low[k] · B[o, k]
  ///     y[o]    = base[o] + scale · high[o]      where the gate is open, else base[o]
  ///
  /// A row whose gate is closed has the bits of the base layer: nothing is added, not even zero. Every line is rounded.
  package static func forward(
    _ x: Tensor, weight: Tensor, update: LowRankUpdate?, gates: [Bool], functions f: LayerFunctions
  ) -> Tensor {
    precondition(x.rows == gates.count, "a gate for every row")
    var y = f.linear(x, weight: weight)
    let open = gates.indices.filter { gates[$0] }
    guard let update, !open.isEmpty else { return y }
    let low = f.linear(x.selecting(rows: open), weight: update.a)
    let high = f.linear(low, weight: update.b)
    let added = f.round(high.scaled(by: update.scale))
    y.replace(rows: open, by: f.sum(y.selecting(rows: open), added))
    return y
  }
}

/// The gradients of a conditional linear layer; those of A and B are zero where no gate is open, nil without an update.
package struct ConditionalLinearGradients: Hashable, Sendable {
  /// dx: [rows, in].
  package var input: Tensor
  /// dW: [out, in].
  package var weight: Tensor
  /// dA: [r, in].
  package var a: Tensor?
  /// dB: [out, r].
  package var b: Tensor?
}

extension ConditionalLinear {
  /// The gradients of x, W, A and B, given that of y: dy [rows, out].
  ///
  /// From `y = Wx + g·scale·B(Ax)`: dW = Σ_r dy·x and dx = dy·W as in `Linear`; on open rows, with dhigh = scale·dy,
  /// dB = Σ dhigh·low, dlow = dhigh·B, dA = Σ dlow·x, and dx gains dlow·A.
  package static func backward(
    _ dy: Tensor, input x: Tensor, weight: Tensor, update: LowRankUpdate?, gates: [Bool], functions f: LayerFunctions
  ) -> ConditionalLinearGradients {
    let base = f.linearBackward(dy, input: x, weight: weight)
    var gradients = ConditionalLinearGradients(input: base.input, weight: base.weight, a: nil, b: nil)
    guard let update else { return gradients }
    let open = gates.indices.filter { gates[$0] }
    let seen = x.selecting(rows: open)
    let low = f.linear(seen, weight: update.a)
    // y = base + scale · B(low)
    let high = f.linearBackward(dy.selecting(rows: open).scaled(by: update.scale), input: low, weight: update.b)
    // low = Ax
    let down = f.linearBackward(high.input, input: seen, weight: update.a)
    gradients.b = high.weight
    gradients.a = down.weight
    gradients.input.replace(rows: open, by: gradients.input.selecting(rows: open) + down.input)
    return gradients
  }
}

extension Tensor {
  /// Every value times a number.
  func scaled(by factor: Double) -> Tensor { Tensor(shape: shape, values: values.map { $0 * factor }) }

  /// Every value divided by a number.
  func divided(by divisor: Double) -> Tensor { Tensor(shape: shape, values: values.map { $0 / divisor }) }

  /// Puts the rows of another matrix into the rows with these indices, in their order.
  mutating func replace(rows indices: [Int], by other: Tensor) {
    precondition(indices.count == other.rows && columns == other.columns, "a row for every index")
    for (r, index) in indices.enumerated() {
      for column in 0..<columns { self[index, column] = other[r, column] }
    }
  }
}
