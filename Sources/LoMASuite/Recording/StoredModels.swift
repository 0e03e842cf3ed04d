// The models that lie below a folder of vectors, whoever wrote them.

import LoMA
import LoMAModels
import LoMAReference
import LoMAVectors

/// Every model below a folder of vectors, in memory.
package struct StoredModels: Sendable {
  /// By path below the folder: models/NAME.
  package let models: [String: ModelInMemory]

  /// Reads every folder of `models` but those that are to be refused (MOD-1); none is there where that folder is missing.
  package init(vectors folder: String) throws(CheckpointError) {
    var models: [String: ModelInMemory] = [:]
    for path in Disk.listing(below: folder + "/models").folders where !path.contains("/") {
      do { models["models/" + path] = try Checkpoint(directory: folder + "/models/" + path).inMemory() } catch {
        guard case .model(let refusal) = error, refusal.rejectionCode != nil else { throw error }
        continue  // a case asks for it to be refused
      }
    }
    self.models = models
  }

  /// The model that the answer to a case needs, computed from its seed; nil if it was trained and must be read.
  package init?(computedFor item: Case) throws(ModelError) {
    var models: [String: ModelInMemory] = [:]
    if let path = item.request.model, case .tensors = item.expectation {
      guard let model = CaseModel.all.first(where: { $0.path == path }) else { return nil }
      models[path] = try model.inMemory()
    }
    self.models = models
  }
}

extension Checkpoint {
  /// Shape, all weights, and what the `loma` object says.
  func inMemory() throws(CheckpointError) -> ModelInMemory {
    ModelInMemory(configuration: configuration, parameters: try parameters(), stated: file.loma?.asked ?? [:])
  }
}

extension LoMASection {
  /// Its numbers under the names that a request gives them.
  fileprivate var asked: [String: RequestParameter] {
    [
      "text_vocabulary": .integer(textVocabulary), "memory_token": .integer(memoryToken),
      "repetition_token": .integer(repetitionToken), "c": .integer(c), "t": .integer(t),
    ]
  }
}
