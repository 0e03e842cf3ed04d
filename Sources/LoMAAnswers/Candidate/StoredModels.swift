// The models in a folder of vectors, whatever program wrote them.

import LoMA
import LoMAModels
import LoMAReference
import LoMAVectors
import NaiveLlama

/// Every model in a folder of vectors, in memory.
package struct StoredModels: Sendable {
  /// The models, by path below the folder: models/NAME.
  package let models: [String: Model]
  /// The adapters of those that have one, or why they are refused (CCM-22).
  package let adapters: [String: PeerAnswers.AdapterInModel]
  /// The models with latent attention, refused ones among them (LAT-10).
  package let latents: [String: StoredLatent]

  /// Reads every folder of `models` except refused ones (MOD-1); empty if there is no such folder.
  package init(vectors folder: String) throws(CheckpointError) {
    var models: [String: Model] = [:]
    var latents = ReferenceAnswers(models: [:], workers: .single)
    let folders = Disk.listing(below: folder + "/models").folders
    for path in folders where !path.contains("/") {
      if LatentOutline.isOne(folder + "/models/" + path) {
        do { try latents.readLatent("models/" + path, below: folder) } catch {
          throw .model(.unreadable(tensor: path, reason: error.description))
        }
        continue
      }
      do { models["models/" + path] = try Checkpoint(directory: folder + "/models/" + path).inMemory() } catch {
        guard let refusal = error.refusal, refusal.rejectionCode != nil else { throw error }
        continue  // a case asks for it to be refused
      }
    }
    var answers = ReferenceAnswers(models: models, workers: .single)
    for path in models.keys where folders.contains(path.dropFirst("models/".count) + "/" + StoredAdapter.directoryName)
    {
      answers.readAdapter(of: path, below: folder)
    }
    self.models = models
    self.adapters = answers.peers.adapters
    self.latents = latents.peers.latents
  }

  /// Models that are known already.
  package init(
    models: [String: Model], adapters: [String: PeerAnswers.AdapterInModel], latents: [String: StoredLatent]
  ) {
    self.models = models
    self.adapters = adapters
    self.latents = latents
  }
}

extension ReferenceAnswers {
  /// The right answers on stored models with their adapters.
  package init(models: StoredModels, workers: Workers) {
    self.init(models: models.models, workers: workers)
    peers.adapters = models.adapters
    peers.latents = models.latents
  }
}

extension Checkpoint {
  /// Configuration, all weights, and what the `loma` object states.
  package func inMemory() throws(CheckpointError) -> Model {
    Model(configuration: configuration, parameters: try parameters(), stated: file.loma?.asked ?? [:])
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
