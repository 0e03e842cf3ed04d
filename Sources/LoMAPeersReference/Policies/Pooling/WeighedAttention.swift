// BAS-26: attention in which a row sees a key more or less: a logarithm is added to every score. Sums run as in MOD-4.

import NaiveLlama

/// softmax(q·kᵀ·scale + logarithm)·v over the visible keys, the logarithms the same for all query heads of a KV head.
package enum WeighedAttention {
  /// q [rows, H·d], k and v [keys, G·d], a logarithm for each row and key of every KV head: the context [rows, H·d] and
  /// probabilities [H, rows, keys]. A row sees at least one key with a finite logarithm.
  package static func forward(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, logarithms: [Tensor], visible: VisibleKeys, heads: AttentionHeads
  ) -> AttentionOutput {
    let (d, group, scale) = (heads.dimension, heads.query / heads.keyValue, heads.scale)
    var (contexts, probabilities): ([Tensor], [Double]) = ([], [])
    for h in 0..<heads.query {
      let g = h / group
      let products = Linear.forward(
        q.columns(h * d..<(h + 1) * d), weight: k.columns(g * d..<(g + 1) * d), workers: .single)
      var p = Tensor(zeros: [q.rows, k.rows])
      for (r, seen) in visible.lists.enumerated() {
        let weights = Attention.softmax(seen.map { products[r, $0] * scale + logarithms[g][r, $0] })
        for (j, weight) in zip(seen, weights) { p[r, j] = weight }
      }
      contexts.append(Tensor.product(p, v.columns(g * d..<(g + 1) * d), over: visible.lists))
      probabilities += p.values
    }
    return AttentionOutput(
      context: Tensor(sideBySide: contexts, rows: q.rows),
      probabilities: Tensor(shape: [heads.query, q.rows, k.rows], values: probabilities))
  }

  /// The gradients of q, k, v and, by KV head, of the logarithms, given that of the context.
  ///
  /// As attention's without logarithms (MOD-4); a logarithm has the gradient of its score, summed over the query heads of its group.
  package static func backward(
    _ dContext: Tensor, _ q: Tensor, _ k: Tensor, _ v: Tensor, probabilities: Tensor, visible: VisibleKeys,
    heads: AttentionHeads
  ) -> (query: Tensor, key: Tensor, value: Tensor, logarithms: [Tensor]) {
    let (d, group, scale) = (heads.dimension, heads.query / heads.keyValue, heads.scale)
    let (queries, keys) = (q.rows, k.rows)
    var seenBy = [[Int]](repeating: [], count: keys)
    for (r, seen) in visible.lists.enumerated() {
      for j in seen { seenBy[j].append(r) }
    }
    var dQuery: [Tensor] = []
    var (dKey, dValue, logarithms): ([Tensor], [Tensor], [Tensor]) = ([], [], [])
    for h in 0..<heads.query {
      let g = h / group
      let cells = h * queries * keys..<(h + 1) * queries * keys
      let p = Tensor(shape: [queries, keys], values: Array(probabilities.values[cells]))
      let dOut = dContext.columns(h * d..<(h + 1) * d)
      let dp = Linear.forward(dOut, weight: v.columns(g * d..<(g + 1) * d), workers: .single)
      var dScore = Tensor(zeros: [queries, keys])
      for (r, seen) in visible.lists.enumerated() {
        var mean = 0.0
        for j in seen { mean += p[r, j] * dp[r, j] }
        for j in seen { dScore[r, j] = p[r, j] * (dp[r, j] - mean) }
      }
      var scaled = dScore
      for index in scaled.values.indices { scaled.values[index] *= scale }
      dQuery.append(Tensor.product(scaled, k.columns(g * d..<(g + 1) * d), over: visible.lists))
      let ownKey = Tensor.product(scaled.transposed(), q.columns(h * d..<(h + 1) * d), over: seenBy)
      let ownValue = Tensor.product(p.transposed(), dOut, over: seenBy)
      if h % group == 0 {
        dKey.append(ownKey)
        dValue.append(ownValue)
        logarithms.append(dScore)
      } else {
        dKey[g] += ownKey
        dValue[g] += ownValue
        logarithms[g] += dScore
      }
    }
    return (
      Tensor(sideBySide: dQuery, rows: queries), Tensor(sideBySide: dKey, rows: keys),
      Tensor(sideBySide: dValue, rows: keys),
      logarithms
    )
  }
}
