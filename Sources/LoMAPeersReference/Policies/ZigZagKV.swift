// BAS-12: layers whose attention is spread over more entries get a larger budget; then eviction.

import LoMAPeers
import NaiveLlama

/// What ZigZagKV decides, as one value; a wrong one is another instance.
package struct ZigZagRules: Sendable {
  /// The share of a head's attention that its entries have to make up.
  package var mass = 0.9
  /// B_l by layer, given what the heads of each layer need together.
  package var budgets: @Sendable (_ needs: [Int], ZigZagBudget) throws(PeerError) -> [Int] = {
    (needs, budget) throws(PeerError) in try budget.budgets(needs)
  }
  /// What stays within a layer's budget.
  package var eviction = EvictionRules.spec

  /// The Spec's.
  package static let spec = ZigZagRules()
}

/// The budgets of all layers.
package struct ZigZagKV: Sendable {
  /// By layer and query head, the least number of entries that make up 0.9 of its attention.
  package let counts: [[Int]]
  /// B_l.
  package let budgets: [Int]

  /// Probabilities of each layer, [H, T, T] → counts and budgets. Throws what the budgets throw.
  package static func share(
    _ layers: [Tensor], heads: AttentionHeads, budget: ZigZagBudget, rules: ZigZagRules
  ) throws(PeerError) -> ZigZagKV {
    let counts = layers.map { probabilities in
      (0..<heads.query).map { h in
        count(attention(probabilities, head: h, window: budget.window), mass: rules.mass)
      }
    }
    var needs: [Int] = []
    for layer in counts {
      var need = 0
      for count in layer { need = try StoredBits.sum(need, count) }
      needs.append(need)
    }
    return ZigZagKV(counts: counts, budgets: try rules.budgets(needs, budget))
  }

  /// A head's attention to each entry: the mean over the last w rows, summed by rising row from +0.0.
  private static func attention(_ probabilities: Tensor, head h: Int, window: Int) -> [Double] {
    let rows = probabilities.columns
    return (0..<rows).map { i in
      var sum = 0.0
      for r in rows - window..<rows { sum += probabilities[h * rows + r, i] }
      return sum / Double(window)
    }
  }

  /// The least n whose n largest weights, summed from +0.0 in falling order, reach that share of the sum of all.
  private static func count(_ weights: [Double], mass: Double) -> Int {
    var (sum, sums) = (0.0, [Double]())
    for weight in weights.sorted(by: >) {
      sum += weight
      sums.append(sum)
    }
    let enough = mass * sum
    return 1 + (sums.firstIndex { $0 >= enough } ?? sums.count - 1)
  }

  /// One total for all layers. The policy throws `windowOutOfRange` or `budgetOutOfRange` for a prefill that it does not fit.
  package static func policy(window: Int, total: Int, least: Int, rules: ZigZagRules) -> CachePolicy {
    CachePolicy(name: Baseline.zigzag.rawValue) { (observations) throws(PeerError) in
      guard let first = observations.first else { return [] }
      let (heads, rows) = (first.heads, first.positions.count)
      let shared = try ZigZagBudget(
        window: window, total: total, least: least, layers: observations.count, rows: rows)
      let budgets = try share(observations.map { $0.probabilities }, heads: heads, budget: shared, rules: rules).budgets
      var caches: [LayerCache] = []
      for (seen, most) in zip(observations, budgets) {
        // A wrong rule may give a layer less than its window.
        let budget = try EvictionBudget(window: min(window, max(most, 1)), budget: max(most, 1), rows: rows)
        let kept = try Eviction.choose(
          seen.probabilities, heads: heads, budget: budget, forced: nil, functions: seen.functions,
          rules: rules.eviction)
        caches.append(
          Eviction.cache(
            seen, kept: kept.choice,
            bits: try budget.bits(rows: rows, heads: heads.keyValue, dimension: heads.dimension),
            rules: rules.eviction))
      }
      return caches
    }
  }
}
