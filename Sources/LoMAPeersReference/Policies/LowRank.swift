// BAS-16: LoRC: keys and values of an ordinary model through weights of low rank.

import LoMAPeers
import NaiveLlama

/// W_r in two factors: what a token stores is down·y, and up makes a key or value of it again.
package struct LowRankWeight: Hashable, Sendable {
  /// σ_k v_k as rows: [r, in].
  package let down: Tensor
  /// The u_k as columns: [out, r].
  package let up: Tensor

  /// These factors.
  package init(down: Tensor, up: Tensor) {
    precondition(down.rows == up.columns, "one rank")
    (self.down, self.up) = (down, up)
  }

  /// W_r = Σ_{k < r} u_k (σ_k v_k)ᵀ, by rising k from +0.0: [out, in].
  package var product: Tensor { Linear.forward(up, weight: down.transposed(), workers: .single) }

  /// up·(down·x), each linear layer rounded: [rows, in] → [rows, out].
  package func forward(_ x: Tensor, functions f: LayerFunctions) -> Tensor {
    f.linear(f.linear(x, weight: down), weight: up)
  }
}

/// How LoRC makes a weight of low rank.
package struct LowRankRules: Sendable {
  /// BAS-16: the factors of rank r of a weight, given its singular values.
  package var factors: @Sendable (SingularValues, _ rank: Int) -> LowRankWeight = { parts, rank in
    LowRank.truncated(parts, rank: rank)
  }
  /// BAS-16: the groups of rows of a weight that are truncated by themselves, each with its rank: all rows together.
  package var parts: @Sendable (_ rows: Int, _ heads: Int, _ rank: Int) -> [(rows: Range<Int>, rank: Int)] = {
    rows, _, rank in [(0..<rows, rank)]
  }
  /// BAS-16: the ranks of the layers' weights, given those asked for: the same.
  package var ranks: @Sendable ([Int]) -> [Int] = { $0 }
  /// BAS-16: the rank by which a projection is truncated, given those of the layer's W_K and W_V; nil: not at all.
  package var rank: @Sendable (Projection, _ key: Int, _ value: Int) -> Int? = { projection, key, value in
    switch projection {
    case .key: key
    case .value: value
    case .query, .output: nil
    }
  }
  /// BAS-16: whether what is stored of a key is made of y, before any rotation, or of the rotated key.
  package var storesUnrotated = true

  /// The rules of the Spec.
  package static let spec = LowRankRules()
}

/// Truncation and the derived ranks.
package enum LowRank {
  /// The first r terms of Σ_k σ_k u_k v_kᵀ.
  package static func truncated(_ parts: SingularValues, rank: Int) -> LowRankWeight {
    let kept = Array(0..<rank)
    var down = parts.right.selecting(rows: kept)
    for k in kept {
      for i in 0..<down.columns { down[k, i] *= parts.values[k] }
    }
    return LowRankWeight(down: down, up: parts.left.selecting(rows: kept).transposed())
  }

  /// A weight [out, in] of KV heads one below another through rank r; nil if r is its smaller side, since then it stays.
  package static func weight(
    _ w: Tensor, rank: Int, heads: Int, rules: LowRankRules
  ) -> LowRankWeight? {
    precondition(rank >= 1 && rank <= min(w.rows, w.columns), "a rank of the weight")
    guard rank < min(w.rows, w.columns) else { return nil }
    var (down, columns): (Tensor, [(rows: Range<Int>, up: Tensor)]) = (Tensor(zeros: [0, w.columns]), [])
    for part in rules.parts(w.rows, heads, rank) {
      let factors = rules.factors(SingularValues(of: w.selecting(rows: Array(part.rows))), part.rank)
      down = down.appending(factors.down)
      columns.append((part.rows, factors.up))
    }
    // Parts stand one below another and share nothing: up is their block diagonal.
    var (up, first) = (Tensor(zeros: [w.rows, down.rows]), 0)
    for (rows, block) in columns {
      for (r, row) in rows.enumerated() {
        for k in 0..<block.columns { up[row, first + k] = block[r, k] }
      }
      first += block.columns
    }
    return LowRankWeight(down: down, up: up)
  }

  /// κ = σ_max/σ_min of a weight; infinite or NaN where σ_min is 0.
  package static func condition(_ w: Tensor) -> Double {
    let values = SingularValues(of: w).values
    return values[0] / values[values.count - 1]
  }

  /// Ranks from the layers' κ(W_K)·κ(W_V), the deeper layers the lower ones; nil unless every κ is finite and above 0.
  ///
  ///     log κ̃_l = Σ_{j ≥ l} log κ_j, from the last layer to the first
  ///     r_l = round_half_even(most − (max log κ̃ − log κ̃_l)/(max log κ̃ − min log κ̃)·(most − least))
  ///
  /// Where all κ̃ are equal, every rank is `most`.
  package static func ranks(conditions: [Double], most: Int, least: Int) -> [Int]? {
    guard conditions.allSatisfy({ $0.isFinite && $0 > 0 }) else { return nil }
    var (sums, sum): ([Double], Double) = ([], 0)
    for condition in conditions.reversed() {
      sum += Elementary.logarithm(condition)
      sums.append(sum)
    }
    sums.reverse()
    guard let highest = sums.max(), let lowest = sums.min(), highest > lowest else {
      return conditions.map { _ in most }
    }
    return sums.map { sum in
      let share = (highest - sum) / (highest - lowest)
      return Int(Quantiser.roundedHalfEven(Double(most) - share * Double(most - least)))
    }
  }
}

// MARK: - In a decoder

extension LowRank {
  /// A Llama whose keys and values pass through weights of low rank, at the prefill and later.
  ///
  /// Singular values are computed once, here. Throws if a weight cannot be read.
  package static func decoderRules(
    _ ranks: LowRanks, configuration: Configuration, weights: Weights, rules: LowRankRules
  ) throws(PeerReferenceError) -> DecoderRules {
    let (keys, values) = (rules.ranks(ranks.keys), rules.ranks(ranks.values))
    var factors: [[Projection: LowRankWeight]] = []
    for layer in 0..<configuration.layers {
      factors.append([:])
      for projection in Projection.allCases {
        guard let rank = rules.rank(projection, keys[layer], values[layer]) else { continue }
        let weight = try modelling(try weights.tensor(projection.name(ParameterName.layer(layer))))
        factors[layer][projection] = self.weight(
          weight, rank: rank, heads: configuration.heads.keyValue, rules: rules)
      }
    }
    let made = factors
    var decoder = DecoderRules.spec
    decoder.project = { layer, projection, x, weight, functions in
      guard let low = made[layer][projection], projection != .key || rules.storesUnrotated else {
        return functions.linear(x, weight: weight)
      }
      return low.forward(x, functions: functions)
    }
    guard rules.storesUnrotated else {
      decoder.write = { (rows) throws(PeerError) in
        try throughRotated(rows, made[rows.layer][.key], ranks)
      }
      return decoder
    }
    return decoder
  }

  /// What is left of a prefill: every entry, counted as what is stored for it, 16·T·(r_K + r_V) bits a layer; nil where
  /// that is what was written.
  package static func policy(_ ranks: LowRanks, rules: LowRankRules) -> CachePolicy? {
    guard rules.storesUnrotated else { return nil }
    return CachePolicy(name: Baseline.lorc.rawValue) { (layer, seen) throws(PeerError) in
      var cache = try LayerCache(whole: seen.key, seen.value, positions: seen.positions, heads: seen.heads)
      cache.bits = try ranks.bits(ofLayer: layer, tokens: seen.positions.count)
      return cache
    }
  }

  /// Rotated keys cast into the columns of up: for rules that store what is rotated.
  private static func throughRotated(
    _ rows: RowsToWrite, _ low: LowRankWeight?, _ ranks: LowRanks
  ) throws(PeerError) -> WrittenRows {
    let f = rows.functions
    var keys = rows.rotated(rows.all.key, to: rows.all.positions)
    if let low { keys = f.linear(f.linear(keys, weight: low.up.transposed()), weight: low.up) }
    let all = Array(rows.all.positions.indices)
    let seen = rows.fed.map { Array(0...$0) }
    return WrittenRows(
      query: rows.rotated(
        rows.all.query.selecting(rows: Array(rows.fed)), to: Array(rows.all.positions[rows.fed])),
      keys: keys, values: rows.all.value, visible: Array(repeating: seen, count: rows.heads.keyValue),
      alive: Array(repeating: all, count: rows.heads.keyValue),
      bits: try ranks.bits(ofLayer: rows.layer, tokens: all.count))
  }
}
