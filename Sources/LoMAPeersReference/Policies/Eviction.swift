// BAS-12: the last entries stay, and of the others those that the last rows attend to most.

import LoMAPeers
import NaiveLlama

/// What eviction decides, as one value; a wrong one is another instance.
package struct EvictionRules: Sendable {
  /// The rows whose attention is summed, given w and T: the last w.
  package var scoringRows: @Sendable (_ window: Int, _ rows: Int) -> Range<Int> = { window, rows in rows - window..<rows
  }
  /// How many of the last entries stay whatever their scores, given w: w.
  package var protected: @Sendable (_ window: Int) -> Int = { $0 }
  /// The query heads whose attention is summed for a KV head: those that read it.
  package var scoringHeads: @Sendable (_ keyValueHead: Int, AttentionHeads) -> Range<Int> = { $1.group(of: $0) }
  /// The keys of what stays, given the entries kept by KV head: as they were, at their positions (BAS-5).
  package var keys: @Sendable (Observation, _ kept: [[Int]]) -> Tensor = { seen, _ in seen.key }

  /// The Spec's.
  package static let spec = EvictionRules()
}

/// Which entries of a layer stay.
package struct Eviction: Sendable {
  /// Of every entry before the window: [G, T − w].
  package let scores: Tensor
  /// By KV head, the entries that stay, ascending: min(B, T) of them.
  package let choice: [[Int]]

  /// Σ A[h, r, i] by rising head h of the group, then by rising row r of the window, from +0.0; the B − w entries of the
  /// highest sums stay, and the last w.
  ///
  /// A: [H, T, T]. `forced`, if not nil, is the choice. Throws `choiceOutOfRange`.
  package static func choose(
    _ probabilities: Tensor, heads: AttentionHeads, budget: EvictionBudget, forced: [[Int]]?,
    functions: LayerFunctions, rules: EvictionRules
  ) throws(PeerError) -> Eviction {
    let rows = probabilities.columns
    precondition(probabilities.shape == [heads.query, rows, rows], "a weight for each head, row and key")
    let earlier = rows - rules.protected(budget.window)
    var scores: [Double] = []
    for g in 0..<heads.keyValue {
      for i in 0..<earlier {
        var sum = 0.0
        for h in rules.scoringHeads(g, heads) {
          for r in rules.scoringRows(budget.window, rows) { sum += probabilities[h * rows + r, i] }
        }
        scores.append(sum)
      }
    }
    let rounded = functions.round(Tensor(shape: [heads.keyValue, earlier], values: scores))
    let kept = budget.kept(of: rows)
    if let forced {
      precondition(forced.count == heads.keyValue && forced.allSatisfy { $0.count == kept }, "B entries per KV head")
      for head in forced { try CacheChecks.ascending(head, below: rows) }
      return Eviction(scores: rounded, choice: forced)
    }
    let choice = (0..<heads.keyValue).map { g in
      Scores.highest(kept - (rows - earlier), of: Array(rounded.row(g))) + Array(earlier..<rows)
    }
    return Eviction(scores: rounded, choice: choice)
  }

  /// A layer of which these entries stay.
  static func cache(_ seen: Observation, kept: [[Int]], bits: Int, rules: EvictionRules) -> LayerCache {
    LayerCache(
      keys: rules.keys(seen, kept), values: seen.value, positions: seen.positions, alive: kept, bits: bits)
  }

  /// The same window and budget in every layer. The policy throws `windowOutOfRange` or `budgetBelowWindow` for a prefill that they
  /// do not fit.
  package static func policy(window: Int, budget: Int, rules: EvictionRules) -> CachePolicy {
    CachePolicy(name: Baseline.eviction.rawValue) { (_, seen) throws(PeerError) in
      let rows = seen.positions.count
      let budget = try EvictionBudget(window: window, budget: budget, rows: rows)
      let kept = try choose(
        seen.probabilities, heads: seen.heads, budget: budget, forced: nil, functions: seen.functions, rules: rules)
      return cache(
        seen, kept: kept.choice,
        bits: try budget.bits(rows: rows, heads: seen.heads.keyValue, dimension: seen.heads.dimension), rules: rules)
    }
  }
}
