// NUM-3: the models, texts and requests that the digest of the reference is taken over.

import LoMA
import LoMAReference
import NaiveLlama

/// A seeded model, how it is used, and its part in the digest.
struct DigestModel {
  let name: String
  let profile: Profile
  let trains: Bool
  private let lengths: [Int]
  private let vocabulary: Vocabulary
  private let parameters: Parameters
  private let configuration: Configuration
  private let weights: ParameterSet
  private let workers: Workers

  /// Three profiles in which every axis is at an alternative once, with each kind of heads; and one model that is wide
  /// enough for two threads to share the rows of a kernel.
  static func all(workers: Workers) throws(ReferenceError) -> [DigestModel] {
    let mixed = "numbering=sequential,memory_context=own_chunk,repetition_attention=self_only"
    let other =
      "memory_positions=span_start,memory_attention=causal,repetition_context=past_memories,repetition_labels=shifted"
    return [
      try DigestModel("base", keyValueHeads: 2, tiesHead: false, workers: workers),
      try DigestModel(mixed, keyValueHeads: 1, tiesHead: true, workers: workers),
      try DigestModel(other, keyValueHeads: 4, tiesHead: false, workers: workers),
      try DigestModel(wide: workers),
    ]
  }

  private init(_ profile: String, keyValueHeads: Int, tiesHead: Bool, workers: Workers) throws(ReferenceError) {
    do throws(InputError) {
      self.profile = try Profile(name: profile)
      vocabulary = try Vocabulary(textSize: 11, memoryToken: 13, repetitionToken: 11, modelSize: 16)
      parameters = try Parameters(c: 2, t: 2)
    } catch { throw .rejected(error) }
    configuration = try computing(
      try Configuration(
        vocabularySize: 16, hiddenSize: 8, intermediateSize: 12, layers: 2, queryHeads: 4, keyValueHeads: keyValueHeads,
        headDimension: 4, epsilon: 0x1p-10, theta: 10_000, tiesHead: tiesHead))
    name = profile
    trains = true
    lengths = [9, 4]
    weights = Self.weights(configuration)
    self.workers = workers
  }

  private init(wide workers: Workers) throws(ReferenceError) {
    profile = .base
    do throws(InputError) {
      vocabulary = try Vocabulary(textSize: 11, memoryToken: 13, repetitionToken: 11, modelSize: 16)
      parameters = try Parameters(c: 4, t: 3)
    } catch { throw .rejected(error) }
    configuration = try computing(
      try Configuration(
        vocabularySize: 16, hiddenSize: 64, intermediateSize: 192, layers: 1, queryHeads: 4, keyValueHeads: 2,
        headDimension: 16, epsilon: 1e-5, theta: 500_000, tiesHead: false))
    name = "wide"
    trains = false
    lengths = [26]
    weights = Self.weights(configuration)
    self.workers = workers
  }

  private static func weights(_ configuration: Configuration) -> ParameterSet {
    var numbers = SeededNumbers(seed: 2024)
    return .highVariance(configuration, numbers: &numbers)
  }

  private func text(_ length: Int) -> [Int] {
    var numbers = SeededNumbers(seed: UInt64(length))
    return (0..<length).map { _ in numbers.integer(below: vocabulary.textSize) }
  }

  /// The training layouts of the texts.
  func layouts() throws(ReferenceError) -> [Layout] {
    var layouts: [Layout] = []
    do throws(InputError) {
      for length in lengths {
        layouts.append(
          try .training(text: text(length), vocabulary: vocabulary, parameters: parameters, profile: profile))
      }
    } catch { throw .rejected(error) }
    return layouts
  }

  func transformer() -> Transformer { transformer(weights) }

  private func transformer(_ weights: ParameterSet) -> Transformer {
    Transformer(configuration: configuration, weights: Weights(weights), functions: .llama(workers: workers))
  }

  /// Losses, gradients and three steps of AdamW on one batch.
  func addTraining(_ texts: [[Row]], to digest: inout BitDigest) throws(ReferenceError) {
    var trained = weights
    var optimiser = AdamW(configuration: configuration)
    let settings = AdamWSettings(learningRate: 0.01, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1)
    for _ in 0..<3 {
      let pass = try computing(try transformer(trained).trainingPass(texts: texts, profile: profile))
      digest.add([pass.loss.languageModelling, pass.loss.repetition])
      for logits in pass.logits { digest.add(logits) }
      digest.add(pass.gradients)
      optimiser.step(&trained, gradients: pass.gradients, settings: settings)
      for set in [trained, optimiser.firstMoments, optimiser.secondMoments] { digest.add(set) }
    }
  }

  /// A prompt, tokens after it, the logits and cache entries of every event, and every full chunk reconstructed.
  func addGeneration(_ sampling: Sampling, to digest: inout BitDigest) throws(ReferenceError) {
    var sum = digest
    var generator = Generator(
      transformer: transformer(), vocabulary: vocabulary, parameters: parameters, profile: profile)
    var numbers = SeededNumbers(seed: 7)
    let see = { (event: GenerationEvent) in
      sum.add(event.logits)
      sum.add(event.cache.rows.map { $0.position })
    }
    try generator.feed(text(5), passLength: 3, observe: see)
    sum.add(try generator.generate(9, choosing: sampling, numbers: &numbers, stopToken: nil, observe: see))
    for layer in generator.cache.layers {
      sum.add(layer.keys)
      sum.add(layer.values)
    }
    for chunk in 0..<parameters.fullChunks(generator.fedLength) {
      let reconstructed = try generator.reconstruct(chunk: chunk)
      sum.add(reconstructed.logits)
      sum.add(reconstructed.tokens)
    }
    digest = sum
  }
}
