// Spec chapter 19: LoRC, BAS-16; singular values, truncation, derived ranks, and a decoder with weights of low rank.

import LoMAPeers
import LoMAPeersReference
import NaiveLlama
import Testing

@Suite("19 BAS: LoRC") struct LowRankTests {
  private func drawn(_ rows: Int, _ columns: Int, seed: UInt64) -> Tensor {
    var numbers = SeededNumbers(seed: seed)
    return Tensor(shape: [rows, columns], values: numbers.deviates(rows * columns, mean: 0, standardDeviation: 1))
  }

  /// Shapes of every kind: tall, wide, square, a line, one number.
  private let shapes = [(4, 7), (7, 4), (6, 6), (1, 5), (5, 1), (1, 1), (12, 8)]

  private func product(_ a: ArraySlice<Double>, _ b: ArraySlice<Double>) -> Double {
    zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// W_r, or W where r is full.
  private func truncated(_ w: Tensor, _ rank: Int, heads: Int = 1, _ rules: LowRankRules = .spec) -> Tensor {
    LowRank.weight(w, rank: rank, heads: heads, rules: rules)?.product ?? w
  }

  // MARK: - Singular values

  @Test func `BAS-16 singular values and a truncation that NumPy computes`() throws {
    let w = Tensor(rows: [[1, 2, 0, -1], [0.5, -1, 3, 2], [2, 0, 1, -0.5]], width: 4)
    // numpy.linalg.svd of this matrix, and of it truncated to rank 2.
    let expected = [3.9912757915241084, 2.8471222480828726, 1.209798520607926]
    for matrix in [w, w.transposed()] {
      let values = SingularValues(of: matrix).values
      #expect(zip(values, expected).allSatisfy { ($0 - $1).magnitude < 1e-14 } && values.count == 3)
    }
    let second = Tensor(
      rows: [
        [1.3656967886363278, 1.3956373138412181, -0.20595402516156575, -1.2427133535631363],
        [0.6925465069530615, -1.318208766849102, 2.8915611802727104, 1.8722066753888809],
        [1.6059881676471834, 0.6511570699514634, 1.2219005617657897, -0.23849392134254987],
      ], width: 4)
    #expect(distance(truncated(w, 2), second) < 1e-14)
    #expect(distance(truncated(w.transposed(), 2), second.transposed()) < 1e-14)
    // The Hilbert matrix of six rows, whose values span seven decades; likewise of NumPy.
    let hilbert = Tensor(rows: (0..<6).map { i in (0..<6).map { 1 / Double(i + $0 + 1) } }, width: 6)
    let falling = [
      1.6188998589243393, 0.24236087057520947, 0.016321521319875812, 0.0006157483541826381, 1.2570757122642469e-05,
      1.0827994844117582e-07,
    ]
    #expect(zip(SingularValues(of: hilbert).values, falling).allSatisfy { ($0 - $1).magnitude < 1e-15 })
  }

  @Test func `BAS-16 both sides are orthonormal, values fall, and their terms add up to the matrix`() {
    for seed in UInt64(0)..<10 {
      for (rows, columns) in shapes {
        let w = drawn(rows, columns, seed: seed)
        let parts = SingularValues(of: w)
        #expect(parts.values.count == min(rows, columns) && parts.values == parts.values.sorted(by: >))
        for side in [parts.left, parts.right] {
          for k in 0..<side.rows {
            for j in 0..<side.rows {
              #expect((product(side.row(k), side.row(j)) - (k == j ? 1 : 0)).magnitude < 1e-13)
            }
          }
        }
        #expect(distance(LowRank.truncated(parts, rank: parts.values.count).product, w) < 1e-13)
      }
    }
  }

  @Test func `BAS-16 matrices of lower rank, of equal values and of zeros`() {
    let zero = SingularValues(of: Tensor(zeros: [3, 4]))
    #expect(zero.values == [0, 0, 0] && zero.right.values.allSatisfy { $0 == 0 })
    let diagonal = SingularValues(of: Tensor(rows: [[0, 0, 2], [2, 0, 0], [0, 3, 0]], width: 3))
    // Of the two equal values that of the lower row is first.
    #expect(diagonal.values == [3, 2, 2] && diagonal.left.values == [0, 0, 1, 1, 0, 0, 0, 1, 0])
    #expect(diagonal.right.values == [0, 1, 0, 0, 0, 1, 1, 0, 0])
    for seed in UInt64(0)..<10 {
      let (a, b) = (drawn(6, 2, seed: seed), drawn(2, 9, seed: seed &+ 50))
      let w = Linear.forward(a, weight: b.transposed(), workers: .single)
      let parts = SingularValues(of: w)
      #expect(parts.values[2...].allSatisfy { $0 < 1e-13 } && parts.values[1] > 1e-3)
      #expect(distance(LowRank.truncated(parts, rank: 2).product, w) < 1e-13)
      #expect(parts.left.values.allSatisfy { $0.isFinite } && parts.right.values.allSatisfy { $0.isFinite })
    }
  }

  // MARK: - Truncation

  @Test func `BAS-16 what truncation loses is the sum of the squares dropped, and no other matrix loses less`() {
    for seed in UInt64(0)..<10 {
      for (rows, columns) in shapes where min(rows, columns) > 1 {
        let w = drawn(rows, columns, seed: seed)
        let values = SingularValues(of: w).values
        for rank in 1..<values.count {
          let cut = truncated(w, rank)
          let lost = zip(w.values, cut.values).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
          let dropped = values[rank...].reduce(0) { $0 + $1 * $1 }
          #expect((lost - dropped).magnitude < 1e-12 * max(1, dropped))
          // W cast onto r drawn directions, made orthonormal: of rank r too, and never nearer.
          let other = SingularValues(of: drawn(rank, columns, seed: seed &+ 99)).right
          let cast = LowRankWeight(down: other, up: Linear.forward(w, weight: other, workers: .single)).product
          #expect(zip(w.values, cast.values).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } >= lost - 1e-12)
        }
      }
    }
  }

  @Test func `BAS-16 BAS-7 with the full rank the weight stays as it is`() throws {
    for (rows, columns) in shapes {
      let w = drawn(rows, columns, seed: 1)
      #expect(LowRank.weight(w, rank: min(rows, columns), heads: 1, rules: .spec) == nil)
    }
    for sample in someCached(15, seed: 161) {
      let full = min(sample.heads.keyValue * sample.heads.dimension, 8)
      let ranks = try LowRanks(
        keys: Array(repeating: full, count: sample.layers), values: Array(repeating: full, count: sample.layers),
        limit: full)
      let (neutral, plain) = (try forward(sample, ranks), try sample.forward(nil))
      #expect(neutral.logits.bits == plain.logits.bits)
      // A key of fewer channels than y has is what is stored; else y itself is less.
      #expect(try neutral.bits == 16 * sample.prefill * 2 * full * sample.layers)
      if full == sample.heads.keyValue * sample.heads.dimension { #expect(try neutral.bits == plain.bits) }
    }
  }

  @Test func `BAS-16 ranks are in 1…min(G·d, D), and bits are those of the latents`() throws {
    let ranks = try LowRanks(keys: [3, 1], values: [2, 8], limit: 8)
    #expect(try ranks.bits(ofLayer: 0, tokens: 7) == 16 * 7 * 5 && ranks.bits(ofLayer: 1, tokens: 7) == 16 * 7 * 9)
    for (keys, values, rank) in [([0, 1], [1, 1], 0), ([1, 1], [1, 9], 9), ([1, -2], [0, 1], -2)] {
      #expect(throws: PeerError.rankOutOfRange(rank, limit: 8)) {
        try LowRanks(keys: keys, values: values, limit: 8)
      }
    }
    #expect(throws: PeerError.cacheSizeOutOfRange) { try ranks.bits(ofLayer: 0, tokens: .max / 16) }
  }

  @Test func `BAS-16 ranks derived from condition numbers, by hand`() {
    // log κ̃ by rising layer: log(16·4·2), log(4·2), log 2 = 7, 3, 1 times log 2.
    #expect(LowRank.ranks(conditions: [16, 4, 2], most: 16, least: 4) == [16, 8, 4])
    #expect(LowRank.ranks(conditions: [2, 2, 2], most: 9, least: 1) == [9, 5, 1])
    #expect(LowRank.ranks(conditions: [3], most: 5, least: 1) == [5])
    #expect(LowRank.ranks(conditions: [1, 1], most: 5, least: 1) == [5, 5])
    #expect(LowRank.ranks(conditions: [1, .infinity], most: 5, least: 1) == nil)
    let w = Tensor(rows: [[0, 4], [0.5, 0]], width: 2)
    #expect(LowRank.condition(w) == 8 && LowRank.condition(Tensor(rows: [[0, 0], [1, 0]], width: 2)) == .infinity)
  }

  // MARK: - In a decoder

  private func forward(
    _ sample: CachedSample, _ ranks: LowRanks, _ rules: LowRankRules = .spec
  ) throws -> CachedForward {
    try sample.with {
      $0.rules = try LowRank.decoderRules(
        ranks, configuration: $0.configuration(), weights: Weights($0.weights()), rules: rules)
    }.forward(LowRank.policy(ranks, rules: rules))
  }

  /// Samples of two to four layers, with ranks for them.
  private func samples(_ count: Int, seed: UInt64) throws -> [(sample: CachedSample, ranks: LowRanks)] {
    var numbers = SeededNumbers(seed: seed)
    return try someCached(count, seed: seed).map { plain in
      let sample = plain.with {
        $0.layers = 2 + numbers.integer(below: 3)
        $0.textLength += 2
      }
      let limit = min(sample.heads.keyValue * sample.heads.dimension, 8)
      let ranks = (0..<2 * sample.layers).map { _ in 1 + numbers.integer(below: limit) }
      return (
        sample,
        try LowRanks(keys: Array(ranks[..<sample.layers]), values: Array(ranks[sample.layers...]), limit: limit)
      )
    }
  }

  @Test func `BAS-16 the decoder is the Llama with truncated W_K and W_V, to rounding`() throws {
    for (sample, ranks) in try samples(20, seed: 162) {
      var weights = try sample.weights()
      for layer in 0..<sample.layers {
        for (projection, rank) in [(Projection.key, ranks.keys[layer]), (.value, ranks.values[layer])] {
          let name = projection.name(ParameterName.layer(layer))
          weights.tensors[name] = truncated(try #require(weights.tensors[name]), rank)
        }
      }
      let model = CachedDecoder(
        configuration: try sample.configuration(), weights: Weights(weights), functions: sample.functions, rules: .spec)
      let plain = try model.forward(sample.text(), prefill: sample.prefill, policy: nil, passLength: 2)
      let low = try forward(sample, ranks)
      #expect(distance(low.logits, plain.logits) <= 1e-10 * plain.logits.largest, "\(sample)")
      #expect(
        try low.bits
          == (0..<sample.layers).reduce(0) { $0 + 16 * sample.prefill * (ranks.keys[$1] + ranks.values[$1]) })
    }
  }

  @Test func `BAS-16 what is stored of a token is r numbers of y alone`() throws {
    for (rows, columns) in shapes where min(rows, columns) > 2 {
      let (w, y) = (drawn(rows, columns, seed: 3), drawn(4, columns, seed: 4))
      let low = try #require(LowRank.weight(w, rank: 2, heads: 1, rules: .spec))
      let stored = Linear.forward(y, weight: low.down, workers: .single)
      #expect(stored.shape == [4, 2])
      #expect(
        Linear.forward(stored, weight: low.up, workers: .single)
          == low.forward(y, functions: .llama(workers: .single)))
    }
  }

  @Test func `BAS-16 every mistake of the list changes rows that follow`() throws {
    func wrong(_ change: (inout LowRankRules) -> Void) -> LowRankRules {
      var rules = LowRankRules.spec
      change(&rules)
      return rules
    }
    let perHead = wrong {
      $0.parts = { rows, heads, rank in
        let width = rows / heads
        return (0..<heads).map { ($0 * width..<($0 + 1) * width, min(width, max(1, rank / heads))) }
      }
    }
    let withoutValues = wrong {
      $0.factors = { parts, rank in
        let kept = Array(0..<rank)
        return LowRankWeight(
          down: parts.right.selecting(rows: kept), up: parts.left.selecting(rows: kept).transposed())
      }
    }
    let mistakes: [(String, LowRankRules)] = [
      ("projected after the rotation", wrong { $0.storesUnrotated = false }), ("per head for joint", perHead),
      ("ranks reversed", wrong { $0.ranks = { $0.reversed() } }), ("σ dropped", withoutValues),
      ("W_Q truncated too", wrong { $0.rank = { $0 == .value ? $2 : $0 == .output ? nil : $1 } }),
    ]
    let samples = try samples(20, seed: 163)
    for (name, rules) in mistakes {
      var changed = 0
      for (sample, ranks) in samples {
        let logits = try [LowRankRules.spec, rules].map { try forward(sample, ranks, $0).logits }
        if distance(logits[0], logits[1]) > 1e-6 { changed += 1 }
      }
      #expect(changed > 3, "\(name): \(changed)")
    }
    let w = drawn(6, 8, seed: 9)
    #expect(distance(truncated(w, 2, heads: 3, perHead), truncated(w, 2)) > 0.1)
    #expect(distance(truncated(w, 2, withoutValues), truncated(w, 2)) > 0.1)
  }
}
