// GEN-5: which token a row of scores chooses.

extension Vocabulary {
  /// The greedy token: the lowest id among the exact maxima of the first V scores (GEN-5, D-11).
  ///
  /// `scores` has one value per id of the model's vocabulary; ids from V on are suppressed whatever they score. A score
  /// that compares with nothing (a NaN) is never chosen before one that does, unless it is the first.
  @inlinable public func greedyToken<Score: Comparable>(_ scores: [Score]) -> Int {
    precondition(scores.count == modelSize, "one score per id of the model's vocabulary")
    var best = 0
    for id in 1..<max(textSize, 1) where scores[id] > scores[best] { best = id }
    return best
  }
}
