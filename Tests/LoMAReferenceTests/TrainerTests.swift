// Chapter 15: the learning rate, clipping, the first weights, and steps that do not depend on the number of threads.

import LoMA
import LoMAReference
import NaiveLlama
import Testing

@Suite("Chapter 15: training")
struct TrainerTests {
  @Test(arguments: Decay.allCases) func `TRN-1 the rate rises in a line to its peak and falls to near zero`(
    _ decay: Decay
  ) {
    let rate = LearningRate(peak: 0.5, warmUp: 4, steps: 10, decay: decay)
    #expect((1...4).map { rate[$0] } == [0.125, 0.25, 0.375, 0.5])
    let falling = (4...10).map { rate[$0] }
    #expect(zip(falling, falling.dropFirst()).allSatisfy { $0 > $1 })
    #expect(falling.allSatisfy { $0 > 0 })
    // Half way between the peak and the step after the last both are at half the peak.
    let half = LearningRate(peak: 1, warmUp: 0, steps: 9, decay: decay)
    #expect((half[5] - 0.5).magnitude < 1e-15)
  }

  @Test func `TRN-1 quarter points tell the cosine from the line`() {
    let cosine = LearningRate(peak: 1, warmUp: 0, steps: 7, decay: .cosine)
    #expect((cosine[2] - (1 + 0.5.squareRoot()) / 2).magnitude < 1e-15)
    #expect(LearningRate(peak: 1, warmUp: 0, steps: 7, decay: .linear)[2] == 0.75)
  }

  @Test func `TRN-2 gradients above the limit are shortened to it, others are left alone`() {
    var long = ParameterSet([
      "a": Tensor(shape: [2], values: [3, 0]), "b": Tensor(shape: [1], values: [-4]),
    ])
    #expect(long.clip(toGlobalNorm: 5) == 5)
    #expect(long.tensors["a"]?.values == [3, 0])
    #expect(long.clip(toGlobalNorm: 2.5) == 5)
    #expect(long.tensors["a"]?.values == [1.5, 0])
    #expect(long.tensors["b"]?.values == [-2])
  }

  @Test func `TRN-2 a norm that is not finite ends the run and changes nothing`() throws {
    var trainer = try Self.trainer()
    var weights = trainer.parameters
    weights.tensors[ParameterName.head]?.values[0] = 0x1p1000
    trainer = Trainer(configuration: trainer.configuration, parameters: weights, settings: trainer.settings)
    let before = trainer
    #expect(throws: ModelError.divergedTraining(step: 1)) {
      _ = try trainer.step(texts: try Self.texts(1), profile: .base, workers: .single)
    }
    #expect(trainer == before)
  }

  @Test func `TRN-3 the first weights have their deviation, and are exact in bf16`() throws {
    let configuration = try Configuration(
      vocabularySize: 300, hiddenSize: 64, intermediateSize: 96, layers: 1, queryHeads: 2, keyValueHeads: 1,
      headDimension: nil, epsilon: 1e-5, theta: 10_000, tiesHead: false)
    var numbers = SeededNumbers(seed: 3)
    let weights = ParameterSet.initial(configuration, numbers: &numbers)
    try weights.check(against: configuration)
    for (name, shape) in configuration.parameters {
      let values = try #require(weights.tensors[name]).values
      #expect(values.allSatisfy { SeededNumbers.roundedToEightBits($0) == $0 })
      guard shape.count == 2 else {
        #expect(values.allSatisfy { $0 == 1 })
        continue
      }
      let square = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
      let expected = name == ParameterName.embedding ? 1 : 1 / Double(shape[1])
      #expect((square / expected - 1).magnitude < 0.06, "\(name)")
    }
    var again = SeededNumbers(seed: 3)
    let first = again.deviate(mean: 0, standardDeviation: 1)
    #expect(weights.tensors[ParameterName.embedding]?.values.first == first, "the embedding draws first")
  }

  @Test func `TRN-4 the same bits with 1, 2, 3 and 7 threads`() throws {
    var digests: Set<Trainer> = []
    for threads in [1, 2, 3, 7] {
      var trainer = try Self.trainer()
      for step in 0..<3 {
        _ = try trainer.step(texts: try Self.texts(UInt64(step)), profile: .base, workers: Workers(threads: threads))
      }
      digests.insert(trainer)
    }
    #expect(digests.count == 1)
  }

  @Test func `TRN-4 a step is the clipped pass given to AdamW at the rate of the step`() throws {
    var trainer = try Self.trainer()
    let start = trainer.parameters
    let texts = try Self.texts(9)
    let pass = try trainer.step(texts: texts, profile: .base, workers: .single)
    var expected = start
    var gradients = pass.gradients
    _ = gradients.clip(toGlobalNorm: 0.5)
    var optimiser = AdamW(configuration: trainer.configuration)
    optimiser.step(
      &expected, gradients: gradients,
      settings: AdamWSettings(learningRate: 0.005, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1),
      update: AdamW.update)
    #expect(trainer.parameters == expected && trainer.parameters != start)
    #expect(trainer.optimiser == optimiser)
  }

  @Test func `TRN-4 repetition alone: reading rows have no label, the other term is the same`() throws {
    let rows = try Self.texts(2)
    let alone = rows.map(Objective.repetition.labelled)
    #expect(rows.map(Objective.both.labelled) == rows)
    #expect(alone.joined().allSatisfy { $0.lossTerm != .languageModelling })
    #expect(zip(rows.joined(), alone.joined()).allSatisfy { $0.lossTerm == .languageModelling || $0 == $1 })
    var (both, repetition) = (try Self.trainer(.both), try Self.trainer(.repetition))
    let first = try both.step(texts: rows, profile: .base, workers: .single).loss
    let second = try repetition.step(texts: rows, profile: .base, workers: .single).loss
    #expect(first.repetition == second.repetition && second.languageModelling == 0 && first.languageModelling > 0)
  }

  @Test func `TRN-8 an optimiser taken up again goes on with the same bits`() throws {
    var whole = try Self.trainer()
    for step: UInt64 in 0..<2 { _ = try whole.step(texts: try Self.texts(step), profile: .base, workers: .single) }
    var resumed = Trainer(
      configuration: whole.configuration, parameters: whole.parameters,
      optimiser: AdamW(
        resumingAfter: 2, firstMoments: whole.optimiser.firstMoments, secondMoments: whole.optimiser.secondMoments,
        settings: whole.settings.optimiser), settings: whole.settings)
    #expect(resumed == whole)
    _ = try whole.step(texts: try Self.texts(2), profile: .base, workers: .single)
    _ = try resumed.step(texts: try Self.texts(2), profile: .base, workers: .single)
    #expect(resumed == whole)
  }

  private static func trainer(_ objective: Objective = .both) throws -> Trainer {
    let configuration = try Configuration(
      vocabularySize: 7, hiddenSize: 8, intermediateSize: 12, layers: 2, queryHeads: 2, keyValueHeads: 1,
      headDimension: nil, epsilon: 1e-5, theta: 10_000, tiesHead: false)
    var numbers = SeededNumbers(seed: 5)
    return Trainer(
      configuration: configuration, parameters: .initial(configuration, numbers: &numbers),
      settings: TrainerSettings(
        learningRate: LearningRate(peak: 0.01, warmUp: 2, steps: 20, decay: .cosine),
        optimiser: AdamWSettings(learningRate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1),
        largestNorm: 0.5, objective: objective))
  }

  /// Three texts of two chunks, c = 2 and t = 2.
  private static func texts(_ seed: UInt64) throws -> [[Row]] {
    var numbers = SeededNumbers(seed: seed)
    return try (0..<3).map { _ in
      try Layout.training(
        text: (0..<8).map { _ in numbers.integer(below: 5) }, vocabulary: Vocabulary(textSize: 5),
        parameters: Parameters(c: 2, t: 2), profile: .base
      ).rows
    }
  }
}
