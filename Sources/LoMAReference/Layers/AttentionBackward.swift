// MOD-4: the gradients of attention; the forward lines quoted here stand in Attention.swift.

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
  /// The rows of these query heads are stacked, head by head, so that one sum runs over heads and queries.
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

    // dp_j = Σ_i dcontext_i · v_ji, then dscore = p · (dp − Σ p · dp) · scale
    let dp = Tensor.product(dOut, transposed: v.columns(g * d..<(g + 1) * d), workers: .single)
    var dScore = Tensor(zeros: p.shape)
    for (r, seen) in lists.enumerated() {
      let start = r * keys
      var mean = 0.0
      for j in seen { mean += p.values[start + j] * dp.values[start + j] }
      for j in seen { dScore.values[start + j] = p.values[start + j] * (dp.values[start + j] - mean) * heads.scale }
    }
    let dQuery = Tensor.product(dScore, k.columns(g * d..<(g + 1) * d), over: lists)
    let perHead = (0..<readers.count).map { dQuery.selecting(rows: Array($0 * queries..<($0 + 1) * queries)) }
    return AttentionGradients(
      query: Tensor(sideBySide: perHead, rows: queries),
      key: Tensor.product(dScore.transposed(), stacked(q), over: stackedRowsSeeing),
      value: Tensor.product(p.transposed(), dOut, over: stackedRowsSeeing))
  }
}
