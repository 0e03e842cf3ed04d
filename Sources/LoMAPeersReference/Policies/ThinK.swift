// BAS-10: channels of keys that the last queries hardly use become 0, but not in the last keys.

import LoMAPeers
import NaiveLlama

/// What ThinK decides, as one value; a wrong one is another instance.
package struct ThinKRules: Sendable {
  /// Queries and keys that are scored: those of the cache, rotated.
  package var scored: @Sendable (Observation) -> (query: Tensor, key: Tensor) = { (query: $0.query, key: $0.key) }
  /// The rows whose queries are asked, of T.
  package var queryRows: @Sendable (ThinKChannels, _ rows: Int) -> Range<Int> = { $0.queries(of: $1) }
  /// The entries whose keys are measured, of T: all.
  package var keyRows: @Sendable (ThinKChannels, _ rows: Int) -> Range<Int> = { _, rows in 0..<rows }
  /// The query heads that are asked for a KV head: those that read it.
  package var queryHeads: @Sendable (_ keyValueHead: Int, AttentionHeads) -> Range<Int> = { $1.group(of: $0) }
  /// How large a channel of the queries is: the mean of its squares.
  package var querySize: @Sendable ([Double]) -> Double = { Scores.meanSquare($0) }
  /// The channels that are pruned, so many, given their scores: the lowest.
  package var prunes: @Sendable (_ count: Int, _ scores: [Double]) -> [Int] = { Scores.lowest($0, of: $1) }
  /// The entries whose keys lose them, of T.
  package var prunedRows: @Sendable (ThinKChannels, _ rows: Int) -> Range<Int> = { $0.old(of: $1) }
  /// Values of the layer, given the channels that its KV heads lose: as they were.
  package var values: @Sendable (Tensor, _ pruned: [[Int]]) -> Tensor = { values, _ in values }

  /// The Spec's.
  package static let spec = ThinKRules()
}

/// Which channels of a layer's keys are pruned, and the keys without them.
package struct ThinK: Sendable {
  /// Of every channel: [G, d].
  package let scores: Tensor
  /// By KV head, the channels that are pruned, ascending: p, or none if T ≤ R.
  package let choice: [[Int]]
  /// Keys as they are read: [T, G·d].
  package let keys: Tensor

  /// score_j = mean(q_j²)·mean(k_j²), of the last w_q queries of the group and of all keys, sums by rising head, then by
  /// rising row, from +0.0.
  ///
  /// Queries [T, H·d], keys [T, G·d], rotated. `forced`, if not nil, is the choice. Throws `choiceOutOfRange`.
  package static func prune(
    query: Tensor, key: Tensor, heads: AttentionHeads, channels: ThinKChannels, forced: [[Int]]?,
    functions: LayerFunctions, rules: ThinKRules
  ) throws(PeerError) -> ThinK {
    try prune(key, scored: (query, key), heads, channels, forced, functions, rules)
  }

  private static func prune(
    _ key: Tensor, scored: (query: Tensor, key: Tensor), _ heads: AttentionHeads, _ channels: ThinKChannels,
    _ forced: [[Int]]?, _ functions: LayerFunctions, _ rules: ThinKRules
  ) throws(PeerError) -> ThinK {
    let (rows, d) = (key.rows, heads.dimension)
    precondition(scored.query.columns == heads.query * d && key.columns == heads.keyValue * d, "widths of the heads")
    precondition(scored.query.rows == rows && scored.key.shape == key.shape, "a query and a key per row")
    var scores: [Double] = []
    for g in 0..<heads.keyValue {
      for j in 0..<d {
        let queries = rules.queryHeads(g, heads).flatMap { h in
          rules.queryRows(channels, rows).map { scored.query[$0, h * d + j] }
        }
        let keys = rules.keyRows(channels, rows).map { scored.key[$0, g * d + j] }
        scores.append(rules.querySize(queries) * Scores.meanSquare(keys))
      }
    }
    let rounded = functions.round(Tensor(shape: [heads.keyValue, d], values: scores))
    let count = channels.prunedChannels(rows: rows)
    if let forced {
      precondition(forced.count == heads.keyValue && forced.allSatisfy { $0.count == count }, "p channels per KV head")
      for head in forced { try CacheChecks.ascending(head, below: d) }
    }
    let choice = forced ?? (0..<heads.keyValue).map { rules.prunes(count, Array(rounded.row($0))) }
    return ThinK(
      scores: rounded, choice: choice,
      keys: without(choice, in: key, rows: rules.prunedRows(channels, rows)))
  }

  /// Numbers [T, G·d] with these channels of each head +0.0 in some rows.
  package static func without(_ channels: [[Int]], in x: Tensor, rows: Range<Int>) -> Tensor {
    var kept = x
    let d = x.columns / channels.count
    for (g, pruned) in channels.enumerated() {
      for r in rows {
        for j in pruned { kept[r, g * d + j] = 0 }
      }
    }
    return kept
  }

  /// The same counts in every layer. The policy throws `windowOutOfRange` or `prunedOutOfRange` for those that do not fit.
  package static func policy(window: Int, pruned: Int, recent: Int, rules: ThinKRules) -> CachePolicy {
    CachePolicy(name: Baseline.think.rawValue) { (_, seen) throws(PeerError) in
      let (rows, heads) = (seen.positions.count, seen.heads)
      let channels = try ThinKChannels(
        window: window, pruned: pruned, recent: recent, dimension: heads.dimension, rows: rows)
      let made = try prune(seen.key, scored: rules.scored(seen), heads, channels, nil, seen.functions, rules)
      return LayerCache(
        keys: made.keys, values: rules.values(seen.value, made.choice), positions: seen.positions,
        alive: Array(repeating: Array(0..<rows), count: heads.keyValue),
        bits: try channels.bits(rows: rows, heads: heads.keyValue, dimension: heads.dimension))
    }
  }
}
