// The models in a folder of vectors, whatever program wrote them.

import LoMA
import LoMAModels
import LoMAReference
import LoMAVectors

/// Every model in a folder of vectors, in memory.
package struct StoredModels: Sendable {
  /// The models, by path below the folder: models/NAME.
  package let models: [String: ModelInMemory]

  /// Reads every folder of `models` except refused ones (MOD-1); empty if there is no such folder.
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
  /// Configuration, all weights, and what the `loma` object states.
  func inMemory() throws(CheckpointError) -> ModelInMemory {
    ModelInMemory(configuration: configuration, parameters: try parameters(), stated: file.loma?.asked ?? [:])
  }
}

extension LoMASection {
  /// The section's numbers, under the names of a request's parameters.
  fileprivate var asked: [String: RequestParameter] {
    [
      "text_vocabulary": .integer(textVocabulary), "memory_token": .integer(memoryToken),
      "repetition_token": .integer(repetitionToken), "c": .integer(c), "t": .integer(t),
    ]
  }
}
