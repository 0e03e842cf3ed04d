// BAS-18: every stored number is read with an error of a given size.

import LoMAPeers
import NaiveLlama

/// What noise is, as one value; a wrong one is another instance.
package struct NoiseRules: Sendable {
  /// How large the numbers of a head are: their root mean square.
  package var size: @Sendable ([Double]) -> Double = { Scores.meanSquare($0).squareRoot() }
  /// The next ξ: a normal number by NUM-5, of mean 0 and standard deviation 1.
  package var draw: @Sendable (inout SeededNumbers) -> Double = { $0.deviate(mean: 0, standardDeviation: 1) }
  /// The seed of a layer, given that of the text.
  package var seed: @Sendable (_ seed: UInt64, _ layer: Int) -> UInt64 = { $0 &+ UInt64($1) }

  /// The Spec's.
  package static let spec = NoiseRules()
}

/// Noise on what is stored.
package struct StoredNoise: Sendable {
  /// σ, the size of the noise over that of the numbers of a head.
  package let sigma: Double
  /// What the numbers are drawn from.
  package let rules: NoiseRules

  /// Throws `sigmaOutOfRange` unless σ is finite and at least 0.
  package init(sigma: Double, rules: NoiseRules) throws(PeerError) {
    guard sigma.isFinite, sigma >= 0 else { throw .sigmaOutOfRange }
    self.sigma = sigma
    self.rules = rules
  }

  /// x + (σ·rms)·ξ: numbers [T, G·d] of so many heads, rms over the entries of each head that are stored, all rows
  /// unless they are given by head; ξ drawn row after row, of every number.
  package func disturbed(
    _ x: Tensor, heads: Int, stored: [[Int]]?, numbers: inout SeededNumbers, functions: LayerFunctions
  ) -> Tensor {
    precondition(x.columns % heads == 0, "whole heads")
    let d = x.columns / heads
    let sizes = (0..<heads).map { g in
      rules.size((stored?[g] ?? Array(0..<x.rows)).flatMap { r in (0..<d).map { x[r, g * d + $0] } })
    }
    var disturbed = x
    for index in x.values.indices {
      let noise = rules.draw(&numbers)
      // Without noise a number stays as it is, −0 too.
      if sigma != 0 { disturbed.values[index] += (sigma * sizes[index % x.columns / d]) * noise }
    }
    return functions.round(disturbed)
  }

  /// The caches of all layers as they are read then: layer l draws from seed + l, its keys first, then its values.
  package func disturbed(_ caches: [LayerCache], seed: UInt64, functions: LayerFunctions) -> [LayerCache] {
    caches.enumerated().map { layer, cache in
      var numbers = SeededNumbers(seed: rules.seed(seed, layer))
      var disturbed = cache
      let heads = cache.alive.count
      disturbed.keys = self.disturbed(
        cache.keys, heads: heads, stored: cache.alive, numbers: &numbers, functions: functions)
      disturbed.values = self.disturbed(
        cache.values, heads: heads, stored: cache.alive, numbers: &numbers, functions: functions)
      return disturbed
    }
  }

  /// Noise on what another method stores.
  package func policy(over method: CachePolicy, seed: UInt64) -> CachePolicy {
    CachePolicy(name: Baseline.noise.rawValue) { (observations) throws(PeerError) in
      guard let first = observations.first else { return [] }
      return disturbed(try method.compress(observations), seed: seed, functions: first.functions)
    }
  }
}
