// NUM-1, NUM-2, NUM-5, MOD-2…MOD-5, MOD-8, MOD-9, MSK-12, LOS-4, LOS-5: single functions of the reference on given numbers, for a
// reader who tries out a clause and for a port whose author compares one stage by hand.

import NaiveLlama

/// A function of the reference with its arguments.
package enum Computation: Hashable, Sendable {
  /// NUM-2: e^x.
  case exponential(Double)
  /// NUM-2: ln x.
  case logarithm(Double)
  /// NUM-2: sin x.
  case sine(Double)
  /// NUM-2: cos x.
  case cosine(Double)
  /// NUM-2: base^exponent, base > 0.
  case power(base: Double, exponent: Double)
  /// NUM-5: the first draws from a seed.
  case random(seed: UInt64, count: Int)
  /// MOD-2: RMSNorm of one row.
  case rmsNorm(x: [Double], gain: [Double], epsilon: Double)
  /// MOD-3: rotary embedding of one head.
  case rope(x: [Double], position: Int, theta: Double)
  /// MOD-8, MOD-9: the frequencies of a rotation.
  case frequencies(headDimension: Int, theta: Double, RotationScaling)
  /// MOD-9: a, the factor on cosines and sines.
  case attentionFactor(headDimension: Int, theta: Double, RotationScaling)
  /// NUM-1, MSK-12: softmax over the visible scores; over all if `visible` is nil.
  case softmax(scores: [Double], visible: [Int]?)
  /// MOD-5: x · sigmoid(x).
  case silu(Double)
  /// LOS-5: cross-entropy of one row of scores.
  case crossEntropy(scores: [Double], label: Int)
  /// MOD-4: the KV head that each query head reads.
  case keyValueHead(queryHeads: Int, keyValueHeads: Int)

  /// Why the arguments do not fit the function; nil if they do.
  package var mistake: String? {
    switch self {
    case .exponential, .logarithm, .sine, .cosine, .silu: nil
    case .power(let base, let exponent):
      base > 0 && base.isFinite && exponent.isFinite ? nil : "the base must be finite and above 0, the exponent finite"
    case .random(_, let count): (1...1_000_000).contains(count) ? nil : "the count must be in 1...1000000"
    case .rmsNorm(let x, let gain, let epsilon):
      x.isEmpty || x.count != gain.count || !(epsilon >= 0)
        ? "x and gain must have one length, at least 1, and epsilon must be at least 0" : nil
    case .rope(let x, let position, let theta):
      x.isEmpty || x.count % 2 != 0 || position.magnitude > 1 << 30 || !(theta > 0) || !theta.isFinite
        ? "x must have an even length, position must be within ±2^30, theta must be finite and above 0" : nil
    case .frequencies(let d, let theta, let scaling), .attentionFactor(let d, let theta, let scaling):
      Self.fault(headDimension: d, theta: theta, scaling)
    case .softmax(let scores, let visible):
      scores.isEmpty || visible.map { $0.isEmpty || !$0.allSatisfy(scores.indices.contains) } ?? false
        ? "there must be a visible score, and every visible index must exist" : nil
    case .crossEntropy(let scores, let label):
      scores.indices.contains(label) ? nil : "the label must be the index of a score"
    case .keyValueHead(let heads, let keyValueHeads):
      heads < 1 || heads > 4096 || keyValueHeads < 1 || heads % keyValueHeads != 0
        ? "heads must be in 1...4096, and kv-heads a divisor of it" : nil
    }
  }

  /// The result on one line: a number, or numbers in brackets, as the shortest decimals that read back exactly.
  ///
  /// Traps if `mistake` is not nil.
  package var result: String {
    switch self {
    case .exponential(let x): "\(Elementary.exponential(x))"
    case .logarithm(let x): "\(Elementary.logarithm(x))"
    case .sine(let x): "\(Elementary.sine(x))"
    case .cosine(let x): "\(Elementary.cosine(x))"
    case .power(let base, let exponent): "\(Elementary.power(base, exponent))"
    case .random(let seed, let count): Self.draws(seed, count).joined(separator: " ")
    case .rmsNorm(let x, let gain, let epsilon):
      "\(RMSNorm.forward(Self.row(x), gain: gain, epsilon: epsilon).values)"
    case .rope(let x, let position, let theta):
      "\(Self.rotated(x, position, theta))"
    case .frequencies(let d, let theta, let scaling):
      "\(Rotation(headDimension: d, theta: theta, scaling: scaling).frequencies)"
    case .attentionFactor(let d, let theta, let scaling):
      "\(Rotation(headDimension: d, theta: theta, scaling: scaling).attentionFactor)"
    case .softmax(let scores, let visible): "\(Self.probabilities(scores, visible))"
    case .silu(let x): "\(FeedForward.silu(x))"
    case .crossEntropy(let scores, let label): "\(CrossEntropy.forward(scores[...], label: label))"
    case .keyValueHead(let heads, let keyValueHeads):
      "\(Self.groups(AttentionHeads(query: heads, keyValue: keyValueHeads, dimension: 2)))"
    }
  }

  /// What a model with this rotation would be refused for; nil if it is right.
  private static func fault(headDimension: Int, theta: Double, _ scaling: RotationScaling) -> String? {
    do throws(ModelError) {
      _ = try Configuration(
        vocabularySize: 1, hiddenSize: 1, intermediateSize: 1, layers: 1, queryHeads: 1, keyValueHeads: 1,
        headDimension: headDimension, epsilon: 0, theta: theta, tiesHead: true, scaling: scaling)
      return nil
    } catch { return error.description }
  }

  private static func row(_ x: [Double]) -> Tensor { Tensor(shape: [1, x.count], values: x) }

  /// The draws, each as sixteen hexadecimal digits.
  private static func draws(_ seed: UInt64, _ count: Int) -> [String] {
    var numbers = SeededNumbers(seed: seed)
    return (0..<count).map { _ in
      let digits = String(numbers.next(), radix: 16, uppercase: true)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }
  }

  private static func rotated(_ x: [Double], _ position: Int, _ theta: Double) -> [Double] {
    let angles = RotaryAngles(positions: [position], headDimension: x.count, theta: theta)
    return RotaryPosition.forward(row(x), angles: angles).values
  }

  private static func probabilities(_ scores: [Double], _ visible: [Int]?) -> [Double] {
    let seen = Set(visible ?? Array(scores.indices)).sorted()
    var probabilities = scores.map { _ in 0.0 }
    for (index, p) in zip(seen, Attention.softmax(seen.map { scores[$0] })) { probabilities[index] = p }
    return probabilities
  }

  private static func groups(_ heads: AttentionHeads) -> [Int] {
    (0..<heads.query).map { heads.keyValueHead(ofQuery: $0) }
  }
}
