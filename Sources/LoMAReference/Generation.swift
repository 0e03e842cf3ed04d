// GEN-4, GEN-5: how a token is chosen from a row of logits, and fed back; ids from V on are never chosen.

import LoMA
import NaiveLlama

/// Greedy choice, or a draw at a temperature from the k best or the nucleus p.
public enum Sampling: Hashable, Sendable {
  /// The lowest id among the exact maxima (D-11).
  case greedy
  /// A draw at a temperature > 0 from the `topK` best ids, all if nil; of those from the smallest leading set whose probability
  /// reaches `topP`, all if nil.
  case random(temperature: Double, topK: Int?, topP: Double?)

  /// The id chosen after a row of logits.
  ///
  /// `logits` are V' finite numbers. A draw, in this order, every sum from +0.0 by rising rank:
  /// 1. The text ids 0..<V are ranked by falling logit, equal logits by rising id.
  /// 2. `topK` keeps the first k ranks (all of V where k ≥ V).
  /// 3. The weight of a rank is e^((logit − largest logit) / temperature).
  /// 4. `topP` keeps the shortest leading part whose weights sum to at least p · Σ, Σ the sum of the weights of step 3.
  /// 5. u is one `unitInterval` draw (NUM-5), taken always. Chosen is the first rank at which the cumulative sum exceeds
  ///    u · Σ, now Σ over the kept ranks; the last rank if rounding leaves none.
  public func choose(_ logits: [Double], vocabulary: Vocabulary, numbers: inout SeededNumbers) -> Int {
    switch self {
    case .greedy: return vocabulary.greedyToken(logits)
    case .random(let temperature, let topK, let topP):
      precondition(temperature > 0, "a temperature above zero")
      var ranked = (0..<vocabulary.textSize).sorted { (logits[$1], $0) < (logits[$0], $1) }
      if let topK { ranked = Array(ranked.prefix(max(topK, 1))) }
      let largest = logits[ranked[0]]
      var weights = ranked.map { Elementary.exponential((logits[$0] - largest) / temperature) }
      if let topP { weights = Self.nucleus(weights, topP) }
      var total = 0.0
      for weight in weights { total += weight }
      let target = numbers.unitInterval() * total
      var cumulative = 0.0
      for (rank, weight) in weights.enumerated() {
        cumulative += weight
        if target < cumulative { return ranked[rank] }
      }
      return ranked[weights.count - 1]
    }
  }

  /// The shortest leading part whose sum is at least p of the whole.
  private static func nucleus(_ weights: [Double], _ p: Double) -> [Double] {
    var total = 0.0
    for weight in weights { total += weight }
    var cumulative = 0.0
    for (rank, weight) in weights.enumerated() {
      cumulative += weight
      if cumulative >= p * total { return Array(weights[...rank]) }
    }
    return weights
  }
}

extension Generator {
  /// Chooses m tokens after the prompt that was fed before; the last one is chosen but not fed (GEN-5).
  ///
  /// Stops early after `stopToken`, if it is not nil. Throws `empty-prompt` if m > 0 and nothing was fed. After an error
  /// nothing was fed or drawn.
  public mutating func generate(
    _ m: Int, choosing sampling: Sampling, numbers: inout SeededNumbers, stopToken: Int?,
    observe: (GenerationEvent) -> Void
  ) throws(ReferenceError) -> [Int] {
    _ = try rejecting(try parameters.fedLength(prompt: fedLength, generating: m))
    var (ahead, draws) = (self, numbers)
    var chosen: [Int] = []
    while chosen.count < m, let logits = ahead.lastLogits {
      let token = sampling.choose(logits, vocabulary: vocabulary, numbers: &draws)
      chosen.append(token)
      if token == stopToken { break }
      if chosen.count < m { try ahead.feed([token], passLength: 1, observe: observe) }
    }
    (self, numbers) = (ahead, draws)
    return chosen
  }
}
