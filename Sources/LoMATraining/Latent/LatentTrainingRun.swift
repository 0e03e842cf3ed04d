// TRN-5, TRN-8: running a recipe of latent attention in a folder, with checkpoints and the finished model.

import LoMA
import LoMAModels
import LoMAPeersReference
import LoMAReference
import LoMAVectors
import NaiveLlama

/// A training run in a folder; after an interruption the last checkpoint is whole, and resuming gives the same bits.
package struct LatentTrainingRun: Sendable {
  /// What is run.
  package let recipe: LatentRecipe
  private var trainer: LatentTrainer
  private var numbers: SeededNumbers
  private let texts: TrainingTexts
  private let vocabulary: Vocabulary
  private let folder: String

  /// Starts a run in a folder, which is made if it does not exist, or resumes the run that it holds.
  ///
  /// The corpus is read from `corpora`, the recipe's folder. Throws `runExists` if there is a run and `resumes` is false.
  package init(
    _ recipe: LatentRecipe, corpora: String, folder: String, resumes: Bool
  ) throws(TrainingError) {
    self.recipe = recipe
    self.folder = folder
    texts = try TrainingTexts(recipe.data, textLength: recipe.textLength, folder: corpora)
    vocabulary = try recipe.vocabulary
    (trainer, numbers) = recipe.start()
    if let bytes = try StoredRun.bytes(in: folder, resumes: resumes) { try resume(bytes) }
  }

  /// The steps taken so far.
  package var steps: Int { trainer.optimiser.steps }
  /// The number of steps of the whole run.
  package var allSteps: Int { recipe.settings.learningRate.steps }

  /// SHA-256 of the weights stored as an F64 container.
  package var weightsDigest: String {
    get throws(TrainingError) {
      SHA256.hexDigest(of: try TrainingState.encoded(try TrainingState.arrays("", trainer.parameters)))
    }
  }

  /// Trains to the end, or to an earlier step; stores a checkpoint at every `checkpointEvery`-th step and at the last,
  /// and the model at the end of the run.
  package mutating func advance(
    stoppingAfter stop: Int, threads: Int, progress: (CurvePoint) -> Void
  ) throws(TrainingError) {
    let last = min(stop, allSteps)
    while steps < last {
      progress(try step(threads: threads))
      if steps % recipe.checkpointEvery == 0 || steps == last { try save() }
    }
    if steps == allSteps { try saveModel() }
  }

  /// One step on a newly drawn batch.
  private mutating func step(threads: Int) throws(TrainingError) -> CurvePoint {
    let batch = texts.batch(recipe.batch, numbers: &numbers)
    var layouts: [[Row]] = []
    for text in batch { layouts.append(try recipe.rows(text, vocabulary)) }
    do throws(ReferenceError) {
      let (loss, logits) = try computing(try step(&layouts, workers: Workers(threads: threads)))
      var repetition = Repetition()
      for (index, text) in batch.enumerated() {
        try rejecting(
          try repetition.count(
            text: text, rows: layouts[index], logits: logits[index], vocabulary: vocabulary,
            parameters: recipe.parameters, profile: recipe.profile))
      }
      return CurvePoint(step: steps, loss: loss, counted: repetition.total)
    } catch { throw .model(error) }
  }

  /// One step on these rows, which are left in the order of the logits.
  private mutating func step(
    _ layouts: inout [[Row]], workers: Workers
  ) throws(ModelError) -> (loss: Loss, logits: [Tensor]) {
    guard let pooling = recipe.pooling else {
      let pass = try trainer.step(
        layouts, profile: recipe.profile, rules: recipe.rules, further: recipe.arrangement.further,
        settings: recipe.settings, workers: workers)
      return (pass.loss, pass.logits)
    }
    let texts = layouts.map { PooledRows(training: $0) }
    let noise = texts.map { _ in PooledNoise(seed: numbers.next()) }
    let pass = try trainer.step(texts, noise: noise, pooling: pooling, settings: recipe.settings, workers: workers)
    layouts = texts.map { $0.rows }
    return (pass.loss, pass.logits)
  }

  /// Stores the model's directory, whole or not at all; an existing one stays.
  private func saveModel() throws(TrainingError) {
    guard !Disk.files(in: folder).contains(TrainingRun.modelName) else { return }
    do {
      try LatentCheckpointWriter.write(
        trainer.parameters, configuration: recipe.configuration, pairs: .halfSplit, loma: recipe.section,
        pooling: recipe.pooling?.ratio, elementType: recipe.elementType, to: folder + "/" + TrainingRun.modelName)
    } catch { throw .latent(error) }
  }
}

// MARK: - The state on disk

extension LatentTrainingRun {
  /// Stores a checkpoint, whole or not at all; until then the previous one stays.
  private func save() throws(TrainingError) {
    try StoredRun.save(
      trainer.parameters, optimiser: trainer.optimiser, numbers: numbers, recipeDigest: recipe.digest, in: folder)
  }

  /// Goes on from what `save` wrote; throws `otherRecipe` or `damagedState`.
  private mutating func resume(_ bytes: [UInt8]) throws(TrainingError) {
    let stored = try StoredRun(bytes, recipeDigest: recipe.digest, allSteps: allSteps, like: trainer.parameters)
    trainer = LatentTrainer(
      configuration: recipe.configuration, parameters: stored.weights,
      optimiser: stored.optimiser(recipe.settings.optimiser))
    numbers = stored.numbers
  }
}
