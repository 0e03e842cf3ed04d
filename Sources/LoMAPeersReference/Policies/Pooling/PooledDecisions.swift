// BAS-15, BAS-26: which share of a token DMC accumulates: all of it or nothing once a model is trained, and while it
// learns a number between, drawn with noise, that has a gradient.

import NaiveLlama

/// How a model decides.
package enum PooledDeciding: Hashable, Sendable {
  /// As BAS-15: a token is accumulated where its channel is above 5.
  case hard
  /// As in training: α = σ((channel − 5 + noise)/τ).
  case relaxed(noise: PooledNoise, temperature: Double)
}

/// The logistic noise of one text's decisions (BAS-26), the same however often it is asked for.
package struct PooledNoise: Hashable, Sendable {
  /// The seed of the text.
  package let seed: UInt64

  /// The noise with a seed.
  package init(seed: UInt64) { self.seed = seed }

  /// The noise of so many tokens in each KV head of a layer: [heads, tokens]. One draw a number, by rising layer, KV head
  /// and token: log u − log(1 − u), u = (b + ½)·2⁻⁵² with the upper 52 bits b of a draw.
  ///
  /// That is the difference of two numbers of Gumbel's distribution, as the release draws it.
  package func numbers(layer: Int, heads: Int, tokens: Int) -> Tensor {
    // SplitMix64's state rises by a constant a draw, so any of its draws can be had without those before.
    let skipped = UInt64(layer * heads * tokens)
    var numbers = SeededNumbers(seed: seed &+ skipped &* 0x9E37_79B9_7F4A_7C15)
    return Tensor(
      shape: [heads, tokens],
      values: (0..<heads * tokens).map { _ in
        let u = (Double(numbers.next() >> 12) + 0.5) * 0x1p-52
        return Elementary.logarithm(u) - Elementary.logarithm(1 - u)
      })
  }
}

/// The decisions of one KV head over its tokens.
package struct PooledDecisions: Hashable, Sendable {
  /// α_t: which share of what the entry before weighs is taken over into the entry of token t; 0 at the first token.
  package let accumulated: [Double]
  /// 1 − α_t.
  package let started: [Double]
  /// log α_t; −∞ where α_t = 0.
  package let logAccumulated: [Double]
  /// log(1 − α_t); −∞ where α_t = 1.
  package let logStarted: [Double]
  /// dα_t/d channel, divided by α_t·(1 − α_t); 0 at the first token, and for hard decisions.
  package let slope: Double

  /// The tokens that begin an entry, when α is taken for a decision: those with α ≤ ½.
  package var starts: [Bool] { accumulated.map { !($0 > 0.5) } }

  /// BAS-15: 1 where the channel is above 5, else 0.
  package init(hard channel: [Double]) {
    let accumulated = channel.enumerated().map { t, c in t > 0 && c - 5 > 0 }
    self.accumulated = accumulated.map { $0 ? 1 : 0 }
    started = accumulated.map { $0 ? 0 : 1 }
    logAccumulated = accumulated.map { $0 ? 0 : -.infinity }
    logStarted = accumulated.map { $0 ? -.infinity : 0 }
    slope = 0
  }

  /// BAS-26: σ(r) with r = (channel − 5 + noise)/τ, and log σ(±r) = min(±r, 0) − log(1 + e^−|r|).
  package init(relaxed channel: [Double], noise: [Double], temperature: Double) {
    let r = zip(channel, noise).map { ($0 - 5 + $1) / temperature }
    func logistic(_ x: Double) -> Double {
      let power = Elementary.exponential(-x.magnitude)
      return (x >= 0 ? 1 : power) / (1 + power)
    }
    func logLogistic(_ x: Double) -> Double {
      (x < 0 ? x : 0) - Elementary.logarithm(1 + Elementary.exponential(-x.magnitude))
    }
    accumulated = r.enumerated().map { t, r in t == 0 ? 0 : logistic(r) }
    started = r.enumerated().map { t, r in t == 0 ? 1 : logistic(-r) }
    logAccumulated = r.enumerated().map { t, r in t == 0 ? -.infinity : logLogistic(r) }
    logStarted = r.enumerated().map { t, r in t == 0 ? 0 : logLogistic(-r) }
    slope = 1 / temperature
  }

  /// The gradient of the channel, given those of α, log α and log(1 − α): 0 at the first token.
  ///
  /// With α = σ(r): dα/dr = α(1 − α), d log α/dr = 1 − α, d log(1 − α)/dr = −α.
  package func backward(accumulated dAlpha: [Double], logAccumulated dLog: [Double], logStarted dLogStarted: [Double])
    -> [Double]
  {
    accumulated.indices.map { t in
      guard t > 0 else { return 0 }
      let (alpha, rest) = (accumulated[t], started[t])
      return slope * (dAlpha[t] * alpha * rest + dLog[t] * rest - dLogStarted[t] * alpha)
    }
  }
}
