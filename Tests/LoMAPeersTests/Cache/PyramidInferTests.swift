// Spec chapter 19: PyramidInfer, BAS-13; its counts, the step between layers, and a decoder that takes it.

import LoMAPeers
import LoMAPeersReference
import NaiveLlama
import Testing

@Suite("19 BAS: PyramidInfer") struct PyramidInferTests {
  /// Causal probabilities [H, n, n], drawn.
  private func probabilities(_ heads: Int, _ n: Int, seed: UInt64) -> Tensor {
    var numbers = SeededNumbers(seed: seed)
    var p = Tensor(zeros: [heads, n, n])
    for h in 0..<heads {
      for r in 0..<n {
        let weights = Attention.softmax((0...r).map { _ in 2 * numbers.dyadicNormal() })
        for (i, weight) in weights.enumerated() { p.values[(h * n + r) * n + i] = weight }
      }
    }
    return p
  }

  /// Models with rows enough to prune, and counts for them.
  private func samples(_ count: Int, seed: UInt64) throws -> [(sample: CachedSample, counts: RowCounts)] {
    var numbers = SeededNumbers(seed: seed)
    return try someCached(count, seed: seed).map { plain in
      let sample = plain.with {
        $0.layers = 2 + numbers.integer(below: 3)
        $0.prefill = 8 + numbers.integer(below: 6)
        $0.textLength = $0.prefill + numbers.integer(below: 3)
      }
      let recent = 1 + numbers.integer(below: 3)
      var left = sample.prefill - recent
      let counts = (1..<sample.layers).map { _ in
        left = max(0, left - 1 - numbers.integer(below: 2))
        return left
      }
      return (sample, try RowCounts(tokens: sample.prefill, recent: recent, counts: counts))
    }
  }

  private func forward(
    _ sample: CachedSample, _ counts: RowCounts, _ rules: PyramidRules = .spec, passLength: Int = 2
  ) throws -> CachedForward {
    try sample.with { $0.rules = PyramidInfer.decoderRules(counts, rules: rules) }
      .forward(PyramidInfer.policy(counts, rules: rules), passLength: passLength)
  }

  // MARK: - Counts

  @Test func `BAS-13 the rows that enter each layer, and their bits, by hand`() throws {
    let counts = try RowCounts(tokens: 10, recent: 3, counts: [5, 6, 0])
    // 10 rows, then 5 + 3, then no more than the 5 context rows alive, then the recent ones alone.
    #expect(counts.entering == [10, 8, 8, 3])
    #expect(try counts.bits(heads: 2, dimension: 4) == 2 * 2 * 4 * 16 * 29)
    #expect(try RowCounts(tokens: 10, recent: 3, counts: [7, 9]).bits(heads: 1, dimension: 2) == 2 * 2 * 16 * 30)
    #expect(try RowCounts(tokens: 1, recent: 1, counts: []).entering == [1])
    for (tokens, recent, given, error) in [
      (4, 0, [0], PeerError.windowOutOfRange(0, limit: 4)), (4, 5, [-1], .windowOutOfRange(5, limit: 4)),
      (4, 2, [1, -1], .prunedOutOfRange(-1, limit: 2)),
    ] {
      #expect(throws: error) { try RowCounts(tokens: tokens, recent: recent, counts: given) }
    }
    #expect(throws: PeerError.cacheSizeOutOfRange) { try counts.bits(heads: .max / 2, dimension: 2) }
  }

  // MARK: - The step

  @Test func `BAS-13 the step by hand, and with ρ = 1 the weight 1`() {
    // One head, six rows, ρ = 2: score_i = (1·A[4, i] + 1.2·A[5, i])/2.
    var p = Tensor(zeros: [1, 6, 6])
    for (i, a) in [0.125, 0.25, 0, 0.25, 0.375].enumerated() { p.values[4 * 6 + i] = a }
    for (i, a) in [0.25, 0.125, 0.125, 0.25, 0, 0.25].enumerated() { p.values[5 * 6 + i] = a }
    var rules = PyramidRules.spec
    rules.sinks = 1
    let step = PyramidInfer.step(p, recent: 2, count: 2, forced: nil, rules: rules)
    #expect(zip(step.scores, [0.2125, 0.2, 0.075, 0.275]).allSatisfy { ($0 - $1).magnitude < 1e-15 })
    #expect(step.choice == [0, 3, 4, 5])
    #expect(
      PyramidInfer.step(p, recent: 1, count: 9, forced: nil, rules: .spec).scores == [0.25, 0.125, 0.125, 0.25, 0])
    #expect(PyramidRules.spec.weight(0, 1) == 1 && PyramidRules.spec.weight(4, 5) == 1.2)
    #expect(PyramidRules.spec.weight(2, 5) == 1.1 && PyramidRules.spec.weight(0, 5) == 1)
  }

  @Test func `BAS-13 scores are weighted means, the best go on and the recent rows with them`() {
    for seed in UInt64(0)..<40 {
      var numbers = SeededNumbers(seed: seed)
      let (heads, n) = (1 + numbers.integer(below: 4), 6 + numbers.integer(below: 8))
      let recent = 1 + numbers.integer(below: n)
      let count = numbers.integer(below: n)
      let p = probabilities(heads, n, seed: seed &+ 1000)
      let step = PyramidInfer.step(p, recent: recent, count: count, forced: nil, rules: .spec)
      #expect(step.scores.count == n - recent)
      for (i, score) in step.scores.enumerated() {
        // All weights of the mean at once, in another order.
        var sum = 0.0
        for r in (0..<recent).reversed() {
          let w = recent == 1 ? 1.0 : 1 + 0.2 * Double(r) / Double(recent - 1)
          for h in 0..<heads { sum += w * p.values[(h * n + n - recent + r) * n + i] }
        }
        #expect((score - sum / Double(heads * recent)).magnitude <= 1e-14)
      }
      let context = step.choice.filter { $0 < n - recent }
      #expect(step.choice == step.choice.sorted() && context.count == min(count, n - recent))
      #expect(Array(step.choice.suffix(recent)) == Array(n - recent..<n))
      // The first four go before all others; of the rest none left out is better than one that goes on.
      let sinks = min(4, n - recent)
      #expect(context.prefix(sinks).elementsEqual(0..<min(sinks, count)))
      let out = (sinks..<max(sinks, n - recent)).filter { !context.contains($0) }
      for kept in context.dropFirst(sinks) { #expect(out.allSatisfy { step.scores[$0] <= step.scores[kept] }) }
      #expect(PyramidInfer.step(p, recent: recent, count: count, forced: [0, 2], rules: .spec).choice == [0, 2])
    }
  }

  @Test func `BAS-13 BAS-3 of equal scores the lower row goes on`() {
    var p = Tensor(zeros: [2, 9, 9])
    for h in 0..<2 {
      for i in 0..<8 { p.values[(h * 9 + 8) * 9 + i] = i == 6 ? 0.25 : 0.125 }
    }
    for (count, expected) in [(4, [0, 1, 2, 3]), (5, [0, 1, 2, 3, 6]), (6, [0, 1, 2, 3, 4, 6]), (2, [0, 1])] {
      #expect(PyramidInfer.step(p, recent: 1, count: count, forced: nil, rules: .spec).choice == expected + [8])
    }
  }

  // MARK: - In a decoder

  @Test func `BAS-13 BAS-7 counts of all context rows are full attention, bit for bit`() throws {
    for sample in someCached(20, seed: 13) {
      let counts = try RowCounts(
        tokens: sample.prefill, recent: 1, counts: Array(repeating: sample.prefill - 1, count: sample.layers - 1))
      let (plain, neutral) = (try sample.forward(nil), try forward(sample, counts))
      #expect(neutral.logits.bits == plain.logits.bits && neutral.caches == plain.caches)
      #expect(try neutral.bits == counts.bits(heads: sample.heads.keyValue, dimension: sample.heads.dimension))
    }
  }

  @Test func `BAS-13 each layer is the Llama's over the rows that entered it, bit for bit`() throws {
    for (sample, counts) in try samples(20, seed: 131) {
      let (transformer, pruned) = (try sample.transformer(), try forward(sample, counts))
      var x = try transformer.embed(Array(sample.text().prefix(sample.prefill)))
      var rows = Array(0..<sample.prefill)
      for layer in 0..<sample.layers {
        let trace = try transformer.forward(
          layer: layer, x, positions: rows, visible: .causal(rows: rows.count, behind: 0))
        #expect(pruned.prefill.layers[layer].rows == rows && pruned.prefill.layers[layer].output == trace.output)
        let cache = pruned.caches[layer]
        #expect(cache.alive.allSatisfy { $0 == rows } && cache.keys.selecting(rows: rows) == trace.own.keys)
        #expect(cache.values.selecting(rows: rows) == trace.own.values && cache.positions == Array(0..<sample.prefill))
        #expect(rows.count == counts.entering[layer])
        guard layer + 1 < sample.layers else { continue }
        let choice = PyramidInfer.step(
          trace.attention.probabilities, recent: counts.recent, count: counts.counts[layer], forced: nil, rules: .spec
        ).choice
        (x, rows) = (trace.output.selecting(rows: choice), choice.map { rows[$0] })
      }
      #expect(try pruned.bits == counts.bits(heads: sample.heads.keyValue, dimension: sample.heads.dimension))
      #expect(try forward(sample, counts, passLength: 1).logits.bits == pruned.logits.bits)
    }
  }

  @Test func `BAS-13 the prefill's last row changes too`() throws {
    var changed = 0
    for (sample, counts) in try samples(20, seed: 132) where sample.layers > 2 {
      if try forward(sample, counts).logits.row(0) != sample.forward(nil).logits.row(0) { changed += 1 }
    }
    #expect(changed > 0)
  }

  @Test func `BAS-13 every mistake of the list changes rows that follow`() throws {
    func wrong(_ change: (inout PyramidRules) -> Void) -> PyramidRules {
      var rules = PyramidRules.spec
      change(&rules)
      return rules
    }
    let mistakes: [(String, PyramidRules)] = [
      ("prunes the cache, not the rows", wrong { $0.prunesRows = false }),
      ("prunes before the layer", wrong { $0.prunesDecidingLayer = true }),
      ("rows renumbered", wrong { $0.positions = { Array($0.indices) } }),
      ("weights 1", wrong { $0.weight = { _, _ in 1 } }),
      ("no sinks", wrong { $0.sinks = 0 }),
      ("ρ off by one", wrong { $0.recent = { n, recent in max(n - recent - 1, 0)..<n } }),
      ("attention of one head", wrong { $0.heads = { _ in 0..<1 } }),
      ("another layer's choice", wrong { $0.deciding = { max($0 - 1, 0) } }),
    ]
    let samples = try samples(30, seed: 133).map { sample, counts in
      (sample.with { $0.textLength = $0.prefill + 2 }, counts)
    }
    for (name, rules) in mistakes {
      var changed = 0
      for (sample, counts) in samples {
        if try forward(sample, counts, rules).logits != forward(sample, counts).logits { changed += 1 }
      }
      #expect(changed > 0, "\(name)")
    }
  }
}
