// Spec chapter 19: ZipCache: BAS-11, with BAS-3, BAS-6, BAS-7.

import LoMAPeers
import LoMAPeersReference
import NaiveLlama
import Testing

@Suite("19 BAS: ZipCache") struct ZipCacheTests {
  private func store(
    _ seen: Observation, low: Int, lowBits: Int?, highBits: Int?, probe: [Int]? = nil
  ) throws -> ZipCache {
    try ZipCache.store(
      key: seen.key, value: seen.value, probabilities: seen.probabilities, heads: seen.heads,
      classes: ZipClasses(low: low, lowBits: lowBits, highBits: highBits, rows: seen.positions.count), probe: probe,
      forced: nil, functions: seen.functions, rules: .spec)
  }

  /// One head of d = 3 and four entries; all weights are eighths.
  private let byHand = Observation(
    query: Tensor(zeros: [4, 3]),
    key: Tensor(rows: [[0, 10, 1], [5, 5, 2], [3, 20, 1], [1, 13, 1]], width: 3), unrotatedKey: Tensor(zeros: [4, 3]),
    value: Tensor(rows: [[4, -1, 0], [1, 0, 0], [-2, 1, 0], [4, 0.25, 0]], width: 3),
    probabilities: Tensor(
      shape: [1, 4, 4], values: [8, 0, 0, 0, 6, 2, 0, 0, 6, 2, 0, 0, 4, 2, 0, 2].map { $0 / 8 }),
    positions: [0, 1, 2, 3], rows: [0, 1, 2, 3], heads: AttentionHeads(query: 1, keyValue: 1, dimension: 3),
    theta: 10_000, functions: .llama(workers: .single))

  @Test func `BAS-11 saliency, classes, codes and numbers by hand`() throws {
    let stored = try store(byHand, low: 2, lowBits: 1, highBits: 2)
    // 24/8 over 4, 6/8 over 3, 0, and 2/8.
    #expect(stored.saliency.values == [0.75, 0.25, 0, 0.25])
    // 0 is lowest; of the equal 1 and 3 the higher index is low.
    #expect(stored.choice == [[2, 3]])
    // Low keys, 1 bit: channels (3, 1), (20, 13), (1, 1). High, 2 bits: (0, 5), (10, 5), (1, 2).
    #expect(stored.keyCodes == Tensor(rows: [[0, 3, 0], [3, 0, 3], [1, 1, 0], [0, 0, 0]], width: 3))
    #expect(stored.keys == byHand.key)
    // Channels of values are divided by √4, √1 and 1.
    #expect(stored.channelScales.values == [2, 1, 1])
    // High: (2, −1, 0) has Δ = 1: codes 3, 0, 1; (½, 0, 0): 3, 0, 0. Low: (−1, 1, 0) has Δ = 2, and 0 is half: 0, 1, 0;
    // (2, ¼, 0): Δ = 2: 1, 0, 0.
    #expect(stored.valueCodes == Tensor(rows: [[3, 0, 1], [3, 0, 0], [0, 1, 0], [1, 0, 0]], width: 3))
    #expect(stored.values == Tensor(rows: [[4, -1, 0], [1, 0, 0], [-2, 1, -1], [4, 0, 0]], width: 3))
    // Rows 1 and 3 alone: (6 + 4)/8/4, (2 + 2)/8/3, 0, ¼.
    let probed = try store(byHand, low: 2, lowBits: 1, highBits: 2, probe: [1, 3])
    #expect(probed.saliency.values == [0.3125, 0.5 / 3, 0, 0.25] && probed.choice == [[1, 2]])
  }

  @Test func `BAS-11 codes and numbers are those of a second calculation`() throws {
    for (index, sample) in someCached(30, seed: 16).enumerated() {
      for seen in try sample.observations() {
        let (t, d) = (sample.prefill, sample.heads.dimension)
        let low = Int(sample.seed % UInt64(t + 1))
        let (lowBits, highBits) = [(2, 4), (1, 3), (nil, 2), (3, nil)][index % 4] as (Int?, Int?)
        let stored = try store(seen, low: low, lowBits: lowBits, highBits: highBits)
        for g in 0..<sample.heads.keyValue {
          for i in 0..<t {
            let sum = (0..<t).reduce(0.0) { sum, r in
              seen.heads.group(of: g).reduce(sum) { $0 + seen.probabilities.values[($1 * t + r) * t + i] }
            }
            #expect((stored.saliency[g, i] - sum / Double(t - i)).magnitude <= 1e-12)
          }
          let isLow = Set(stored.choice[g])
          #expect(isLow.count == low)
          let most = isLow.map { stored.saliency[g, $0] }.max() ?? 0
          #expect((0..<t).allSatisfy { isLow.contains($0) || stored.saliency[g, $0] >= most })
          for r in 0..<t {
            let bits = isLow.contains(r) ? lowBits : highBits
            let peers = (0..<t).filter { isLow.contains($0) == isLow.contains(r) }
            for j in 0..<d {
              let column = g * d + j
              guard let bits else {
                #expect(stored.keys[r, column] == seen.key[r, column])
                #expect(stored.values[r, column] == seen.value[r, column])
                #expect(stored.keyCodes[r, column] == 0 && stored.valueCodes[r, column] == 0)
                continue
              }
              let steps = Double((1 << bits) - 1)
              func check(_ x: Double, among all: [Double], _ code: Double, _ read: Double, _ scale: Double) {
                let (least, most) = (all.min() ?? 0, all.max() ?? 0)
                let step = (most - least) / steps
                #expect(code >= 0 && code <= steps && code == code.rounded())
                #expect((least + code * step - x).magnitude <= step * 0.5000001 + 1e-12)
                #expect((read - scale * (least + code * step)).magnitude <= 1e-12 * max(1, scale))
              }
              check(
                seen.key[r, column], among: peers.map { seen.key[$0, column] }, stored.keyCodes[r, column],
                stored.keys[r, column], 1)
              let scales = (0..<d).map { channel in
                let largest = (0..<t).map { seen.value[$0, g * d + channel].magnitude }.max() ?? 0
                return largest == 0 ? 1 : largest.squareRoot()
              }
              check(
                seen.value[r, column] / scales[j], among: (0..<d).map { seen.value[r, g * d + $0] / scales[$0] },
                stored.valueCodes[r, column], stored.values[r, column], scales[j])
            }
          }
        }
      }
    }
  }

  @Test func `BAS-7 BAS-11 without bits it is full attention, bit for bit`() throws {
    for sample in someCached(15, seed: 17) {
      let full = try sample.forward(nil)
      for low in [0, sample.prefill / 2, sample.prefill] {
        let forward = try sample.forward(
          ZipCache.policy(low: low, lowBits: nil, highBits: nil, probe: nil, rules: .spec))
        #expect(forward.logits.bits == full.logits.bits && forward.caches == full.caches, "\(sample)")
      }
      // With every entry in one class the other's bits do not matter.
      let a = try sample.forward(ZipCache.policy(low: 0, lowBits: 2, highBits: 5, probe: nil, rules: .spec))
      let b = try sample.forward(
        ZipCache.policy(low: sample.prefill, lowBits: 5, highBits: 7, probe: nil, rules: .spec))
      #expect(a.caches == b.caches)
    }
  }

  @Test func `BAS-6 BAS-11 bits are those of codes, scales, channel scales and a mask`() throws {
    func bits(_ low: Int, _ lowBits: Int?, _ highBits: Int?, _ t: Int, _ heads: Int, _ d: Int) throws -> Int {
      try ZipClasses(low: low, lowBits: lowBits, highBits: highBits, rows: t).bits(rows: t, heads: heads, dimension: d)
    }
    // Of 12,288 whole bits: 37 % and 25 %.
    #expect(try bits(9, 2, 4, 24, 1, 16) == 576 + 1920 + 16 * (64 + 48 + 16) + 24)
    #expect(try bits(24, 2, 4, 24, 1, 16) == 3072)
    for t in 1...5 {
      for low in 0...t {
        for lowBits in [nil, 1, 3] as [Int?] {
          for highBits in [nil, 2, 4] as [Int?] {
            let (d, heads) = (4, 3)
            var expected = 0
            var isQuantised = false
            for (count, its) in [(low, lowBits), (t - low, highBits)] where count > 0 {
              for _ in 0..<count * d { expected += 2 * (its ?? 16) }
              guard its != nil else { continue }
              isQuantised = true
              for _ in 0..<d { expected += 16 + 16 }
              for _ in 0..<count { expected += 16 + 16 }
            }
            if isQuantised { expected += 16 * d + (low > 0 && low < t ? t : 0) }
            #expect(try bits(low, lowBits, highBits, t, heads, d) == heads * expected)
          }
        }
      }
    }
  }

  @Test func `BAS-11 more bits are never further off, up to rounding`() throws {
    for sample in someCached(8, seed: 18) {
      for seen in try sample.observations() {
        var last = Double.infinity
        for bits in [2, 4, 8, 16, 24] {
          let stored = try store(seen, low: 0, lowBits: nil, highBits: bits)
          // Half a step of the widest range bounds every key.
          let error = zip(stored.keys.values, seen.key.values).reduce(0) { max($0, ($1.0 - $1.1).magnitude) }
          #expect(error <= seen.key.largest / Double((1 << bits) - 1) + 1e-12)
          #expect(error <= last + 1e-12)
          last = max(error, seen.key.largest / Double((1 << bits) - 1))
        }
      }
    }
  }
}
