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
        guard let refusal = error.refusal, refusal.rejectionCode != nil else { throw error }
        continue  // a case asks for it to be refused
      }
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
