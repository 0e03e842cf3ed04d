// LAT-10: the models of chapter 17: in memory for the reference, as Hugging Face directories for every port.

import LoMAModels
import LoMAVectors

extension RecordedModels {
  mutating func add(_ model: LatentCaseModel) throws(LatentError) {
    try add(latent: model.name, path: model.path, files: try model.files())
  }

  /// Adds a refused model: another model's files with one of them changed.
  mutating func add(_ model: RefusedLatentModel) throws(LatentError) {
    let files = try model.spoilt.files().map { name, bytes in
      (name: name, bytes: name == model.file ? model.change.applied(to: bytes) : bytes)
    }
    try add(latent: model.name, path: model.path, files: files)
  }
}

extension ReferenceAnswers {
  /// Reads a model with latent attention unless it is known; throws if its files have another form.
  mutating func readLatent(_ path: String, below folder: String) throws(LatentError) {
    if peers.latents[path] != nil { return }
    peers.latents[path] = try StoredLatent(directory: folder + "/" + path)
  }
}
