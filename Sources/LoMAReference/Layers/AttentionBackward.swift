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
    let d = heads.dimension
    let groups = workers.map(heads.keyValue) { g in
      oneGroup(dContext, q, k, v, probabilities: probabilities, visible: visible, heads: heads, group: g)
    }
    var gradients = AttentionGradients(
      query: Tensor(zeros: q.shape), key: Tensor(zeros: k.shape), value: Tensor(zeros: v.shape))
    let groupWidth = heads.query / heads.keyValue * d
    for (g, group) in groups.enumerated() {
      for r in 0..<q.rows {
        for i in 0..<groupWidth { gradients.query[r, g * groupWidth + i] = group.query[r, i] }
      }
      for j in 0..<k.rows {
        for i in 0..<d {
          gradients.key[j, g * d + i] = group.key[j, i]
          gradients.value[j, g * d + i] = group.value[j, i]
        }
      }
    }
    return gradients
  }

  /// One KV head with the query heads that read it: dq [queries, (H/H_kv)·d], dk and dv [keys, d].
  private static func oneGroup(
    _ dContext: Tensor, _ q: Tensor, _ k: Tensor, _ v: Tensor, probabilities: Tensor, visible: VisibleKeys,
    heads: AttentionHeads, group g: Int
  ) -> AttentionGradients {
    let d = heads.dimension
    let headsPerGroup = heads.query / heads.keyValue
    let key = k.columns(g * d..<(g + 1) * d)
    let value = v.columns(g * d..<(g + 1) * d)
    var gradients = AttentionGradients(
      query: Tensor(zeros: [q.rows, headsPerGroup * d]), key: Tensor(zeros: key.shape), value: Tensor(zeros: key.shape))
    for local in 0..<headsPerGroup {
      let h = g * headsPerGroup + local
      for r in 0..<q.rows {
        let seen = visible.lists[r]
        let p = seen.map { probabilities.values[(h * q.rows + r) * k.rows + $0] }
        let dOut = (0..<d).map { dContext[r, h * d + $0] }
        var dp = [Double](repeating: 0, count: seen.count)
        var mean = 0.0
        for (index, j) in seen.enumerated() {
          for i in 0..<d { gradients.value[j, i] += p[index] * dOut[i] }
          var sum = 0.0
          for i in 0..<d { sum += dOut[i] * value[j, i] }
          dp[index] = sum
          mean += p[index] * sum
        }
        for (index, j) in seen.enumerated() {
          let dScore = p[index] * (dp[index] - mean) * heads.scale
          for i in 0..<d {
            gradients.query[r, local * d + i] += dScore * key[j, i]
            gradients.key[j, i] += dScore * q[r, h * d + i]
          }
        }
      }
    }
    return gradients
  }
}
