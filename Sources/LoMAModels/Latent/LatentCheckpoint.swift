// LAT-10: the directory of a model with latent attention, read whole and written whole.

import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

/// A directory of LAT-10: config.json and its tensors, all in memory.
package struct LatentCheckpoint: Sendable {
  /// The content of config.json.
  package let file: LatentConfigurationFile
  /// The weights, or why the model is refused: the first fault in the order of the Spec's list.
  package let weights: Result<ParameterSet, LatentModelError>

  /// Reads a directory; throws if a file cannot be read or has another form.
  package init(directory: String) throws(CheckpointError) {
    let text: [UInt8]
    do { text = try Files.contents(of: directory + "/config.json", byteLimit: 1 << 20) } catch { throw .file(error) }
    var tensors: [String: Tensor] = [:]
    for name in try ShardIndex.files(in: directory).files {
      do {
        let shard = try MappedArrayFile(contentsOf: directory + "/" + name)
        for entry in shard.header.entries {
          tensors[entry.name] = Tensor(shape: entry.shape, values: try shard.doubles(entry.name))
        }
      } catch { throw .container(file: name, error) }
    }
    try self.init(text: text, tensors: tensors)
  }

  /// The same of files in memory, config.json and one file of tensors.
  package init(files: [(name: String, bytes: [UInt8])]) throws(CheckpointError) {
    func bytes(_ name: String) -> [UInt8] { files.first { $0.name == name }?.bytes ?? [] }
    var tensors: [String: Tensor] = [:]
    do {
      for array in try ArrayFile(decoding: bytes(CheckpointWriter.tensorsName)).arrays {
        tensors[array.name] = Tensor(shape: array.shape, values: try array.doubles())
      }
    } catch { throw .container(file: CheckpointWriter.tensorsName, error) }
    try self.init(text: bytes("config.json"), tensors: tensors)
  }

  private init(text: [UInt8], tensors: [String: Tensor]) throws(CheckpointError) {
    let (file, found) = (try LatentConfigurationFile(parsing: text), ParameterSet(tensors))
    self.file = file
    weights = Result { () throws(LatentModelError) in
      let configuration = try file.configuration.get()
      do throws(ModelError) { try found.check(against: configuration) } catch { throw .tensors(error) }
      return found
    }
  }

  /// Whether a directory's config.json says that it is one of LAT-10 rather than of MOD-1.
  package static func isOne(_ directory: String) -> Bool {
    guard let text = try? Files.contents(of: directory + "/config.json", byteLimit: 1 << 20),
      let object = try? ConfigurationFile.object(text)
    else { return false }
    return object[LatentKeys.object] != nil || object["model_type"] == .string(LatentConfigurationFile.modelType)
  }

  /// The two files of a directory, in memory. Every value is rounded once to `elementType`.
  package static func files(
    _ parameters: ParameterSet, configuration: LatentConfiguration, elementType: ElementType, form: ConfigurationForm
  ) throws(CheckpointError) -> [(name: String, bytes: [UInt8])] {
    do { try parameters.check(against: configuration) } catch { throw .model(error) }
    let bytes = try CheckpointWriter.container(parameters, elementType: elementType)
    let text = LatentConfigurationFile.text(configuration, elementType: elementType, form: form)
    return [(CheckpointWriter.tensorsName, bytes), ("config.json", Array(text.utf8))]
  }
}
