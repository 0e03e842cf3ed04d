// MOD-4, MSK-12, NUM-1: attention of query rows over the key rows they see.

/// What attention computed: the context rows and the probabilities.
public struct AttentionOutput: Hashable, Sendable {
  /// Σ_j p_j · v_j per query and head: [queries, H · d].
  public let context: Tensor
  /// Softmax weights, exactly 0 where hidden: [H, queries, keys].
  public let probabilities: Tensor
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
        q.columns(h * d..<(h + 1) * d), keysTransposed: k.columns(g * d..<(g + 1) * d).transposed(),
        v.columns(g * d..<(g + 1) * d), visible: visible, scale: heads.scale)
    }
    var context = Tensor(zeros: [q.rows, heads.query * d])
    var probabilities: [Double] = []
    probabilities.reserveCapacity(heads.query * q.rows * k.rows)
    for (h, head) in perHead.enumerated() {
      probabilities += head.probabilities.values
      for r in 0..<q.rows {
        for i in 0..<d { context[r, h * d + i] = head.context[r, i] }
      }
    }
    return AttentionOutput(
      context: context, probabilities: Tensor(shape: [heads.query, q.rows, k.rows], values: probabilities))
  }

  /// One head: q [queries, d], kᵀ [d, keys], v [keys, d].
  private static func oneHead(
    _ q: Tensor, keysTransposed: Tensor, _ v: Tensor, visible: VisibleKeys, scale: Double
  ) -> AttentionOutput {
    let d = q.columns
    var context = Tensor(zeros: [q.rows, d])
    var probabilities = Tensor(zeros: [q.rows, v.rows])
    for r in 0..<q.rows {
      let seen = visible.lists[r]
      let weights = softmax(scores(q, r, keysTransposed, seen: seen, scale: scale))
      var sum = [Double](repeating: 0, count: d)
      for (j, p) in zip(seen, weights) {
        probabilities[r, j] = p
        for i in 0..<d { sum[i] += p * v[j, i] }
      }
      for i in 0..<d { context[r, i] = sum[i] }
    }
    return AttentionOutput(context: context, probabilities: probabilities)
  }

  /// score_j = (Σ_i q[r, i] · k[j, i]) · scale for the keys seen; j runs inside so that the loop vectorises.
  private static func scores(_ q: Tensor, _ r: Int, _ keysTransposed: Tensor, seen: [Int], scale: Double) -> [Double] {
    let (low, high) = (seen[0], seen[seen.count - 1] + 1)
    let keys = keysTransposed.values.span
    var sums = [Double](repeating: 0, count: high - low)
    for i in 0..<q.columns {
      let a = q[r, i]
      let k = keys.extracting(i * keysTransposed.columns + low..<i * keysTransposed.columns + high)
      for j in 0..<sums.count { sums[j] += a * k[j] }
    }
    return seen.map { sums[$0 - low] * scale }
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
