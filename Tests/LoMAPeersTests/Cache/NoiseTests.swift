// Spec chapter 19: stored noise: BAS-18, with BAS-7.

import LoMAPeers
import LoMAPeersReference
import NaiveLlama
import Testing

@Suite("19 BAS: stored noise") struct NoiseTests {
  @Test func `BAS-18 every number is moved by a drawn share of its head's size, by hand`() throws {
    // Heads of d = 2: mean squares (9 + 16 + 0 + 7)/4 = 8 and 1.
    let x = Tensor(rows: [[3, 4, 1, -1], [0, 2.6457513110645907, -1, 1]], width: 4)
    var (drawn, numbers) = (SeededNumbers(seed: 5), SeededNumbers(seed: 5))
    let read = try StoredNoise(sigma: 0.5, rules: .spec)
      .disturbed(x, heads: 2, stored: nil, numbers: &numbers, functions: .llama(workers: .single))
    for r in 0..<2 {
      for column in 0..<4 {
        let size = column < 2 ? 8.0.squareRoot() : 1
        let expected = x[r, column] + 0.5 * size * drawn.dyadicNormal()
        #expect((read[r, column] - expected).magnitude <= 1e-14)
      }
    }
    // Every number draws, in order.
    #expect(drawn == numbers)
  }

  @Test func `BAS-7 BAS-18 without noise everything is as it was, bit for bit, zeros too`() throws {
    let none = try StoredNoise(sigma: 0, rules: .spec)
    let x = Tensor(rows: [[0, -0.0, 3, 4]], width: 4)
    var numbers = SeededNumbers(seed: 1)
    let read = none.disturbed(x, heads: 2, stored: nil, numbers: &numbers, functions: .llama(workers: .single))
    #expect(read.bits == x.bits)
    for sample in someCached(10, seed: 19) {
      let full = try sample.forward(nil)
      let forward = try sample.forward(none.policy(over: .none, seed: 3))
      #expect(forward.logits.bits == full.logits.bits && forward.caches == full.caches)
    }
  }

  @Test func `BAS-18 a layer draws from its own seed, keys first; no bits are added`() throws {
    let sample = CachedSample(layers: 3)
    let noise = try StoredNoise(sigma: 0.3, rules: .spec)
    let (full, noisy) = (try sample.forward(nil), try sample.forward(noise.policy(over: .none, seed: .max)))
    #expect(try noisy.bits == full.bits)
    for layer in 0..<3 {
      // The largest seed, and then from 0 on.
      var numbers = SeededNumbers(seed: layer == 0 ? .max : UInt64(layer - 1))
      for (read, stored) in [
        (noisy.caches[layer].keys, full.caches[layer].keys), (noisy.caches[layer].values, full.caches[layer].values),
      ] {
        let expected = noise.disturbed(
          stored, heads: 2, stored: nil, numbers: &numbers, functions: .llama(workers: .single))
        #expect(read.bits == expected.bits && read != stored)
      }
    }
  }

  @Test func `BAS-18 over another method the size is that of what it stores`() throws {
    let sample = CachedSample()
    let eviction = Eviction.policy(window: 2, budget: 4, rules: .spec)
    let kept = try sample.forward(eviction)
    let noisy = try sample.forward(StoredNoise(sigma: 0.2, rules: .spec).policy(over: eviction, seed: 4))
    #expect(noisy.caches.map { $0.alive } == kept.caches.map { $0.alive })
    #expect(try noisy.bits == kept.bits)
    // A number that is not stored does not count: however large it is.
    var cache = kept.caches[0]
    let before = try StoredNoise(sigma: 0.2, rules: .spec)
      .disturbed([cache], seed: 4, functions: sample.functions)[0]
    let dropped = try #require((0..<8).first { !cache.alive[0].contains($0) })
    cache.keys[dropped, 0] = 1e6
    let after = try StoredNoise(sigma: 0.2, rules: .spec).disturbed([cache], seed: 4, functions: sample.functions)[0]
    #expect(before.aliveBits == after.aliveBits)
  }

  @Test func `BAS-18 noise has the size that is asked for`() throws {
    var numbers = SeededNumbers(seed: 8)
    let x = Tensor(shape: [2000, 2], values: numbers.deviates(4000, mean: 0, standardDeviation: 3))
    let read = try StoredNoise(sigma: 0.1, rules: .spec)
      .disturbed(x, heads: 1, stored: nil, numbers: &numbers, functions: .llama(workers: .single))
    let moved = zip(read.values, x.values).map { $0 - $1 }
    let ratio = (Scores.meanSquare(moved) / Scores.meanSquare(x.values)).squareRoot()
    // The standard deviation of 4,000 draws is off by 1/√8000 of itself, one time in three.
    #expect(ratio > 0.1 * 0.95 && ratio < 0.1 * 1.05)
  }

  @Test func `BAS-18 a σ that is negative or no number is refused`() {
    for sigma in [-0.1, .nan, .infinity, -.infinity] {
      #expect(faultCode { _ = try StoredNoise(sigma: sigma, rules: .spec) } == "sigma-out-of-range")
    }
    #expect(faultCode { _ = try StoredNoise(sigma: 7, rules: .spec) } == nil)
  }
}
