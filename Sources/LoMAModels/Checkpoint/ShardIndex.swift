// MOD-1: which safetensors files make up a checkpoint.

import LoMAVectors

/// The files of a checkpoint: model.safetensors, or those that `model.safetensors.index.json` names.
enum ShardIndex {
  /// The file names, sorted, and the index's map from tensor to file, empty if there is no index.
  static func files(in directory: String) throws(CheckpointError) -> (files: [String], index: [String: String]) {
    let name = "model.safetensors.index.json"
    let text: [UInt8]
    do { text = try Files.contents(of: directory + "/" + name, byteLimit: 16 << 20) } catch {
      if case .failed(_, _, let code) = error, code == 2 { return (["model.safetensors"], [:]) }  // ENOENT: one file
      throw .file(error)
    }
    let value: JSONValue
    do { value = try StrictJSON.parse(text, sizeLimit: 16 << 20, depthLimit: 8) } catch {
      throw .json(file: name, error)
    }
    guard let map = value.objectValue?["weight_map"]?.objectValue else {
      throw .model(.missingConfiguration(key: name + ": weight_map"))
    }
    var index: [String: String] = [:]
    for member in map.members {
      guard let file = member.value.stringValue, isPlainName(file) else {
        throw .shardOutsideDirectory(ConfigurationKeys.text(member.value))
      }
      index[member.key] = file
    }
    return (Set(index.values).sorted(), index)
  }

  /// Whether a name is that of a file in the directory itself; the index is untrusted.
  private static func isPlainName(_ name: String) -> Bool {
    name.hasSuffix(".safetensors") && !name.contains("/") && !name.hasPrefix(".") && !name.contains("\0")
  }
}
