// MOD-1…MOD-5, LOS-4, LOS-5: the gradients of the layers in Layers.swift, in the same order. Each backward function takes the
// gradient of the layer's output and quotes the forward line it inverts; `dx` is the gradient of the loss with respect to x.

// MARK: - Embedding

extension Embedding {
  /// The gradient of the table: dE[token] = Σ_r dx[r] over the rows r that were fed that token, by rising r: [V', hidden].
  ///
  /// From `x[r] = E[token r]`.
  public static func backward(_ dx: Tensor, tokens: [Int], vocabularySize: Int) -> Tensor {
    var dTable = Tensor(zeros: [vocabularySize, dx.columns])
    for (r, token) in tokens.enumerated() {
      for column in 0..<dx.columns { dTable[token, column] += dx[r, column] }
    }
    return dTable
  }
}

// MARK: - Linear layer

extension Linear {
  /// The gradients of x and W, given that of y: dy [rows, out] → dx [rows, in] and dW [out, in].
  ///
  /// From `y[r, o] = Σ_i x[r, i] · W[o, i]`: dx[r, i] = Σ_o dy[r, o] · W[o, i] by rising o, and
  /// dW[o, i] = Σ_r dy[r, o] · x[r, i] by rising r.
  public static func backward(
    _ dy: Tensor, input x: Tensor, weight: Tensor, workers: Workers
  ) -> (input: Tensor, weight: Tensor) {
    (Tensor.product(dy, weight, workers: workers), Tensor.product(dy.transposed(), x, workers: workers))
  }
}

// MARK: - RMSNorm

extension RMSNorm {
  /// The gradients of x and g, given that of y: dy [rows, hidden] → dx [rows, hidden] and dg [hidden].
  ///
  /// From `y = (x / root) · g` with root = √(Σx²/n + ε): dg = Σ_r dy · x / root, and
  /// dx = (dy · g − x · (Σ_i dy · g · x) / (n · root²)) / root.
  public static func backward(
    _ dy: Tensor, input x: Tensor, gain: [Double], epsilon: Double
  ) -> (input: Tensor, gain: [Double]) {
    let (width, gains) = (x.columns, gain.span)
    var dx: [Double] = []
    dx.reserveCapacity(x.values.count)
    var dGain = [Double](repeating: 0, count: width)
    for r in 0..<x.rows {
      let row = x.values.span.extracting(r * width..<(r + 1) * width)
      let dRow = dy.values.span.extracting(r * width..<(r + 1) * width)
      let root = rootMeanSquare(row, epsilon: epsilon)
      var projection = 0.0
      for i in 0..<width {
        projection += dRow[i] * gains[i] * row[i]
        dGain[i] += dRow[i] * (row[i] / root)
      }
      let shrink = projection / (Double(width) * root * root)
      for i in 0..<width { dx.append((dRow[i] * gains[i] - row[i] * shrink) / root) }
    }
    return (Tensor(shape: x.shape, values: dx), dGain)
  }
}

// MARK: - Rotary position embedding

extension RotaryPosition {
  /// The gradient of x, given that of y, both [rows, heads · d]: the same rotation backwards.
  ///
  /// From `y = a · R(angle) x` with R orthogonal: dx = a · R(−angle) dy; a stands in the cosines and sines.
  public static func backward(_ dy: Tensor, angles: RotaryAngles) -> Tensor {
    rotate(dy, angles: angles, direction: -1)
  }
}

// MARK: - Attention

/// The gradients of attention's three inputs, in their shapes.
public struct AttentionGradients: Hashable, Sendable {
  /// [queries, H·d].
  public var query: Tensor
  /// [keys, H_kv·d].
  public var key: Tensor
  /// [keys, H_kv·d].
  public var value: Tensor
}

extension Attention {
  /// The gradients of q, k and v, given that of the context, [queries, H·d].
  ///
  /// From `context = Σ_j p_j · v_j`: dv_j = p_j · dcontext and dp_j = Σ_i dcontext_i · v_ji.
  /// From `p = softmax(score)`: dscore_j = p_j · (dp_j − Σ_m p_m · dp_m).
  /// From `score_j = (Σ_i q_i · k_ji) · scale`: dq = Σ_j dscore_j · scale · k_j and dk_j = dscore_j · scale · q.
  /// A KV head's gradient sums over its query heads by rising head, then over the queries by rising row.
  public static func backward(
    _ dContext: Tensor, _ q: Tensor, _ k: Tensor, _ v: Tensor, probabilities: Tensor, visible: VisibleKeys,
    heads: AttentionHeads, workers: Workers
  ) -> AttentionGradients {
    let groups = workers.map(heads.keyValue) { g in
      oneGroup(dContext, q, k, v, probabilities: probabilities, visible: visible, heads: heads, group: g)
    }
    return AttentionGradients(
      query: Tensor(sideBySide: groups.map { $0.query }, rows: q.rows),
      key: Tensor(sideBySide: groups.map { $0.key }, rows: k.rows),
      value: Tensor(sideBySide: groups.map { $0.value }, rows: k.rows))
  }

  /// One KV head with the query heads that read it: dq [queries, (H/H_kv)·d], dk and dv [keys, d].
  ///
  /// The rows of these query heads are stacked, head by head: [H/H_kv · queries, d]. One product then sums over heads and
  /// queries, in the order of the formula above.
  private static func oneGroup(
    _ dContext: Tensor, _ q: Tensor, _ k: Tensor, _ v: Tensor, probabilities: Tensor, visible: VisibleKeys,
    heads: AttentionHeads, group g: Int
  ) -> AttentionGradients {
    let (d, queries, keys) = (heads.dimension, q.rows, k.rows)
    let readers = g * heads.query / heads.keyValue..<(g + 1) * heads.query / heads.keyValue
    func stacked(_ x: Tensor) -> Tensor {
      Tensor(
        shape: [readers.count * queries, d],
        values: readers.flatMap { h in x.columns(h * d..<(h + 1) * d).values })
    }
    let lists = readers.flatMap { _ in visible.lists }
    var stackedRowsSeeing = [[Int]](repeating: [], count: keys)
    for (r, seen) in lists.enumerated() {
      for j in seen { stackedRowsSeeing[j].append(r) }
    }
    let cells = readers.lowerBound * queries * keys..<readers.upperBound * queries * keys
    let p = Tensor(shape: [lists.count, keys], values: Array(probabilities.values[cells]))
    let dOut = stacked(dContext)

    // 1. dp_j = Σ_i dcontext_i · v_ji
    let dp = Tensor.product(dOut, transposed: v.columns(g * d..<(g + 1) * d), workers: .single)
    // 2. dscore_j = p_j · (dp_j − Σ_m p_m · dp_m) · scale
    var dScore = Tensor(zeros: p.shape)
    for (r, seen) in lists.enumerated() {
      let start = r * keys
      var mean = 0.0
      for j in seen { mean += p.values[start + j] * dp.values[start + j] }
      for j in seen { dScore.values[start + j] = p.values[start + j] * (dp.values[start + j] - mean) * heads.scale }
    }
    // 3. dq = Σ_j dscore_j · k_j; dk_j = Σ dscore_j · q and dv_j = Σ p_j · dcontext over the stacked rows that see j
    let dQuery = Tensor.product(dScore, k.columns(g * d..<(g + 1) * d), over: lists)
    let perHead = (0..<readers.count).map { dQuery.selecting(rows: Array($0 * queries..<($0 + 1) * queries)) }
    return AttentionGradients(
      query: Tensor(sideBySide: perHead, rows: queries),
      key: Tensor.product(dScore.transposed(), stacked(q), over: stackedRowsSeeing),
      value: Tensor.product(p.transposed(), dOut, over: stackedRowsSeeing))
  }
}

// MARK: - Feed-forward block

extension FeedForward {
  /// The gradients of gate and up, given that of y, all [rows, intermediate].
  ///
  /// From `y = silu(gate) ⊙ up`: dup = dy · silu(gate), and with s = 1/(1 + e^−gate)
  /// dgate = dy · up · s · (1 + gate · (1 − s)).
  public static func backward(
    _ dy: Tensor, gate: Tensor, up: Tensor, workers: Workers
  ) -> (gate: Tensor, up: Tensor) {
    let width = gate.columns
    let (d, g, u) = (dy.values, gate.values, up.values)
    let blocks = workers.blocks(gate.rows, operationsPerRow: 50 * width) { range in
      let cells = range.lowerBound * width..<range.upperBound * width
      let exponentials = Elementary.exponentials(g[cells].map { -$0 })
      let (d, g, u) = (d.span.extracting(cells), g.span.extracting(cells), u.span.extracting(cells))
      var dGate = exponentials
      var dUp = exponentials
      for i in d.indices {
        // s and silu(gate) have one denominator.
        let denominator = 1 + exponentials[i]
        let s = 1 / denominator
        dGate[i] = d[i] * u[i] * s * (1 + g[i] * (1 - s))
        dUp[i] = d[i] * (g[i] / denominator)
      }
      return (gate: dGate, up: dUp)
    }
    if blocks.count == 1 {
      return (Tensor(shape: gate.shape, values: blocks[0].gate), Tensor(shape: gate.shape, values: blocks[0].up))
    }
    return (
      Tensor(shape: gate.shape, values: blocks.flatMap { $0.gate }),
      Tensor(shape: gate.shape, values: blocks.flatMap { $0.up })
    )
  }
}

// MARK: - Cross-entropy

extension CrossEntropy {
  /// The gradient of the logits [V'], given that of the loss: dloss · (softmax(logits) − onehot(label)).
  ///
  /// From `loss = max + log(Σ_j e^(x_j − max)) − x_label`.
  public static func backward(_ dLoss: Double, logits: ArraySlice<Double>, label: Int) -> [Double] {
    let largest = maximum(of: logits)
    let weights = Elementary.exponentials(logits.map { $0 - largest })
    var sum = 0.0
    for weight in weights { sum += weight }
    var gradient = weights.map { $0 / sum }
    gradient[label] -= 1
    for j in gradient.indices { gradient[j] *= dLoss }
    return gradient
  }
}
