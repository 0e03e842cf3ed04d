// LAT-10: the models of chapter 17: in memory for the reference, as Hugging Face directories for every port.

import LoMAModels
import LoMAPeers
import LoMAPeersCatalogue
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
