// A small random decoder with latent attention, from one seed, for the suites of chapter 17.

import LoMA
import LoMAPeers
import LoMAPeersReference
import LoMAReference
import NaiveLlama
import Testing

/// A model and a LoMA text.
struct LatentSample: CustomStringConvertible {
  var seed: UInt64 = 1
  var layers = 3
  var stride = 1
  var widths = LatentWidths(
    heads: 2, plain: 3, rotated: 4, value: 5, latent: 6, queryLatent: nil, bits: nil, rotatedBits: nil, group: 3)
  /// Under `entries = heads`.
  var heads = (query: 4, keyValue: 2, dimension: 4)
  var latentProfile = LatentProfile.base
  var hiddenSize = 8
  var tiesHead = false
  var rules = LatentRules.spec
  var workers = Workers.single
  // What LoMA needs.
  var profile = Profile.base
  var c = 2
  var t = 2
  var textLength = 9

  var description: String {
    "seed \(seed) layers \(layers) s \(stride) " + latentProfile.name + " bits \(widths.bits ?? 0) "
      + "\(widths.rotatedBits ?? 0) c \(c) t \(t) n \(textLength) " + profile.name
  }

  func with(_ change: (inout LatentSample) throws -> Void) rethrows -> LatentSample {
    var copy = self
    try change(&copy)
    return copy
  }

  func attention() throws -> LatentParameters {
    let form: LatentForm =
      switch latentProfile.entries {
      case .latent: .latent(widths)
      case .heads: .heads(query: heads.query, keyValue: heads.keyValue, dimension: heads.dimension)
      }
    return try LatentParameters(profile: latentProfile, stride: stride, form: form)
  }

  func configuration() throws -> LatentConfiguration {
    try LatentConfiguration(
      shape: LatentShape(
        vocabularySize: 16, hiddenSize: hiddenSize, intermediateSize: hiddenSize + 4, layers: layers,
        tiesHead: tiesHead, attention: attention()), epsilon: 0x1p-10, latentEpsilon: 1e-6, theta: 10_000)
  }

  func weights() throws -> ParameterSet {
    var numbers = SeededNumbers(seed: seed)
    return ParameterSet.highVariance(try configuration(), numbers: &numbers)
  }

  func model(
    _ weights: ParameterSet? = nil, functions: LayerFunctions? = nil
  ) throws -> LatentModel {
    LatentModel(
      configuration: try configuration(), weights: Weights(try weights ?? self.weights()),
      functions: functions ?? .llama(workers: workers), rules: rules)
  }

  func text() -> [Int] {
    var numbers = SeededNumbers(seed: seed &+ 1)
    return (0..<textLength).map { _ in numbers.integer(below: 11) }
  }

  func vocabulary() throws -> Vocabulary {
    try Vocabulary(textSize: 11, memoryToken: 13, repetitionToken: 11, modelSize: 16)
  }

  func parameters() throws -> Parameters { try Parameters(c: c, t: t) }

  func trainingLayout() throws -> Layout {
    try .training(text: text(), vocabulary: vocabulary(), parameters: parameters(), profile: profile)
  }

  /// All rows at once, causally, nothing compressed; positions are the rows' numbers unless given.
  func forward(
    _ weights: ParameterSet? = nil, functions: LayerFunctions? = nil, positions: [Int]? = nil
  ) throws -> LatentTrace {
    let (model, tokens) = (try model(weights, functions: functions), text())
    return try model.forward(
      embeddings: try model.embed(tokens), positions: positions ?? Array(0..<tokens.count),
      visible: causal(tokens.count), past: model.noPast)
  }
}

/// What rows of a plain text see.
func causal(_ count: Int) -> VisibleKeys { VisibleKeys(lists: (0..<count).map { Array(0...$0) }, keyCount: count) }

/// Every profile with stride 1 to 3 over three layers, with and without a query latent, quantised and not.
func someLatents() -> [LatentSample] {
  var samples: [LatentSample] = []
  for profile in LatentProfile.all {
    for stride in 1...3 {
      for (bits, rotatedBits) in [(nil, nil), (4, nil), (2, 4)] as [(Int?, Int?)] {
        if profile.entries == .heads && bits != nil { continue }
        samples.append(
          LatentSample(seed: UInt64(samples.count), stride: stride, latentProfile: profile).with {
            ($0.widths.bits, $0.widths.rotatedBits) = (bits, rotatedBits)
            $0.widths.queryLatent = samples.count % 2 == 0 ? 4 : nil
            $0.tiesHead = samples.count % 3 == 0
          })
      }
    }
  }
  return samples
}

/// The largest difference of two tensors of one shape.
func distance(_ a: Tensor, _ b: Tensor) -> Double {
  zip(a.values, b.values).reduce(0) { max($0, ($1.0 - $1.1).magnitude) }
}
