// Spec chapter 19: DMC, BAS-15; runs, pooling token by token and at once, and a decoder that writes so.

import LoMAPeers
import LoMAPeersReference
import NaiveLlama
import Testing

@Suite("19 BAS: DMC") struct DynamicMemoryTests {
  private let f = LayerFunctions.llama(workers: .single)

  /// What tokens project to; the channel that decides has the mean and deviation given, in keys and queries.
  private func tokens(
    _ heads: AttentionHeads, count: Int, key: (Double, Double) = (5, 3), query: (Double, Double) = (-5, 3),
    seed: UInt64
  ) -> ProjectedRows {
    var numbers = SeededNumbers(seed: seed)
    func drawn(_ head: Int, _ decides: (Double, Double)?) -> Tensor {
      var x = Tensor(
        shape: [count, head * heads.dimension],
        values: numbers.deviates(count * head * heads.dimension, mean: 0, standardDeviation: 1))
      guard let decides else { return x }
      for index in stride(from: heads.dimension - 1, to: x.values.count, by: heads.dimension) {
        x.values[index] = numbers.deviate(mean: decides.0, standardDeviation: decides.1)
      }
      return x
    }
    return ProjectedRows(
      query: drawn(heads.query, query), key: drawn(heads.keyValue, key), value: drawn(heads.keyValue, nil),
      positions: Array(0..<count))
  }

  private func pool(
    _ tokens: ProjectedRows, _ heads: AttentionHeads, _ rules: PoolingRules = .spec
  ) -> PooledTokens {
    DynamicMemoryCompression.pool(tokens, heads: heads, theta: 100, functions: f, rules: rules)
  }

  /// Heads and tokens in which runs of several lengths stand.
  private func drawn(_ count: Int, seed: UInt64) -> [(heads: AttentionHeads, tokens: ProjectedRows)] {
    var numbers = SeededNumbers(seed: seed)
    return (0..<count).map { index in
      let (query, keyValue) = [(4, 4), (4, 2), (4, 1), (3, 1), (6, 3)][index % 5]
      let heads = AttentionHeads(query: query, keyValue: keyValue, dimension: [4, 6][index % 2])
      return (heads, tokens(heads, count: 1 + numbers.integer(below: 14), seed: numbers.next()))
    }
  }

  // MARK: - Runs

  @Test func `BAS-15 runs, what rows see of them and their bits, by hand`() throws {
    let runs = PooledRuns(starts: [true, false, true, true, false, false])
    #expect(runs.ends == [1, 2, 5])
    #expect((0..<6).map { runs.first(ofToken: $0) } == [0, 0, 2, 3, 3, 3])
    #expect((0..<6).map { runs.visible(toRow: $0) } == [[0], [1], [1, 2], [1, 2, 3], [1, 2, 4], [1, 2, 5]])
    #expect(PooledRuns(starts: []).ends == [])
    #expect(try PooledRuns.bits(entries: 3, dimension: 4) == 2 * 4 * 16 * 3)
    #expect(throws: PeerError.cacheSizeOutOfRange) { try PooledRuns.bits(entries: .max / 2, dimension: 4) }
    var numbers = SeededNumbers(seed: 15)
    for _ in 0..<100 {
      let starts = (0..<1 + numbers.integer(below: 9)).map { $0 == 0 || numbers.integer(below: 2) == 0 }
      let runs = PooledRuns(starts: starts)
      for t in starts.indices {
        // Every run that is over, and the one that is not: as many entries as have begun.
        #expect(runs.visible(toRow: t) == PooledRuns(starts: Array(starts[...t])).ends)
        #expect(runs.visible(toRow: t).count == starts[...t].count { $0 })
      }
    }
  }

  @Test func `BAS-15 a token begins an entry unless its channel is above 5, and weighs by its queries`() {
    #expect(PoolingRules.spec.starts([9, 5, 5.5, -7, 6]) == [true, true, false, true, false])
    #expect(PoolingRules.spec.weight(-5) == 0.5 && PoolingRules.spec.weight(-800) == 0)
    #expect((PoolingRules.spec.weight(-4) - 0.7310585786300049).magnitude < 1e-16)
    let heads = AttentionHeads(query: 4, keyValue: 2, dimension: 4)
    let tokens = tokens(heads, count: 6, seed: 1)
    let pooled = pool(tokens, heads)
    for g in 0..<2 {
      for t in 0..<6 {
        let mean = (tokens.query[t, 8 * g + 3] + tokens.query[t, 8 * g + 7]) / 2
        #expect((pooled.weights[g, t] - 1 / (1 + Elementary.exponential(-mean - 5))).magnitude < 1e-15)
      }
    }
  }

  // MARK: - Pooling

  @Test func `BAS-15 an entry is the weighted mean of its tokens, rotated where the last one stands`() {
    for (heads, tokens) in drawn(30, seed: 151) {
      let (pooled, d) = (pool(tokens, heads), heads.dimension)
      for g in 0..<heads.keyValue {
        for t in tokens.positions.indices {
          let run = pooled.runs[g].first(ofToken: t)...t
          let z = run.reduce(0.0) { $0 + pooled.weights[g, $1] }
          func mean(_ x: Tensor, _ i: Int) -> Double {
            run.reduce(0.0) { $0 + pooled.weights[g, $1] * x[$1, g * d + i] } / z
          }
          var key = Tensor(rows: [(0..<d).map { $0 == d - 1 ? 0 : mean(tokens.key, $0) }], width: d)
          key = RotaryPosition.forward(key, angles: RotaryAngles(positions: [t], headDimension: d, theta: 100))
          for i in 0..<d {
            #expect((pooled.values[t, g * d + i] - mean(tokens.value, i)).magnitude <= 1e-13)
            let expected = i == d - 1 ? 0 : key[0, i]
            #expect((pooled.keys[t, g * d + i] - expected).magnitude <= 1e-13)
          }
        }
      }
      #expect((try? pooled.bits(dimension: d)) == 32 * d * pooled.runs.reduce(0) { $0 + $1.ends.count })
    }
  }

  @Test func `BAS-15 one entry at a time with a state of key, value and weight has the same bits`() {
    for (heads, tokens) in drawn(30, seed: 152) {
      let (pooled, d, group) = (pool(tokens, heads), heads.dimension, heads.query / heads.keyValue)
      let context = DynamicMemoryCompression.attend(pooled, heads: heads, functions: f)
      for g in 0..<heads.keyValue {
        var entries: [(key: [Double], value: [Double], z: Double, position: Int)] = []
        for t in tokens.positions.indices {
          let key = Array(tokens.key.row(t)[(t * heads.keyValue + g) * d..<(t * heads.keyValue + g + 1) * d])
          let value = Array(tokens.value.row(t)[(t * heads.keyValue + g) * d..<(t * heads.keyValue + g + 1) * d])
          let weight = pooled.weights[g, t]
          if t == 0 || key[d - 1] <= 5 {
            entries.append((key, value, weight, t))
          } else {
            let last = entries.removeLast()
            let z = last.z + weight
            func pooled(_ a: [Double], _ b: [Double]) -> [Double] {
              zip(a, b).map { (last.z * $0 + weight * $1) / z }
            }
            entries.append((pooled(last.key, key), pooled(last.value, value), z, t))
          }
          let places = entries.map { $0.position }
          var keys = Tensor(rows: entries.map { $0.key }, width: d)
          for row in 0..<keys.rows { keys[row, d - 1] = 0 }
          keys = RotaryPosition.forward(keys, angles: RotaryAngles(positions: places, headDimension: d, theta: 100))
          for row in 0..<keys.rows { keys[row, d - 1] = 0 }
          let seen = pooled.query.columns(g * group * d..<(g + 1) * group * d).selecting(rows: [t])
          let output = Attention.forward(
            seen, keys, Tensor(rows: entries.map { $0.value }, width: d),
            visible: VisibleKeys(lists: [Array(places.indices)], keyCount: places.count),
            heads: AttentionHeads(query: group, keyValue: 1, dimension: d), workers: .single)
          #expect(
            output.context.bits == context.columns(g * group * d..<(g + 1) * group * d).selecting(rows: [t]).bits)
        }
      }
    }
  }

  @Test func `BAS-15 BAS-7 with no channel above 5 it is attention without that channel, bit for bit`() throws {
    for (heads, _) in drawn(10, seed: 153) {
      let tokens = tokens(heads, count: 9, key: (0, 1), seed: 154)
      let pooled = pool(tokens, heads)
      let angles = RotaryAngles(positions: tokens.positions, headDimension: heads.dimension, theta: 100)
      func without(_ x: Tensor) -> Tensor {
        func cleared(_ x: Tensor) -> Tensor {
          var x = x
          for i in stride(from: heads.dimension - 1, to: x.values.count, by: heads.dimension) { x.values[i] = 0 }
          return x
        }
        return cleared(RotaryPosition.forward(cleared(x), angles: angles))
      }
      let whole = Attention.forward(
        without(tokens.query), without(tokens.key), tokens.value, visible: .causal(rows: 9, behind: 0), heads: heads,
        workers: .single)
      #expect(pooled.values == tokens.value && pooled.keys.bits == without(tokens.key).bits)
      #expect(DynamicMemoryCompression.attend(pooled, heads: heads, functions: f).bits == whole.context.bits)
      #expect(try pooled.bits(dimension: heads.dimension) == 2 * heads.keyValue * heads.dimension * 16 * 9)
    }
  }

  @Test func `BAS-15 with every channel above 5 each head has one entry`() throws {
    let heads = AttentionHeads(query: 4, keyValue: 2, dimension: 4)
    let pooled = pool(tokens(heads, count: 9, key: (20, 1), seed: 155), heads)
    #expect(pooled.runs.allSatisfy { $0.ends == [8] } && pooled.visible.allSatisfy { $0[5] == [5] })
    #expect(try pooled.bits(dimension: 4) == 2 * 2 * 4 * 16)
    // Nothing else is seen, so the context is the entry's value.
    let context = DynamicMemoryCompression.attend(pooled, heads: heads, functions: f)
    #expect(distance(context.columns(0..<4), pooled.values.columns(0..<4)) == 0)
  }

  @Test func `BAS-15 weights that are 0 in binary64 leave the entry as it was`() {
    let heads = AttentionHeads(query: 1, keyValue: 1, dimension: 2)
    let rows = Tensor(rows: [[0, 9], [1, 9], [2, 9]], width: 2)
    let tokens = ProjectedRows(
      query: Tensor(rows: [[0, -900], [0, -900], [0, 0]], width: 2), key: rows, value: rows, positions: [0, 1, 2])
    let pooled = pool(tokens, heads)
    #expect(pooled.values.columns(0..<1).values == [0, 0, 2])
  }

  // MARK: - In a decoder

  /// A model whose deciding channels are far from 0, so that runs of several lengths are made.
  private func decoder(_ sample: CachedSample, _ rules: PoolingRules = .spec) throws -> CachedDecoder {
    var weights = try sample.weights()
    let d = sample.heads.dimension
    for layer in 0..<sample.layers {
      for projection in [Projection.key, .query] {
        let name = projection.name(ParameterName.layer(layer))
        var weight = try #require(weights.tensors[name])
        for row in stride(from: d - 1, to: weight.rows, by: d) {
          for column in 0..<weight.columns { weight[row, column] *= projection == .key ? 6 : 3 }
        }
        weights.tensors[name] = weight
      }
    }
    return CachedDecoder(
      configuration: try sample.configuration(), weights: Weights(weights), functions: sample.functions,
      rules: DynamicMemoryCompression.decoderRules(rules))
  }

  @Test func `BAS-15 BAS-1 the prefill at once and the rest token by token are one pass, bit for bit`() throws {
    var pooledTokens = 0
    for sample in someCached(20, seed: 156) {
      let (decoder, tokens) = (try decoder(sample), sample.text())
      let whole = try decoder.prefill(
        embeddings: try decoder.embed(tokens), positions: Array(tokens.indices),
        visible: .causal(rows: tokens.count, behind: 0))
      for passLength in [1, 4] {
        let forward = try decoder.forward(tokens, prefill: sample.prefill, policy: nil, passLength: passLength)
        #expect(forward.logits.bits == whole.logits.bits(sample.prefill - 1..<tokens.count))
        #expect(zip(forward.after, whole.caches).allSatisfy { $0.keys.bits == $1.keys.bits && $0.alive == $1.alive })
        for cache in forward.caches {
          #expect(cache.bits == 32 * sample.heads.dimension * cache.alive.reduce(0) { $0 + $1.count })
          pooledTokens += cache.alive.reduce(0) { $0 + sample.prefill - $1.count }
        }
      }
    }
    #expect(pooledTokens > 0)
  }

  // MARK: - Mistakes

  /// The mistakes of a port.
  private func mistakes() -> [(String, PoolingRules)] {
    func wrong(_ change: (inout PoolingRules) -> Void) -> PoolingRules {
      var rules = PoolingRules.spec
      change(&rules)
      return rules
    }
    return [
      ("rotated before pooling", wrong { $0.poolsUnrotated = false }),
      ("partial means stay visible", wrong { $0.visible = { Array(0...$1) } }),
      (
        "decision off by one",
        wrong { $0.starts = { channel in channel.indices.map { $0 < 2 || !(channel[$0 - 1] - 5 > 0) } } }
      ),
      ("channel left in", wrong { ($0.clearsBefore, $0.clearsAfter) = (false, false) }),
      ("not cleared again after the rotation", wrong { $0.clearsAfter = false }),
      ("plain mean", wrong { $0.weight = { _ in 1 } }),
      ("short window", wrong { $0.first = { max($0.first(ofToken: $1), $1 - 1) } }),
      ("position of the first token", wrong { $0.place = { $0.first(ofToken: $1) } }),
    ]
  }

  @Test func `BAS-15 every mistake of the list changes the stage and the rows of a decoder`() throws {
    for (name, rules) in mistakes() {
      var (stages, models) = (0, 0)
      for (heads, tokens) in drawn(30, seed: 157) {
        let contexts = [PoolingRules.spec, rules].map {
          DynamicMemoryCompression.attend(pool(tokens, heads, $0), heads: heads, functions: f)
        }
        if distance(contexts[0], contexts[1]) > 1e-6 { stages += 1 }
      }
      for sample in someCached(20, seed: 158) {
        let logits = try [PoolingRules.spec, rules].map {
          try decoder(sample, $0).forward(sample.text(), prefill: sample.prefill, policy: nil, passLength: 4).logits
        }
        if distance(logits[0], logits[1]) > 1e-6 { models += 1 }
      }
      #expect(stages > 3 && models > 3, "\(name): \(stages) stages, \(models) models")
    }
  }
}
