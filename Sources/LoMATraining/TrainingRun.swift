// TRN-5, TRN-8: running a recipe in a folder, step by step, with checkpoints and the finished model.

import LoMA
import LoMAModels
import LoMAReference
import LoMAVectors
import NaiveLlama

/// A training run in a folder; after an interruption the last checkpoint is whole, and resuming gives the same bits.
package struct TrainingRun: Sendable {
  package let recipe: Recipe
  /// Weights, moments, random generator and curve.
  package private(set) var state: TrainingState
  private let texts: TrainingTexts
  private let vocabulary: Vocabulary
  private let folder: String
  private let disk: Disk

  /// The folder of the finished model, below that of the run.
  package static let modelName = "model"

  /// Starts a run in a folder, which is made if it does not exist, or resumes the run that it holds.
  ///
  /// The corpus is read from `corpora`, the recipe's folder. Throws `runExists` if there is a run and `resumes` is
  /// false.
  package init(
    _ recipe: Recipe, corpora: String, folder: String, resumes: Bool, disk: Disk
  ) throws(TrainingError) {
    self.recipe = recipe
    self.folder = folder
    self.disk = disk
    texts = try TrainingTexts(recipe, folder: corpora)
    vocabulary = try recipe.vocabulary
    let path = folder + "/" + TrainingState.fileName
    if Disk.files(in: folder).contains(TrainingState.fileName) {
      guard resumes else { throw .runExists(folder: folder) }
      let bytes: [UInt8]
      do { bytes = try Files.contents(of: path, byteLimit: 1 << 30) } catch { throw .file(error) }
      state = try TrainingState(decoding: bytes, recipe: recipe)
    } else {
      do { try disk.makeFolder(folder) } catch { throw .file(error) }
      state = TrainingState(recipe)
    }
  }

  package var steps: Int { state.trainer.optimiser.steps }
  /// The number of steps of the whole run.
  package var allSteps: Int { recipe.settings.learningRate.steps }

  /// Trains to the end, or to an earlier step; stores a checkpoint at every `checkpointEvery`-th step and at the last,
  /// and stores the model at the end of the run.
  package mutating func advance(
    stoppingAfter stop: Int, threads: Int, progress: (CurvePoint) -> Void
  ) throws(TrainingError) {
    let last = min(stop, allSteps)
    let interval = (allSteps + 199) / 200
    while steps < last {
      let point = try step(threads: threads)
      if point.step == 1 || point.step % interval == 0 || point.step == allSteps { state.curve.append(point) }
      progress(point)
      if steps % recipe.checkpointEvery == 0 || steps == last { try save() }
    }
    if steps == allSteps { try saveModel() }
  }

  /// One step on a newly drawn batch.
  private mutating func step(threads: Int) throws(TrainingError) -> CurvePoint {
    let batch = texts.batch(recipe.batch, numbers: &state.numbers)
    do throws(ReferenceError) {
      var layouts: [[Row]] = []
      for text in batch {
        let layout = try rejecting(
          try Layout.training(
            text: text, vocabulary: vocabulary, parameters: recipe.parameters, profile: recipe.profile))
        layouts.append(layout.rows)
      }
      let pass = try computing(
        try state.trainer.step(texts: layouts, profile: recipe.profile, workers: Workers(threads: threads)))
      var repetition = Repetition()
      for (index, text) in batch.enumerated() {
        try rejecting(
          try repetition.count(
            text: text, rows: layouts[index], logits: pass.logits[index], vocabulary: vocabulary,
            parameters: recipe.parameters, profile: recipe.profile))
      }
      return CurvePoint(step: steps, loss: pass.loss, counted: repetition.total)
    } catch { throw .model(error) }
  }

  /// The accuracies of the weights, as the finished model stores them, on texts that were in no batch.
  package func evaluation(
    texts count: Int, seed: UInt64, threads: Int, progress: (_ done: Int, _ of: Int) -> Void
  ) throws(TrainingError) -> Evaluation {
    let stored = try storedParameters()
    let model = Transformer(
      configuration: recipe.configuration, weights: Weights(stored), functions: .llama(workers: .single))
    do {
      return try Evaluation(
        model, texts: texts.fresh(atMost: count, seed: seed), vocabulary: vocabulary, parameters: recipe.parameters,
        profile: recipe.profile, threads: threads, progress: progress)
    } catch { throw .model(error) }
  }

  /// The weights rounded to the recipe's element type.
  private func storedParameters() throws(TrainingError) -> ParameterSet {
    var tensors: [String: Tensor] = [:]
    for (name, tensor) in state.trainer.parameters.tensors {
      do {
        let array = try NamedArray(name, recipe.elementType, shape: tensor.shape, doubles: tensor.values)
        tensors[name] = Tensor(shape: tensor.shape, values: try array.doubles())
      } catch { throw .checkpoint(.container(file: "model.safetensors", error)) }
    }
    return ParameterSet(tensors)
  }

  /// Stores a checkpoint, whole or not at all; until then the previous one stays.
  private func save() throws(TrainingError) {
    let bytes = try state.encoded(recipe)
    do throws(FileError) { try replace(TrainingState.fileName, with: bytes) } catch { throw .file(error) }
  }

  private func replace(_ name: String, with bytes: [UInt8]) throws(FileError) {
    try removeRemains(name + ".partial")
    do throws(FileError) { try disk.replace(folder + "/" + name, with: bytes) } catch {
      try? disk.remove(folder + "/" + name + ".partial")
      throw error
    }
  }

  /// Removes what an interrupted write left.
  private func removeRemains(_ name: String) throws(FileError) {
    guard Disk.files(in: folder).contains(name) else { return }
    let path = folder + "/" + name
    guard Disk.hasFolder(path) else { return try disk.remove(path) }
    for file in Disk.files(in: path) { try disk.remove(path + "/" + file) }
    try disk.removeFolder(path)
  }

  /// Stores the model's directory, whole or not at all; an existing one stays.
  private func saveModel() throws(TrainingError) {
    guard !Disk.files(in: folder).contains(Self.modelName) else { return }
    let files: [(name: String, bytes: [UInt8])]
    do {
      files = try CheckpointWriter.files(
        state.trainer.parameters, configuration: recipe.configuration, loma: recipe.section,
        elementType: recipe.elementType, form: .explicit)
    } catch { throw .checkpoint(error) }
    let partial = Self.modelName + ".partial"
    do throws(FileError) {
      try removeRemains(partial)
      try disk.makeFolder(folder + "/" + partial)
      for file in files { try disk.create(folder + "/\(partial)/" + file.name, file.bytes) }
      try disk.rename(folder + "/" + partial, folder + "/" + Self.modelName)
    } catch {
      try? removeRemains(partial)
      throw .file(error)
    }
  }
}
