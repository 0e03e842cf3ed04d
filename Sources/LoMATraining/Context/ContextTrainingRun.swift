// CCM-21, TRN-8: running a recipe of compressed context memory in a folder, with checkpoints and the finished model.

import LoMAModels
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

/// What a run reports after a step.
package struct ContextPoint: Sendable {
  /// The step, from 1.
  package let step: Int
  /// Loss and accuracies of its batch, before the step.
  package let measured: ContextEvaluation
}

/// A training run in a folder; after an interruption the last checkpoint is whole, and resuming gives the same bits.
package struct ContextTrainingRun: Sendable {
  /// What is run.
  package let recipe: ContextRecipe
  private var trainer: ContextTrainer
  private var numbers: SeededNumbers
  private let folder: String

  /// Starts a run in a folder, which is made if it does not exist, or resumes the run that it holds.
  ///
  /// `base` is the directory of the base that the recipe names by its digest, nil if it names none. Throws `runExists` if
  /// there is a run and `resumes` is false.
  package init(
    _ recipe: ContextRecipe, base: String?, folder: String, resumes: Bool
  ) throws(TrainingError) {
    self.recipe = recipe
    self.folder = folder
    let weights = try Self.base(recipe, directory: base)
    (trainer, numbers) = try recipe.start(base: weights)
    if let bytes = try StoredRun.bytes(in: folder, resumes: resumes) { try resume(bytes) }
  }

  /// The weights of the base that a recipe names.
  private static func base(_ recipe: ContextRecipe, directory: String?) throws(TrainingError) -> ParameterSet? {
    guard let expected = recipe.baseDigest else {
      guard directory == nil else { throw .baseMismatch(isGiven: true) }
      return nil
    }
    guard let directory else { throw .baseMismatch(isGiven: false) }
    let bytes: [UInt8]
    do { bytes = try Files.contents(of: directory + "/model.safetensors", byteLimit: 1 << 30) } catch {
      throw .file(error)
    }
    let digest = SHA256.hexDigest(of: bytes)
    guard digest == expected else { throw .otherBase(digest: digest, expected: expected) }
    let weights: ParameterSet
    do { weights = try Checkpoint(directory: directory).parameters() } catch { throw .checkpoint(error) }
    do { try weights.check(against: recipe.configuration) } catch { throw .checkpoint(.model(error)) }
    return weights
  }

  /// The steps taken so far.
  package var steps: Int { trainer.optimiser.steps }
  /// The number of steps of the whole run.
  package var allSteps: Int { recipe.learningRate.steps }

  /// SHA-256 of everything that is trained, stored as an F64 container.
  package var weightsDigest: String {
    get throws(TrainingError) {
      SHA256.hexDigest(of: try TrainingState.encoded(try TrainingState.arrays("", trainer.trained)))
    }
  }

  /// Trains to the end, or to an earlier step; stores a checkpoint at every `checkpointEvery`-th step and at the last,
  /// and the model at the end of the run.
  package mutating func advance(
    stoppingAfter stop: Int, threads: Int, progress: (ContextPoint) -> Void
  ) throws(TrainingError) {
    let last = min(stop, allSteps)
    while steps < last {
      let batch = try recipe.batch(of: recipe.texts(recipe.batch, numbers: &numbers))
      let pass: ContextTrainingPass
      do {
        pass = try trainer.step(
          batch, learningRate: recipe.learningRate, optimiser: recipe.optimiser, largestNorm: recipe.largestNorm,
          workers: Workers(threads: threads))
      } catch { throw .checkpoint(.model(error)) }
      progress(
        ContextPoint(
          step: steps,
          measured: ContextEvaluation(texts: batch.texts, logits: pass.logits, loss: pass.loss.mean)))
      if steps % recipe.checkpointEvery == 0 || steps == last { try save() }
    }
    if steps == allSteps { try saveModel() }
  }

  /// Stores the model's directory, whole or not at all; an existing one stays.
  private func saveModel() throws(TrainingError) {
    guard !Disk.files(in: folder).contains(TrainingRun.modelName) else { return }
    do {
      try ContextCheckpoint.write(
        base: trainer.base, adapter: trainer.adapter, configuration: recipe.configuration,
        elementType: recipe.elementType, to: folder + "/" + TrainingRun.modelName)
    } catch { throw .adapter(error) }
  }
}

// MARK: - The state on disk

extension ContextTrainingRun {
  /// Stores a checkpoint, whole or not at all; until then the previous one stays.
  private func save() throws(TrainingError) {
    try StoredRun.save(
      trainer.trained, optimiser: trainer.optimiser, numbers: numbers, recipeDigest: recipe.digest, in: folder)
  }

  /// Goes on from what `save` wrote; throws `otherRecipe` or `damagedState`.
  private mutating func resume(_ bytes: [UInt8]) throws(TrainingError) {
    let stored = try StoredRun(bytes, recipeDigest: recipe.digest, allSteps: allSteps, like: trainer.trained)
    trainer = ContextTrainer(
      resuming: trainer, weights: stored.weights,
      optimiser: stored.optimiser(recipe.optimiser))
    numbers = stored.numbers
  }
}
