// CCM-22, LAT-10: what the methods of part II have in the directory of a model, read.

import LoMAModels
import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

extension PeerRefusal {
  /// The refusal of an adapter on disk.
  package init(_ error: AdapterError) { self.init(code: error.code, description: error.description) }
}

extension ReferenceAnswers {
  /// Reads the adapter of a model whose base was read, or keeps why it is refused; a base without one is answered as a
  /// model that cannot be used.
  mutating func readAdapter(of path: String, below folder: String) {
    guard peers.adapters[path] == nil, let configuration = models[path]?.configuration else { return }
    do throws(AdapterError) {
      let stored = try StoredAdapter(directory: folder + "/" + path, configuration: configuration)
      peers.adapters[path] = .success(stored.adapter)
    } catch { peers.adapters[path] = .failure(PeerRefusal(error)) }
  }

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
  package init(configuration text: [UInt8], tensors: [UInt8]) throws(LatentError) {
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
