// Random models, texts and profiles for the tests of this target, all from one seed each.

import LoMA
import NaiveLlama

/// A model with a text vocabulary and a text, made from one seed.
struct Sample: CustomStringConvertible {
  var seed: UInt64
  var c: Int
  var t: Int
  var textLength: Int
  var layers: Int
  var queryHeads: Int
  var keyValueHeads: Int
  var tiesHead: Bool
  var profile: Profile
  var hiddenSize = 8

  var description: String {
    "seed \(seed) c \(c) t \(t) n \(textLength) layers \(layers) heads \(queryHeads)/\(keyValueHeads) "
      + "tied \(tiesHead) \(profile.name)"
  }

  func parameters() throws -> Parameters { try Parameters(c: c, t: t) }

  func vocabulary() throws -> Vocabulary {
    // Special ids that are neither in V, V + 1 order nor the last two.
    try Vocabulary(textSize: 11, memoryToken: 13, repetitionToken: 11, modelSize: 16)
  }

  func text() -> [Int] {
    var numbers = SeededNumbers(seed: seed &+ 1)
    return (0..<textLength).map { _ in numbers.integer(below: 11) }
  }

  func configuration() throws -> Configuration {
    try Configuration(
      vocabularySize: 16, hiddenSize: hiddenSize, intermediateSize: hiddenSize + 4, layers: layers,
      queryHeads: queryHeads,
      keyValueHeads: keyValueHeads, headDimension: 4, epsilon: 0x1p-10, theta: 10_000, tiesHead: tiesHead)
  }

  func weights() throws -> ParameterSet {
    var numbers = SeededNumbers(seed: seed)
    return ParameterSet.highVariance(try configuration(), numbers: &numbers)
  }

  func transformer(workers: Workers = .single) throws -> Transformer {
    Transformer(
      configuration: try configuration(), weights: Weights(try weights()), functions: .llama(workers: workers))
  }

  func trainingLayout() throws -> Layout {
    try .training(text: text(), vocabulary: vocabulary(), parameters: parameters(), profile: profile)
  }
}

/// Base and every profile that differs from it on one axis.
let singleAlternatives: [Profile] = Profile.all.filter { $0.differences.count <= 1 }

/// The heads of multi-head, grouped-query and multi-query attention.
let headChoices = [(4, 4), (4, 2), (4, 1)]

/// Runs a check on a sample; if it fails, shrinks the text, c, t and the layers while it still fails and returns the least.
func smallestFailure(_ sample: Sample, _ holds: (Sample) throws -> Bool) rethrows -> Sample? {
  guard try !holds(sample) else { return nil }
  var least = sample
  var shrunk = true
  while shrunk {
    shrunk = false
    var candidates: [Sample] = []
    if least.textLength > 0 {
      candidates.append(least.with { $0.textLength /= 2 })
      candidates.append(least.with { $0.textLength -= 1 })
    }
    if least.c > 1 { candidates.append(least.with { $0.c -= 1 }) }
    if least.t > 1 { candidates.append(least.with { $0.t -= 1 }) }
    if least.layers > 1 { candidates.append(least.with { $0.layers -= 1 }) }
    for candidate in candidates where try !holds(candidate) {
      least = candidate
      shrunk = true
      break
    }
  }
  return least
}

extension Sample {
  func with(_ change: (inout Sample) -> Void) -> Sample {
    var copy = self
    change(&copy)
    return copy
  }
}
