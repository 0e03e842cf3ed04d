// LAT-6: attention of heads whose keys and values have widths of their own; forward, then backward. Sums run as in MOD-4.

import NaiveLlama

/// Scaled dot-product attention, softmax(q·kᵀ·scale)·v over the visible keys alone, each head with its own keys.
package enum LatentAttention {
  /// q [queries, H·d_k], k [keys, H·d_k], v [keys, H·d_v] → context [queries, H·d_v], probabilities [H, queries, keys].
  ///
  /// `Attention.forward` with d_v beside d_k and the scale given: per query and head, every sum by rising index from
  /// +0.0 and every j a visible key:
  ///
  ///     score_j   = (Σ_i q_i · k_ji) · scale
  ///     p         = softmax(score)
  ///     context_i = Σ_j p_j · v_ji
  package static func forward(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, visible: VisibleKeys, heads: Int, scale: Double, workers: Workers
  ) -> AttentionOutput {
    precondition(q.columns == k.columns && q.columns % heads == 0 && v.columns % heads == 0 && k.rows == v.rows)
    precondition(q.rows == visible.lists.count && k.rows == visible.keyCount)
    let perHead = workers.map(heads) { h in
      oneHead(q.head(h, of: heads), k.head(h, of: heads), v.head(h, of: heads), visible: visible, scale: scale)
    }
    var probabilities: [Double] = []
    probabilities.reserveCapacity(heads * q.rows * k.rows)
    for head in perHead { probabilities += head.probabilities.values }
    return AttentionOutput(
      context: Tensor(sideBySide: perHead.map { $0.context }, rows: q.rows),
      probabilities: Tensor(shape: [heads, q.rows, k.rows], values: probabilities))
  }

  /// One head: q [queries, d_k], k [keys, d_k], v [keys, d_v]. Scores of hidden keys are computed and never read.
  private static func oneHead(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, visible: VisibleKeys, scale: Double
  ) -> AttentionOutput {
    let products = Linear.forward(q, weight: k, workers: .single)
    var probabilities = Tensor(zeros: [q.rows, k.rows])
    for (r, seen) in visible.lists.enumerated() {
      let weights = Attention.softmax(seen.map { products[r, $0] * scale })
      for (j, p) in zip(seen, weights) { probabilities[r, j] = p }
    }
    return AttentionOutput(
      context: Tensor.product(probabilities, v, over: visible.lists), probabilities: probabilities)
  }
}

// MARK: - Backward

/// The gradients of attention's three inputs, in their shapes.
package struct LatentAttentionGradients: Hashable, Sendable {
  /// [queries, H·d_k].
  package let query: Tensor
  /// [keys, H·d_k].
  package let key: Tensor
  /// [keys, H·d_v].
  package let value: Tensor
}

extension LatentAttention {
  /// The gradients of q, k and v, given that of the context, [queries, H·d_v].
  ///
  /// From `context = Σ_j p_j · v_j`: dv_j = p_j · dcontext and dp_j = Σ_i dcontext_i · v_ji.
  /// From `p = softmax(score)`: dscore_j = p_j · (dp_j − Σ_m p_m · dp_m).
  /// From `score_j = (Σ_i q_i · k_ji) · scale`: dq = Σ_j dscore_j · scale · k_j and dk_j = dscore_j · scale · q, by
  /// rising query.
  package static func backward(
    _ dContext: Tensor, _ q: Tensor, _ k: Tensor, _ v: Tensor, probabilities: Tensor, visible: VisibleKeys, heads: Int,
    scale: Double, workers: Workers
  ) -> LatentAttentionGradients {
    let (queries, keys) = (q.rows, k.rows)
    var seenBy = [[Int]](repeating: [], count: keys)
    for (r, seen) in visible.lists.enumerated() {
      for j in seen { seenBy[j].append(r) }
    }
    let readers = seenBy
    let perHead = workers.map(heads) { h in
      let cells = h * queries * keys..<(h + 1) * queries * keys
      let p = Tensor(shape: [queries, keys], values: Array(probabilities.values[cells]))
      let dOut = dContext.head(h, of: heads)
      // 1. dp_j = Σ_i dcontext_i · v_ji
      let dp = Linear.forward(dOut, weight: v.head(h, of: heads), workers: .single)
      // 2. dscore_j = p_j · (dp_j − Σ_m p_m · dp_m) · scale
      var dScore = Tensor(zeros: [queries, keys])
      for (r, seen) in visible.lists.enumerated() {
        var mean = 0.0
        for j in seen { mean += p[r, j] * dp[r, j] }
        for j in seen { dScore[r, j] = p[r, j] * (dp[r, j] - mean) * scale }
      }
      // 3. dq = Σ_j dscore_j · k_j; dk_j = Σ_r dscore_j · q and dv_j = Σ_r p_j · dcontext over the rows that see j
      return LatentAttentionGradients(
        query: Tensor.product(dScore, k.head(h, of: heads), over: visible.lists),
        key: Tensor.product(dScore.transposed(), q.head(h, of: heads), over: readers),
        value: Tensor.product(p.transposed(), dOut, over: readers))
    }
    return LatentAttentionGradients(
      query: Tensor(sideBySide: perHead.map { $0.query }, rows: queries),
      key: Tensor(sideBySide: perHead.map { $0.key }, rows: keys),
      value: Tensor(sideBySide: perHead.map { $0.value }, rows: keys))
  }
}

// MARK: - Heads side by side

extension Tensor {
  /// The columns of one head of so many of equal width: [rows, columns/heads].
  package func head(_ index: Int, of heads: Int) -> Tensor {
    let width = columns / heads
    return columns(index * width..<(index + 1) * width)
  }

  /// In every head the first `left` columns and those behind them: [rows, heads·left], [rows, heads·rest].
  package func splitHeads(_ heads: Int, left: Int) -> (left: Tensor, right: Tensor) {
    let parts = (0..<heads).map { head($0, of: heads) }
    let width = columns / heads
    return (
      Tensor(sideBySide: parts.map { $0.columns(0..<left) }, rows: rows),
      Tensor(sideBySide: parts.map { $0.columns(left..<width) }, rows: rows)
    )
  }

  /// The inverse of `splitHeads`: every head's columns of `left`, then those of `right`.
  package static func joinHeads(_ heads: Int, left: Tensor, right: Tensor) -> Tensor {
    Tensor(
      sideBySide: (0..<heads).flatMap { [left.head($0, of: heads), right.head($0, of: heads)] }, rows: left.rows)
  }

  /// The same columns for every one of so many heads: [rows, heads·columns].
  package func repeated(_ heads: Int) -> Tensor { Tensor(sideBySide: Array(repeating: self, count: heads), rows: rows) }

  /// Σ of the heads' columns, by rising head from +0.0: [rows, columns/heads].
  func summedOverHeads(_ heads: Int) -> Tensor {
    var sum = Tensor(zeros: [rows, columns / heads])
    for h in 0..<heads { sum += head(h, of: heads) }
    return sum
  }
}
