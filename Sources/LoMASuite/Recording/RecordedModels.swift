// The models of the corpus: as values for the reference, as Hugging Face directories for everyone.

import LoMA
import LoMAReference
import LoMAVectors

/// Every model of the catalogue.
struct RecordedModels: Sendable {
  /// By path below Vectors.
  let models: [String: ModelInMemory]
  /// config.json and model.safetensors of each.
  let files: [Recording.File]

  /// Made once: they are always the same.
  static let shared = Result { () throws(RecordingError) in try RecordedModels() }

  private init() throws(RecordingError) {
    var models: [String: ModelInMemory] = [:]
    var files: [Recording.File] = []
    for model in CaseModel.all {
      do throws(ModelError) {
        let inMemory = try model.inMemory()
        models[model.path] = inMemory
        let section = LoMASection(
          textVocabulary: model.vocabulary.text, memoryToken: model.vocabulary.memory,
          repetitionToken: model.vocabulary.repetition, c: 2, t: 2, profile: .base)
        do throws(CheckpointError) {
          for file in try CheckpointWriter.files(
            inMemory.parameters, configuration: inMemory.configuration, loma: section, elementType: .f32)
          {
            files.append(Recording.File(path: model.path + "/" + file.name, bytes: file.bytes))
          }
        } catch { throw ModelError.unreadable(tensor: model.name, reason: error.description) }
      } catch { throw .model(name: model.name, error) }
    }
    self.models = models
    self.files = files
  }
}
