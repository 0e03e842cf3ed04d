// BAS-13: PyramidInfer: after a layer, which rows the next ones compute.

import LoMAPeers
import NaiveLlama

/// What PyramidInfer decides after a layer.
package struct PyramidRules: Sendable {
  /// BAS-13: the rows whose attention counts, given all rows alive and ρ: the last ρ.
  package var recent: @Sendable (_ rows: Int, _ recent: Int) -> Range<Int> = { rows, recent in rows - recent..<rows }
  /// BAS-13: w_r of the recent row r of ρ: from 1 to 1.2 in a line, (5(ρ − 1) + r)/(5(ρ − 1)), rounded once; 1 if ρ = 1.
  package var weight: @Sendable (_ row: Int, _ recent: Int) -> Double = { row, recent in
    recent == 1 ? 1 : Double(5 * (recent - 1) + row) / Double(5 * (recent - 1))
  }
  /// BAS-13: the heads of a mean, given H: all of them.
  package var heads: @Sendable (_ heads: Int) -> Range<Int> = { 0..<$0 }
  /// BAS-13: the context rows that rank above all others: the first four alive.
  package var sinks = 4
  /// BAS-13: the layer whose attention decides what goes on after a layer: that one.
  package var deciding: @Sendable (_ layer: Int) -> Int = { $0 }
  /// BAS-13: the positions of the rows that go on, given those that they have: the same.
  package var positions: @Sendable ([Int]) -> [Int] = { $0 }
  /// BAS-13: whether rows that do not go on are no longer computed, or only missing in the later layers' caches.
  package var prunesRows = true
  /// BAS-13: whether they are missing in the cache of the layer that decides, too.
  package var prunesDecidingLayer = false

  /// The rules of the Spec.
  package static let spec = PyramidRules()
}

/// What goes on after a layer, and the scores that said so.
package struct PyramidStep: Hashable, Sendable {
  /// Of the context rows, sinks too as computed: [n − ρ].
  package let scores: [Double]
  /// The rows that go on, ascending.
  package let choice: [Int]
}

/// The step between layers, and a decoder that takes it.
package enum PyramidInfer {
  /// From probabilities [H, n, n] of the n rows alive: the `count` best context rows, and the last ρ.
  ///
  ///     mean[r, i] = Σ_h A[h, r, i]/H                  by rising head
  ///     score_i    = Σ_r w_r·mean[n − ρ + r, i]/ρ      by rising r, for i < n − ρ
  ///
  /// The first four context rows rank above all others, the lower index first.
  package static func step(
    _ probabilities: Tensor, recent: Int, count: Int, forced: [Int]?, rules: PyramidRules
  ) -> PyramidStep {
    let (heads, n) = (probabilities.shape[0], probabilities.shape[2])
    precondition(recent >= 1 && recent <= n && count >= 0, "recent rows are alive")
    let context = n - recent
    let (rows, counted) = (rules.recent(n, recent), rules.heads(heads))
    let scores = (0..<context).map { i in
      var sum = 0.0
      for (r, row) in rows.enumerated() {
        var mean = 0.0
        for h in counted { mean += probabilities.values[(h * n + row) * n + i] }
        sum += rules.weight(r, recent) * (mean / Double(counted.count))
      }
      return sum / Double(rows.count)
    }
    return PyramidStep(
      scores: scores, choice: forced ?? choice(scores, recent: recent, count: count, rules: rules))
  }

  /// The rows that go on, ascending, given the scores of the context rows, ρ and the count.
  package static func choice(_ scores: [Double], recent: Int, count: Int, rules: PyramidRules) -> [Int] {
    let ranked = scores.indices.map { $0 < rules.sinks ? .infinity : scores[$0] }
    let kept = Scores.highest(min(count, scores.count), of: ranked)
    return kept + Array(scores.count..<scores.count + recent)
  }
}

// MARK: - In a decoder

extension PyramidInfer {
  /// The rows of the last layer so far that go on after it, by their place among those that entered it.
  private static func goingOn(
    _ seen: [Observation], alive: [Int], counts: RowCounts, rules: PyramidRules
  ) -> [Int] {
    let layer = seen.count - 1
    let deciding = seen[rules.deciding(layer)]
    let places = alive.map { row in deciding.rows.firstIndex(of: row) ?? 0 }
    return step(
      deciding.probabilities.among(places), recent: counts.recent, count: counts.counts[layer], forced: nil,
      rules: rules
    ).choice
  }

  /// A Llama that computes after each layer the rows that go on.
  package static func decoderRules(_ counts: RowCounts, rules: PyramidRules) -> DecoderRules {
    var decoder = DecoderRules.spec
    decoder.positionsGoingOn = rules.positions
    if rules.prunesRows {
      decoder.goOn = { (layer, seen) throws(PeerError) in
        goingOn(seen, alive: seen[layer].rows, counts: counts, rules: rules)
      }
    }
    return decoder
  }

  /// What is left of the prefill: every layer's rows that entered it, whole; nil where that is what was written.
  package static func policy(_ counts: RowCounts, rules: PyramidRules) -> CachePolicy? {
    guard !rules.prunesRows || rules.prunesDecidingLayer else { return nil }
    return CachePolicy(name: Baseline.pyramidInfer.rawValue) { (seen) throws(PeerError) in
      var caches: [LayerCache] = []
      var alive = seen.first?.rows ?? []
      for (layer, observation) in seen.enumerated() {
        if rules.prunesRows { alive = observation.rows }
        var next = alive
        if layer + 1 < seen.count {
          next = goingOn(Array(seen.prefix(layer + 1)), alive: alive, counts: counts, rules: rules).map { alive[$0] }
        }
        let kept = rules.prunesDecidingLayer ? next : alive
        let whole = try LayerCache(
          whole: observation.key, observation.value, positions: observation.positions, heads: observation.heads)
        caches.append(try whole.keeping { kept.contains(observation.rows[$0]) })
        alive = next
      }
      return caches
    }
  }
}

extension Tensor {
  /// Of probabilities [H, n, n] those of some rows among themselves: [H, rows, rows].
  fileprivate func among(_ rows: [Int]) -> Tensor {
    let (heads, n) = (shape[0], shape[2])
    guard rows != Array(0..<n) else { return self }
    var chosen: [Double] = []
    for h in 0..<heads {
      for r in rows {
        for i in rows { chosen.append(values[(h * n + r) * n + i]) }
      }
    }
    return Tensor(shape: [heads, rows.count, rows.count], values: chosen)
  }
}
