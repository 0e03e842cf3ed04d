// CCM-21: a step of training: what it changes, what it leaves, and that threads do not matter.

import LoMAPeers
import LoMAPeersReference
import NaiveLlama
import Testing

@Suite("Chapter 16: training")
struct ContextTrainerTests {
  private let rate = LearningRate(peak: 0.01, warmUp: 2, steps: 20, decay: .cosine)
  private let settings = AdamWSettings(learningRate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0)

  private func trainer(_ sample: SampleModel, _ training: ContextTraining) throws -> ContextTrainer {
    ContextTrainer(
      configuration: try sample.configuration(), base: try sample.base(), adapter: try sample.adapter(),
      parameters: try sample.parameters(), training: training)
  }

  private func batch(_ sample: SampleModel) throws -> ContextBatch {
    let texts = (0..<3).map { index in sample.with { $0.seed = UInt64(40 + index) }.text }
    let parameters = try sample.parameters()
    return ContextBatch(
      try texts.map { try ContextLayout($0, parameters: parameters) }, parameters: parameters)
  }

  private func step(
    _ trainer: inout ContextTrainer, _ batch: ContextBatch, largestNorm: Double = 0.5, workers: Workers = .single
  ) throws -> ContextTrainingPass {
    try trainer.step(batch, learningRate: rate, optimiser: settings, largestNorm: largestNorm, workers: workers)
  }

  @Test(arguments: [false, true]) func `CCM-21 the base keeps every bit if the adapter alone is trained`(
    merges: Bool
  ) throws {
    let sample = SampleModel(profile: try ContextProfile(name: merges ? "memory=merge" : "base"))
    let start = try trainer(sample, .adapter)
    var trained = start
    for _ in 0..<3 { _ = try step(&trained, try batch(sample)) }
    #expect(trained.base == start.base && trained.adapter != start.adapter)
    #expect(trained.optimiser.steps == 3)
    // By CCM-18 a SUM row's embedding has no gradient; without weight decay it stays.
    let name = AdapterParameterName.memoryEmbedding
    let (before, after) = (try start.adapter.tensor(name), try trained.adapter.tensor(name))
    for row in 0..<before.rows {
      #expect((Array(before.row(row)) == Array(after.row(row))) == (row >= sample.n), "row \(row)")
    }
    // Nothing reads what a memory row computes last but its key and value.
    for (projection, moves) in [(AdaptedProjection.query, false), (.key, true), (.value, true), (.output, false)] {
      let name = AdapterParameterName.a(layer: 1, projection)
      #expect((try start.adapter.tensor(name) != trained.adapter.tensor(name)) == moves, "\(name)")
    }
  }

  @Test func `CCM-21 everything moves if everything is trained`() throws {
    let sample = SampleModel()
    let start = try trainer(sample, .everything)
    var trained = start
    _ = try step(&trained, try batch(sample))
    for name in start.base.names { #expect(start.base.tensors[name] != trained.base.tensors[name], "\(name)") }
    #expect(start.adapter != trained.adapter)
    #expect(Set(trained.trained.names) == Set(start.base.names + start.adapter.parameters.names))
  }

  @Test func `TRN-4 a step is the clipped pass given to AdamW, the same with any number of threads`() throws {
    let sample = SampleModel()
    for training in ContextTraining.allCases {
      var trained = try trainer(sample, training)
      var expected = trained.trained
      let pass = try step(&trained, try batch(sample))
      var gradients = pass.gradients.trained
      let norm = gradients.clip(toGlobalNorm: 0.5)
      #expect(norm > 0.5 && Set(gradients.names) == Set(expected.names))
      let zeros = ParameterSet(expected.tensors.mapValues { Tensor(zeros: $0.shape) })
      var optimiser = AdamW(resumingAfter: 0, firstMoments: zeros, secondMoments: zeros, settings: settings)
      optimiser.step(
        &expected, gradients: gradients,
        settings: AdamWSettings(learningRate: 0.005, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0))
      #expect(trained.trained == expected && trained.optimiser == optimiser)
      for threads in [2, 3] {
        var again = try trainer(sample, training)
        _ = try step(&again, try batch(sample), workers: Workers(threads: threads))
        #expect(again == trained, "\(threads) threads")
      }
    }
  }

  @Test func `TRN-8 a trainer taken up again goes on with the same bits`() throws {
    let sample = SampleModel()
    for training in ContextTraining.allCases {
      var whole = try trainer(sample, training)
      for _ in 0..<2 { _ = try step(&whole, try batch(sample)) }
      var resumed = ContextTrainer(
        resuming: try trainer(sample, training), weights: whole.trained,
        optimiser: AdamW(
          resumingAfter: 2, firstMoments: whole.optimiser.firstMoments, secondMoments: whole.optimiser.secondMoments,
          settings: settings))
      #expect(resumed == whole)
      _ = try step(&whole, try batch(sample))
      _ = try step(&resumed, try batch(sample))
      #expect(resumed == whole)
    }
  }

  @Test func `TRN-2 a norm that is not finite ends the run and changes nothing`() throws {
    let sample = SampleModel()
    var weights = try sample.base()
    weights.tensors[ParameterName.head]?.values[0] = 0x1p1000
    var trained = ContextTrainer(
      configuration: try sample.configuration(), base: weights, adapter: try sample.adapter(),
      parameters: try sample.parameters(), training: .everything)
    let before = trained
    #expect(throws: ModelError.divergedTraining(step: 1)) { _ = try step(&trained, try batch(sample)) }
    #expect(trained == before)
  }
}
