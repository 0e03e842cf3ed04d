// MOD-4, MSK-12, NUM-1: attention of query rows over the key rows they see.

/// What attention computed: the context rows and the probabilities.
public struct AttentionOutput: Hashable, Sendable {
  /// Σ_j p_j · v_j per query and head: [queries, H · d].
  public let context: Tensor
  /// Softmax weights, exactly 0 where hidden: [H, queries, keys].
  public let probabilities: Tensor

  /// Context and probabilities of the same queries.
  public init(context: Tensor, probabilities: Tensor) {
    self.context = context
    self.probabilities = probabilities
  }
}

/// The heads of an attention layer: H query heads, H_kv key/value heads, dimension d.
public struct AttentionHeads: Hashable, Sendable {
  /// H.
  public let query: Int
  /// H_kv, a divisor of H.
  public let keyValue: Int
  /// d.
  public let dimension: Int

  /// Checks that H_kv divides H.
  public init(query: Int, keyValue: Int, dimension: Int) {
    precondition(keyValue >= 1 && query % keyValue == 0 && dimension >= 1, "H_kv divides H")
    self.query = query
    self.keyValue = keyValue
    self.dimension = dimension
  }

  /// The KV head that query head h reads: ⌊h · H_kv / H⌋ (MOD-4).
  public func keyValueHead(ofQuery h: Int) -> Int { h * keyValue / query }

  /// 1/√d, rounded once after the root and once after the division.
  public var scale: Double { 1 / Double(dimension).squareRoot() }
}

/// softmax(q·kᵀ/√d)·v over the visible keys alone.
public enum Attention {
  /// q: [queries, H·d]; k, v: [keys, H_kv·d].
  ///
  /// Per query and head: score_j = (Σ_i q_i · k_ji) · scale; p_j = e^(score_j − max) / Σ; context = Σ_j p_j · v_j, every
  /// sum by rising index from +0.0 and every j a visible key.
  public static func forward(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, visible: VisibleKeys, heads: AttentionHeads, workers: Workers
  ) -> AttentionOutput {
    let d = heads.dimension
    precondition(q.columns == heads.query * d && k.columns == heads.keyValue * d && v.shape == k.shape)
    precondition(q.rows == visible.lists.count && k.rows == visible.keyCount)
    let perHead = workers.map(heads.query) { h in
      let g = heads.keyValueHead(ofQuery: h)
      return oneHead(
        q.columns(h * d..<(h + 1) * d), k.columns(g * d..<(g + 1) * d), v.columns(g * d..<(g + 1) * d),
        visible: visible, scale: heads.scale)
    }
    var probabilities: [Double] = []
    probabilities.reserveCapacity(heads.query * q.rows * k.rows)
    for head in perHead { probabilities += head.probabilities.values }
    return AttentionOutput(
      context: Tensor(sideBySide: perHead.map { $0.context }, rows: q.rows),
      probabilities: Tensor(shape: [heads.query, q.rows, k.rows], values: probabilities))
  }

  /// One head: q [queries, d], k and v [keys, d]. Scores of hidden keys are computed with the others and left aside.
  private static func oneHead(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, visible: VisibleKeys, scale: Double
  ) -> AttentionOutput {
    let products = Tensor.product(q, transposed: k, workers: .single)
    var probabilities = Tensor(zeros: [q.rows, k.rows])
    for (r, seen) in visible.lists.enumerated() {
      let row = products.row(r)
      let weights = softmax(seen.map { row[row.startIndex + $0] * scale })
      let start = r * k.rows
      for (j, p) in zip(seen, weights) { probabilities.values[start + j] = p }
    }
    return AttentionOutput(
      context: Tensor.product(probabilities, v, over: visible.lists), probabilities: probabilities)
  }

  /// e^(score − max) / Σ: the sum by rising index, then the division (NUM-1).
  public static func softmax(_ scores: [Double]) -> [Double] {
    var largest = -Double.infinity
    for score in scores where score > largest { largest = score }
    var weights = scores
    var sum = 0.0
    for j in weights.indices {
      weights[j] = Elementary.exponential(scores[j] - largest)
      sum += weights[j]
    }
    for j in weights.indices { weights[j] /= sum }
    return weights
  }
}
