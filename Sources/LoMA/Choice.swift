// GEN-5: which token is chosen from a row of scores.

extension Vocabulary {
  /// The greedy token: the lowest id among the exact maxima of the first V scores (GEN-5, D-11).
  ///
  /// `scores` has one value per id of the model's vocabulary; ids from V on are never chosen, whatever their score.
  /// A NaN is chosen only if it is the first score.
  @inlinable public func greedyToken<Score: Comparable>(_ scores: [Score]) -> Int {
    precondition(scores.count == modelSize, "one score per id of the model's vocabulary")
    var best = 0
    for id in 1..<max(textSize, 1) where scores[id] > scores[best] { best = id }
    return best
  }
}
