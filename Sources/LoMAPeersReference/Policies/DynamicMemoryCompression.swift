// BAS-15: DMC: every token is appended to the cache, or accumulated in its last entry; what a trained model does.

import LoMAPeers
import NaiveLlama

/// What DMC decides.
package struct PoolingRules: Sendable {
  /// BAS-15: which tokens begin an entry, from the last channel of their keys: those where it is not above 5, and the
  /// first.
  package var starts: @Sendable (_ channel: [Double]) -> [Bool] = { channel in
    channel.enumerated().map { t, c in t == 0 || !(c - 5 > 0) }
  }
  /// BAS-15: ω of a token, from the mean of the last channel of its queries: σ(mean + 5), σ(x) = 1/(1 + e^−x).
  package var weight: @Sendable (_ mean: Double) -> Double = { 1 / (1 + Elementary.exponential(-($0 + 5))) }
  /// BAS-15: the first token that the entry holds as it is after token t: that of t's run.
  package var first: @Sendable (PooledRuns, _ t: Int) -> Int = { $0.first(ofToken: $1) }
  /// BAS-15: the token at whose position the entry stands after token t: t.
  package var place: @Sendable (PooledRuns, _ t: Int) -> Int = { $1 }
  /// BAS-15: the entries that row t sees, each as it is after the token of its number.
  package var visible: @Sendable (PooledRuns, _ t: Int) -> [Int] = { $0.visible(toRow: $1) }
  /// BAS-15: whether the channel that decides is 0 in queries and keys before the rotation.
  package var clearsBefore = true
  /// BAS-15: whether it is 0 again after it.
  package var clearsAfter = true
  /// BAS-15: whether keys are pooled before they are rotated.
  package var poolsUnrotated = true

  /// The rules of the Spec.
  package static let spec = PoolingRules()
}

/// What DMC makes of some tokens in one layer.
package struct PooledTokens: Hashable, Sendable {
  /// By KV head, where entries begin.
  package let runs: [PooledRuns]
  /// ω: [G, T].
  package let weights: Tensor
  /// Queries as they are scored: the channel that decides 0, rotated: [T, H·d].
  package let query: Tensor
  /// Every token's entry as it is after the token, as it is read: [T, G·d].
  package let keys: Tensor
  /// Likewise: [T, G·d].
  package let values: Tensor
  /// By KV head and row, the entries seen.
  package let visible: [[[Int]]]

  /// The bits of the entries that the runs leave (BAS-6). Throws `cacheSizeOutOfRange`.
  package func bits(dimension: Int) throws(PeerError) -> Int {
    try PooledRuns.bits(entries: runs.reduce(0) { $0 + $1.ends.count }, dimension: dimension)
  }
}

/// Pooling, and attention over it.
package enum DynamicMemoryCompression {
  /// From what tokens project to before the rotation.
  ///
  ///     start_t = t = 0 or not k⁰_t[d − 1] − 5 > 0         ω_t = σ(Σ_h q⁰_h,t[d − 1]/(H/G) + 5), h in the group, rising
  ///     at a start   k = k⁰_t, v = v⁰_t, z = ω_t
  ///     else         k ← (z·k + ω_t·k⁰_t)/(z + ω_t),  v likewise,  z ← z + ω_t;  as they were where z + ω_t = 0
  ///
  /// Each entry is folded from its first token on, so it has the same bits however the tokens are fed.
  package static func pool(
    _ tokens: ProjectedRows, heads: AttentionHeads, theta: Double, functions f: LayerFunctions, rules: PoolingRules
  ) -> PooledTokens {
    let (count, d) = (tokens.positions.count, heads.dimension)
    let group = heads.query / heads.keyValue
    let runs = (0..<heads.keyValue).map { g in
      PooledRuns(starts: rules.starts((0..<count).map { tokens.key[$0, g * d + d - 1] }))
    }
    var weights = Tensor(zeros: [heads.keyValue, count])
    for g in 0..<heads.keyValue {
      for t in 0..<count {
        var sum = 0.0
        for h in g * group..<(g + 1) * group { sum += tokens.query[t, h * d + d - 1] }
        weights[g, t] = rules.weight(sum / Double(group))
      }
    }
    func cleared(_ x: Tensor, _ isCleared: Bool) -> Tensor {
      var x = x
      guard isCleared else { return x }
      for index in stride(from: d - 1, to: x.values.count, by: d) { x.values[index] = 0 }
      return x
    }
    /// Rows of some heads, rotated to their places.
    func rotated(_ x: Tensor, to places: [Int]) -> Tensor {
      let angles = f.angles(places.map { tokens.positions[$0] }, Rotation(headDimension: d, theta: theta))
      return cleared(f.rotate(cleared(x, rules.clearsBefore), by: angles), rules.clearsAfter)
    }
    let all = Array(0..<count)
    let byHead = (0..<heads.keyValue).map { g in
      let key = tokens.key.columns(g * d..<(g + 1) * d)
      let value = tokens.value.columns(g * d..<(g + 1) * d)
      let own = Array(weights.row(g))
      func pooled(_ x: Tensor) -> Tensor {
        Tensor(rows: all.map { fold(x, own, over: rules.first(runs[g], $0)...$0) }, width: d)
      }
      let places = all.map { rules.place(runs[g], $0) }
      return KeyValues(
        keys: rules.poolsUnrotated ? rotated(pooled(key), to: places) : pooled(rotated(key, to: all)),
        values: f.round(pooled(value)))
    }
    return PooledTokens(
      runs: runs, weights: weights, query: rotated(tokens.query, to: all),
      keys: Tensor(sideBySide: byHead.map { $0.keys }, rows: count),
      values: Tensor(sideBySide: byHead.map { $0.values }, rows: count),
      visible: runs.map { run in all.map { rules.visible(run, $0) } })
  }

  /// The weighted mean of some tokens of one head [T, d], as the recurrence makes it.
  private static func fold(_ x: Tensor, _ weights: [Double], over tokens: ClosedRange<Int>) -> [Double] {
    var (mean, z) = (Array(x.row(tokens.lowerBound)), weights[tokens.lowerBound])
    for t in tokens.dropFirst() {
      let sum = z + weights[t]
      if sum > 0 {
        for (i, number) in x.row(t).enumerated() { mean[i] = (z * mean[i] + weights[t] * number) / sum }
      }
      z = sum
    }
    return mean
  }

  /// Attention of every token over what it sees, KV head by KV head, scaled by 1/√d: [T, H·d].
  package static func attend(
    _ pooled: PooledTokens, heads: AttentionHeads, functions f: LayerFunctions
  ) -> Tensor {
    let (count, d, group) = (pooled.query.rows, heads.dimension, heads.query / heads.keyValue)
    let contexts = (0..<heads.keyValue).map { g in
      f.attention(
        query: pooled.query.columns(g * group * d..<(g + 1) * group * d),
        keys: pooled.keys.columns(g * d..<(g + 1) * d), values: pooled.values.columns(g * d..<(g + 1) * d),
        visible: VisibleKeys(lists: pooled.visible[g], keyCount: count),
        heads: AttentionHeads(query: group, keyValue: 1, dimension: d)
      ).context
    }
    return Tensor(sideBySide: contexts, rows: count)
  }
}

// MARK: - In a decoder

extension DynamicMemoryCompression {
  /// A Llama that appends or accumulates every token, those behind the prefill too. What is kept of a layer are the
  /// entries as they are after every token; alive are those that are whole, and the last.
  package static func decoderRules(_ rules: PoolingRules) -> DecoderRules {
    var decoder = DecoderRules.spec
    decoder.write = { (rows) throws(PeerError) in
      let pooled = pool(rows.all, heads: rows.heads, theta: rows.theta, functions: rows.functions, rules: rules)
      return WrittenRows(
        query: pooled.query.selecting(rows: Array(rows.fed)), keys: pooled.keys, values: pooled.values,
        visible: pooled.visible.map { Array($0[rows.fed]) }, alive: pooled.runs.map { $0.ends },
        bits: try pooled.bits(dimension: rows.heads.dimension))
    }
    return decoder
  }
}
