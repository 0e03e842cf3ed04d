// LAT-10: the models of chapter 17: in memory for the reference, as Hugging Face directories for every port.

import LoMAModels
import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

extension RecordedModels {
  mutating func add(_ model: LatentCaseModel) throws(LatentError) {
    try add(latent: Self.entry(model.name, model.path, try model.files()))
  }

  static func entry(_ name: String, _ path: String, _ files: [(name: String, bytes: [UInt8])]) -> Entry {
    Entry(
      name: name, path: path, recipe: nil,
      files: files.map { Recording.File(path: path + "/" + $0.name, bytes: $0.bytes) })
  }

  /// Adds a trained model; throws `trainedModel` if a file is missing or its digest is not the pinned one.
  mutating func add(_ model: TrainedLatentModel, from folder: String) throws(RecordingError) {
    let entry = try Self.pinned(
      Entry(name: model.name, path: model.path, recipe: model.recipe, files: []), model.files, from: folder)
    do throws(LatentError) { try add(latent: entry) } catch {
      throw .trainedModel(name: model.name, reason: error.description)
    }
  }

  /// Adds a refused model: another model's files with one of them changed.
  mutating func add(_ model: RefusedLatentModel) throws(LatentError) {
    let files = try model.spoilt.files().map { name, bytes in
      (name: name, bytes: name == model.file ? model.change.applied(to: bytes) : bytes)
    }
    try add(latent: Self.entry(model.name, model.path, files))
  }
}

extension ReferenceAnswers {
  /// Reads a model with latent attention unless it is known; throws if its files have another form.
  mutating func readLatent(_ path: String, below folder: String) throws(LatentError) {
    if peers.latents[path] != nil { return }
    peers.latents[path] = try StoredLatent(directory: folder + "/" + path)
  }
}

extension StoredLatent {
  /// The order of rotated rows in the models of requests (LAT-10).
  private static let pairs: Set<PairOrder> = [.halfSplit]

  /// The content of a directory; throws if it has neither a vocabulary nor a profile.
  package init(directory: String) throws(LatentError) {
    self.init(
      try LatentOutline(directory: directory),
      Result { () throws(LatentError) in
        let checkpoint = try LatentCheckpoint(directory: directory, accepting: Self.pairs)
        return Content(configuration: checkpoint.configuration, parameters: try checkpoint.parameters())
      })
  }

  /// The content of a config.json and a file of tensors in memory.
  init(configuration text: [UInt8], tensors: [UInt8]) throws(LatentError) {
    self.init(
      try LatentOutline(parsing: text),
      Result { () throws(LatentError) in
        let file = try LatentConfigurationFile(parsing: text, accepting: Self.pairs)
        var found: [String: Tensor] = [:]
        do throws(ContainerError) {
          for array in try ArrayFile(decoding: tensors).arrays {
            found[array.name] = Tensor(shape: array.shape, values: try array.doubles())
          }
        } catch { throw .checkpoint(.container(file: "model.safetensors", error)) }
        let parameters = ParameterSet(found)
        do throws(ModelError) { try parameters.check(against: file.configuration) } catch {
          throw .checkpoint(.model(error))
        }
        return Content(configuration: file.configuration, parameters: parameters)
      })
  }

  private init(_ outline: LatentOutline, _ content: Result<Content, LatentError>) {
    self.init(vocabularySize: outline.vocabularySize, profile: outline.profile, content: content)
  }
}
