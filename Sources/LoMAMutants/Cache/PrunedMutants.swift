// BAS-10, BAS-12, BAS-13: other entries, channels and rows that stay.

import LoMAAnswers
import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

extension Mutant {
  static var prunedBaselines: [Mutant] { channels + entries + budgets + rows }

  // MARK: - ThinK

  private static func think(
    _ id: String, _ sentence: String, on operations: Set<PeerOperation> = [.think, .cachedForward],
    where leavesRoom: @escaping @Sendable (AskedBaseline) -> Bool = { _ in true },
    _ change: @escaping @Sendable (inout ThinKRules) -> Void
  ) -> Mutant {
    .baseline(
      id, sentence, of: [.think], on: operations,
      where: { asked in asked.integer("pruned") > 0 && asked.rows > asked.integer("recent") && leavesRoom(asked) }
    ) { change(&$0.think) }
  }

  private static var channels: [Mutant] {
    [
      think("B01", "I pruned the recent keys too", where: { $0.integer("recent") > 0 }) {
        $0.prunedRows = { _, rows in 0..<rows }
      },
      think("B02", "I took the queries of all rows", where: { $0.integer("window") < $0.rows }) {
        $0.queryRows = { _, rows in 0..<rows }
      },
      think("B03", "I squared the mean of the queries") {
        $0.querySize = { numbers in
          let mean = numbers.reduce(0, +) / Double(max(1, numbers.count))
          return mean * mean
        }
      },
      think("B04", "I scored queries and keys before the rotation", on: [.cachedForward]) {
        $0.scored = { seen in
          let angles = seen.functions.angles(
            seen.positions, Rotation(headDimension: seen.heads.dimension, theta: seen.theta))
          return (query: seen.functions.rotateBackward(seen.query, by: angles), key: seen.unrotatedKey)
        }
      },
      think("B05", "I took the first query head of a group") {
        $0.queryHeads = { g, heads in heads.group(of: g).prefix(1) }
      },
      think("B06", "I pruned the highest channels", where: { $0.chooses }) {
        $0.prunes = { Scores.highest($0, of: $1) }
      },
      think("B07", "I pruned the values too", on: [.cachedForward]) {
        $0.values = { values, pruned in ThinK.without(pruned, in: values, rows: 0..<values.rows) }
      },
      think("B08", "I measured the old keys alone", where: { $0.integer("recent") > 0 }) {
        $0.keyRows = { $0.old(of: $1) }
      },
    ]
  }

  // MARK: - Eviction and ZigZagKV

  private static func eviction(
    _ id: String, _ sentence: String, on operations: Set<PeerOperation> = [.evict, .cachedForward],
    _ change: @escaping @Sendable (inout BaselineRules) -> Void
  ) -> Mutant {
    .baseline(
      id, sentence, of: [.eviction, .zigzag], on: operations,
      where: { $0.baseline == .zigzag || $0.integer("budget") < $0.rows && $0.integer("window") < $0.rows }, change)
  }

  private static var entries: [Mutant] {
    [
      eviction("B24", "I did not protect the window") { $0.eviction.protected = { _ in 0 } },
      eviction("B25", "I summed the attention of all rows") { $0.eviction.scoringRows = { _, rows in 0..<rows } },
      eviction("B26", "I made one choice for all KV heads") {
        $0.eviction.scoringHeads = { _, heads in 0..<heads.query }
      },
      eviction("B27", "I numbered the entries that stay from 0", on: [.cachedForward]) {
        $0.eviction.keys = { seen, kept in
          var keys = seen.key
          let d = seen.heads.dimension
          for (g, entries) in kept.enumerated() {
            var positions = seen.positions
            for (place, entry) in entries.enumerated() { positions[entry] = place }
            let turned = seen.rotated(seen.unrotatedKey, to: positions)
            for entry in entries {
              for column in g * d..<(g + 1) * d { keys[entry, column] = turned[entry, column] }
            }
          }
          return keys
        }
      },
      .baseline(
        "B28", "I numbered later rows from the number of entries that stay", of: [.eviction, .zigzag],
        on: [.cachedForward], where: { $0.feeds }
      ) {
        $0.decoder = { rules in
          var rules = rules
          rules.nextPosition = { _, caches in caches[0].alive[0].count }
          return rules
        }
      },
    ]
  }

  private static func zigzag(
    _ id: String, _ sentence: String, _ change: @escaping @Sendable (inout ZigZagRules) -> Void
  ) -> Mutant {
    .baseline(id, sentence, of: [.zigzag], on: [.zigzagBudgets, .cachedForward]) { change(&$0.zigzag) }
  }

  private static var budgets: [Mutant] {
    [
      zigzag("B21", "I gave every layer the same budget") {
        $0.budgets = { (needs, budget) throws(PeerError) in try budget.budgets(needs.map { _ in 1 }) }
      },
      zigzag("B22", "I gave the most to the layer that needs least") {
        $0.budgets = { (needs, budget) throws(PeerError) in
          try budget.budgets(needs.map { (needs.max() ?? 0) + (needs.min() ?? 0) - $0 })
        }
      },
      zigzag("B23", "I counted the entries that make up half of the attention") { $0.mass = 0.5 },
      zigzag("B29", "I shared the total without a least budget") {
        $0.budgets = { (needs, budget) throws(PeerError) in
          needs.map { max(1, budget.total * $0 / max(1, needs.reduce(0, +))) }
        }
      },
      zigzag("B30", "I rounded budgets down, and lost a part of the total") {
        $0.budgets = { (needs, budget) throws(PeerError) in
          needs.map {
            min(
              budget.rows,
              budget.least + (budget.total - budget.layers * budget.least) * $0 / max(1, needs.reduce(0, +)))
          }
        }
      },
    ]
  }

  // MARK: - PyramidInfer

  private static func pyramid(
    _ id: String, _ sentence: String, on operations: Set<PeerOperation> = [.pyramidStep, .cachedForward],
    where leavesRoom: @escaping @Sendable (AskedBaseline) -> Bool = { _ in true },
    _ change: @escaping @Sendable (inout PyramidRules) -> Void
  ) -> Mutant {
    .baseline(id, sentence, of: [.pyramidInfer], on: operations, where: leavesRoom) { change(&$0.pyramid) }
  }

  private static var rows: [Mutant] {
    [
      pyramid("B31", "I pruned the cache, and computed all rows", on: [.cachedForward]) { $0.prunesRows = false },
      pyramid("B32", "I pruned the rows before the layer whose attention decides", on: [.cachedForward]) {
        $0.prunesDecidingLayer = true
      },
      pyramid("B33", "I renumbered the rows that go on", on: [.cachedForward]) {
        $0.positions = { Array($0.indices) }
      },
      pyramid("B34", "I weighted all recent rows alike", where: { $0.integer("recent") > 1 }) {
        $0.weight = { _, _ in 1 }
      }
      // A tenth of a mean is within what bf16 may store of it on the way.
      .asked(in: [.f64, .f32, .f16]),
      pyramid("B35", "I did not keep the first four rows") { $0.sinks = 0 },
      pyramid("B36", "I took one recent row more") {
        $0.recent = { rows, recent in max(rows - recent - 1, 0)..<rows }
      },
      pyramid("B37", "I took the attention of the first head") { $0.heads = { _ in 0..<1 } },
      pyramid("B38", "I chose with the attention of the layer before", on: [.cachedForward]) {
        $0.deciding = { max($0 - 1, 0) }
      },
    ]
  }
}
