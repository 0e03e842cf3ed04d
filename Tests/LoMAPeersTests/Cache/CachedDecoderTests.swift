// Spec chapter 19: the decoder over cached entries against the Llama, LoMA's generator and compressed context memory, of which
// it knows nothing: BAS-1, BAS-5, BAS-7, BAS-8, BAS-9.

import LoMA
import LoMAPeers
import LoMAPeersReference
import LoMAReference
import NaiveLlama
import Testing

@Suite("19 BAS: the decoder over cached entries") struct CachedDecoderTests {
  @Test func `BAS-7 BAS-9 without a method it is the Llama, bit for bit, logits and cached entries`() throws {
    let narrow: @Sendable (Tensor) -> Tensor = { x in
      Tensor(shape: x.shape, values: x.values.map { SeededNumbers.roundedToEightBits($0) })
    }
    for (index, plain) in someCached(20, seed: 1).enumerated() {
      let sample = index % 4 == 3 ? plain.with { $0.round = narrow } : plain
      let whole = try sample.whole()
      let rows = Array(sample.prefill - 1..<sample.textLength)
      for passLength in [1, 3, Int.max] {
        for policy in [nil, CachePolicy.none] {
          let forward = try sample.forward(policy, passLength: passLength)
          #expect(forward.logits.bits == whole.logits.bits(rows), "\(sample)")
          for (layer, cache) in zip(whole.layers, forward.after) {
            #expect(cache.keys.bits == layer.own.keys.bits && cache.values.bits == layer.own.values.bits)
            #expect(cache.positions == Array(0..<sample.textLength))
            #expect(cache.alive.allSatisfy { $0 == Array(0..<sample.textLength) })
          }
          #expect(
            try forward.bits
              == 2 * sample.layers * sample.heads.keyValue * sample.heads.dimension * 16 * sample.prefill)
        }
      }
    }
  }

  @Test func `BAS-1 an observation is what the Llama computed`() throws {
    for sample in someCached(10, seed: 2) {
      let transformer = try sample.transformer()
      let tokens = Array(sample.text().prefix(sample.prefill))
      let trace = try transformer.forward(
        embeddings: try transformer.embed(tokens), positions: Array(0..<tokens.count),
        visible: .causal(rows: tokens.count, behind: 0), past: transformer.noPast)
      for (seen, layer) in zip(try sample.observations(), trace.layers) {
        #expect(seen.query == layer.query && seen.key == layer.own.keys && seen.value == layer.own.values)
        #expect(seen.probabilities == layer.attention.probabilities)
        #expect(seen.rotated(seen.unrotatedKey, to: seen.positions) == seen.key)
        #expect(seen.positions == Array(tokens.indices) && seen.rows == seen.positions)
      }
    }
  }

  @Test func `BAS-1 a prefill has at least one token, and at most those of the text`() throws {
    let sample = CachedSample()
    for prefill in [0, 13] {
      #expect(throws: PeerReferenceError.rejected(.prefillOutOfRange(prefill, limit: 12))) {
        try sample.with { $0.prefill = prefill }.forward(nil)
      }
    }
  }

  /// A method that leaves each KV head other entries, by number.
  private func keeping(_ isKept: @escaping @Sendable (_ head: Int, _ entry: Int) -> Bool) -> CachePolicy {
    CachePolicy(name: "some") { (_, seen) throws(PeerError) in
      var cache = try LayerCache(
        whole: seen.key, seen.value, positions: seen.positions, heads: seen.heads)
      for g in cache.alive.indices { cache.alive[g].removeAll { !isKept(g, $0) } }
      return cache
    }
  }

  @Test func `BAS-9 each KV head reads its own entries, and those dropped have no part in anything`() throws {
    for sample in someCached(20, seed: 3) where sample.textLength > sample.prefill {
      let keeps: @Sendable (Int, Int) -> Bool = { ($0 + $1) % 3 != 0 }
      let forward = try sample.forward(keeping(keeps))
      // The same with what is dropped poisoned.
      let poisoned = CachePolicy(name: "poisoned") { (_, seen) throws(PeerError) in
        var cache = try LayerCache(
          whole: seen.key, seen.value, positions: seen.positions, heads: seen.heads)
        for g in cache.alive.indices {
          cache.alive[g].removeAll { !keeps(g, $0) }
          for entry in 0..<cache.count where !keeps(g, entry) {
            for i in 0..<seen.heads.dimension {
              cache.keys[entry, g * seen.heads.dimension + i] = .nan
              cache.values[entry, g * seen.heads.dimension + i] = .nan
            }
          }
        }
        return cache
      }
      #expect(try sample.forward(poisoned).logits.bits == forward.logits.bits, "\(sample)")
      // Rows that follow are whole, in every KV head.
      for cache in forward.after {
        for (g, alive) in cache.alive.enumerated() {
          #expect(
            alive == (0..<sample.prefill).filter { keeps(g, $0) } + Array(sample.prefill..<sample.textLength))
        }
      }
    }
  }

  @Test func `BAS-9 attention of later rows by plain loops, each query head over its KV head's entries`() throws {
    for sample in someCached(20, seed: 7) where sample.textLength > sample.prefill {
      let (decoder, heads, t) = (try sample.decoder(), sample.heads, sample.prefill)
      let forward = try sample.with { $0.textLength = t }.forward(keeping { g, entry in (g + entry) % 2 == 0 })
      let rows = sample.textLength - t
      let trace = try decoder.feed(
        embeddings: try decoder.embed(Array(sample.text().suffix(rows))), positions: Array(t..<t + rows),
        visible: .causal(rows: rows, behind: t), past: forward.caches)
      for (layer, before) in zip(trace.layers, forward.caches) {
        for r in 0..<rows {
          for h in 0..<heads.query {
            let g = h * heads.keyValue / heads.query
            let seen = before.alive[g] + Array(t...t + r)
            let weights = seen.map { j in
              let dot = (0..<heads.dimension).reduce(0.0) {
                $0 + layer.query[r, h * heads.dimension + $1] * layer.read.keys[j, g * heads.dimension + $1]
              }
              return Elementary.exponential(dot / Double(heads.dimension).squareRoot())
            }
            let all = weights.reduce(0, +)
            for i in 0..<heads.dimension {
              let sum = zip(seen, weights).reduce(0.0) {
                $0 + $1.1 / all * layer.read.values[$1.0, g * heads.dimension + i]
              }
              #expect((layer.attention.context[r, h * heads.dimension + i] - sum).magnitude <= 1e-10, "\(sample)")
            }
          }
        }
      }
    }
  }

  @Test func `BAS-9 with one KV head dropping entries is what a mask hides`() throws {
    for sample in someCached(15, seed: 4) where sample.heads.keyValue == 1 {
      let (transformer, tokens, t) = (try sample.transformer(), sample.text(), sample.prefill)
      let keeps: @Sendable (Int) -> Bool = { $0 % 2 == 1 }
      // Rows of the prefill see all of it, later ones what is left and each other.
      let lists = tokens.indices.map { r in (0...r).filter { r < t || $0 >= t || keeps($0) } }
      let trace = try transformer.forward(
        embeddings: try transformer.embed(tokens), positions: Array(tokens.indices),
        visible: VisibleKeys(lists: lists, keyCount: tokens.count), past: transformer.noPast)
      let forward = try sample.forward(keeping { _, entry in keeps(entry) })
      #expect(forward.logits.bits == trace.logits.bits(t - 1..<tokens.count), "\(sample)")
    }
  }

  @Test func `BAS-5 later rows stand behind the prefill, whatever is left of it`() throws {
    let sample = CachedSample()
    let policy = keeping { _, entry in entry > 5 }
    #expect(try sample.forward(policy).after[0].positions == Array(0..<12))
    var rules = DecoderRules.spec
    rules.nextPosition = { _, caches in caches[0].alive[0].count }
    let wrong = try sample.with { $0.rules = rules }.forward(policy)
    #expect(wrong.after[0].positions == Array(0..<8) + [2, 3, 4, 5])
    #expect(try wrong.logits != sample.forward(policy).logits)
  }

  @Test func `BAS-9 feeding leaves the caches as they were`() throws {
    let sample = CachedSample(textLength: 8)
    let (decoder, forward) = (try sample.decoder(), try sample.forward(nil))
    let before = forward.after
    let embeddings = try decoder.embed([1, 2, 3])
    func feed(_ sees: (Int, Int) -> Bool) throws -> CachedTrace {
      try decoder.feed(
        embeddings: embeddings, positions: [2, 3, 4], visible: .causal(rows: 3, behind: 8, sees: sees), past: before)
    }
    let (first, second) = (try feed { _, entry in entry < 4 }, try feed { _, entry in entry >= 4 })
    #expect(first.logits != second.logits)
    #expect(try feed { _, entry in entry < 4 }.logits == first.logits)
    #expect(first.caches[0].count == 11 && before[0].count == 8)
    // Entries that no row sees have no part: they could as well be dropped.
    let dropped = try before.map { try $0.keeping { $0 < 4 } }
    let alone = try decoder.feed(
      embeddings: embeddings, positions: [2, 3, 4], visible: .causal(rows: 3, behind: 8), past: dropped)
    #expect(alone.logits == first.logits)
    #expect(dropped[0].bits == 2 * 2 * 4 * 16 * 4)
  }

  @Test func `BAS-8 a layer that nobody reads keeps nothing, and a reader of another reads that one's`() throws {
    var rules = DecoderRules.spec
    rules.source = { $0 == 1 ? 0 : $0 }
    let sample = CachedSample(layers: 3, rules: rules)
    let (decoder, forward) = (try sample.decoder(), try sample.forward(CachePolicy.none))
    #expect(forward.caches.map { $0.count } == [8, 0, 8])
    #expect(decoder.asRead(forward.caches).map { $0.keys } == [0, 0, 2].map { forward.caches[$0].keys })
    #expect(try forward.bits == 2 * 2 * 2 * 4 * 16 * 8)
    #expect(try forward.logits.bits == sample.forward(nil, passLength: 1).logits.bits)
    // All rows at once, with layer 1 reading layer 0's entries: the prefill is the whole text.
    let all = try sample.with { $0.prefill = 12 }.forward(nil)
    #expect(forward.logits.bits == all.prefill.logits.bits(7..<12))
    #expect(try forward.logits != CachedSample(layers: 3).forward(nil).logits)
  }

  @Test func `BAS-8 rows that stop between layers leave no entry behind them`() throws {
    var rules = DecoderRules.spec
    rules.goOn = { (layer, soFar) throws(PeerError) in
      let rows = soFar[layer].rows
      return rows.indices.filter { rows[$0] % 3 != layer || rows[$0] == 7 }
    }
    let sample = CachedSample(layers: 3, rules: rules)
    let forward = try sample.forward(CachePolicy.none, passLength: 1)
    let left = [[0, 1, 2, 3, 4, 5, 6, 7], [1, 2, 4, 5, 7], [2, 5, 7]]
    #expect(forward.prefill.layers.map { $0.rows } == left)
    #expect(forward.prefill.rows == left[2] && forward.prefill.logits.rows == 3)
    for (layer, cache) in forward.caches.enumerated() {
      #expect(cache.alive == [left[layer], left[layer]] && cache.count == 8)
      #expect(cache.bits == 2 * 2 * 4 * 16 * left[layer].count)
      for entry in 0..<8 where !left[layer].contains(entry) {
        #expect(cache.keys.row(entry).allSatisfy { $0 == 0 })
      }
    }
    #expect(try forward.logits.bits == sample.forward(nil).logits.bits)
    // Layer 0 was computed whole, as in the Llama.
    #expect(try forward.prefill.layers[0].output.bits == sample.whole().layers[0].output.bits(0..<8))
    // As a Llama whose later layers hide what stopped.
    let transformer = try sample.transformer()
    let tokens = Array(sample.text().prefix(8))
    var functions = sample.functions
    functions.visibleInLayer = { visible, layer in
      let lists = (0..<8).map { r in (0...r).filter { left[layer].contains($0) || $0 == r } }
      return layer == 0 ? visible : VisibleKeys(lists: lists, keyCount: 8)
    }
    let hiding = Transformer(
      configuration: transformer.configuration, weights: transformer.weights, functions: functions)
    let trace = try hiding.forward(
      embeddings: try hiding.embed(tokens), positions: Array(0..<8), visible: .causal(rows: 8, behind: 0),
      past: hiding.noPast)
    #expect(trace.logits.bits(left[2]) == forward.prefill.logits.bits)
  }
}
