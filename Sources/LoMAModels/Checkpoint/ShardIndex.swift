// MOD-1: which safetensors files make up a checkpoint.

import LoMAVectors

/// The files of a checkpoint: model.safetensors, or those that `model.safetensors.index.json` names.
enum ShardIndex {
  /// The index.
  static let name = "model.safetensors.index.json"
  private static let sizeLimit = 16 << 20
  private static let depthLimit = 8

  /// The file names, sorted, and the index's map from tensor to file, empty if there is no index.
  static func files(in directory: String) throws(CheckpointError) -> (files: [String], index: [String: String]) {
    guard let text = try text(in: directory) else { return (["model.safetensors"], [:]) }
    let value: JSONValue
    do { value = try StrictJSON.parse(text, sizeLimit: sizeLimit, depthLimit: depthLimit, roundsIntegers: true) } catch
    {
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

  /// The text of the index with the places of its parts; nil if there is none.
  static func source(in directory: String) throws(CheckpointError) -> JSONSource? {
    guard let text = try text(in: directory) else { return nil }
    do { return try JSONSource(text, sizeLimit: sizeLimit, depthLimit: depthLimit) } catch {
      throw .json(file: name, error)
    }
  }

  /// The text of the index; nil if there is none, since one file holds all tensors then.
  private static func text(in directory: String) throws(CheckpointError) -> [UInt8]? {
    do { return try Files.contents(of: directory + "/" + name, byteLimit: sizeLimit) } catch {
      if case .failed(_, _, let code) = error, code == 2 { return nil }  // ENOENT
      throw .file(error)
    }
  }

  /// Whether a name is that of a file in the directory itself; the index is untrusted.
  private static func isPlainName(_ name: String) -> Bool {
    name.hasSuffix(".safetensors") && !name.contains("/") && !name.hasPrefix(".") && !name.contains("\0")
  }
}
