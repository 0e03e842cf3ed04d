// OWN-2: a checkpoint of one layer, its bytes copied from the shards as they are.

import LoMAModels
import LoMAVectors
import NaiveLlama

extension OwnSlice {
  /// Writes layer N of a checkpoint as a checkpoint of its own, whose layer 0 it is, with the embedding, the last norm and the
  /// head; the folder is made, and must not exist.
  ///
  /// Names but the layer's number, shapes, element types and bytes are the checkpoint's. config.json differs in
  /// `num_hidden_layers` and, if it is a list, in `layer_types`. Where the directory has one model.safetensors, so has the
  /// folder, since a port that reads this one may know no index; otherwise every tensor is a shard of its own, so that memory
  /// holds one of them.
  package static func writeCheckpoint(
    of model: LoadedModel, from directory: String, layer: Int, into folder: String
  ) throws(OwnError) {
    let configuration = model.checkpoint.configuration
    guard (0..<configuration.layers).contains(layer) else {
      throw .noSuchLayer(layer, layers: configuration.layers)
    }
    do { try Disk.real.makeFolder(folder) } catch { throw .file("\(error)") }
    let (all, own) = ("model.layers.", "model.layers.\(layer).")
    let isSharded = Disk.files(in: directory).contains("model.safetensors.index.json")
    var index: [JSONObject.Member] = []
    var (arrays, total): ([NamedArray], Int) = ([], 0)
    for (name, _) in configuration.parameters {
      guard name.hasPrefix(own) || !name.hasPrefix(all) else { continue }
      let stored: NamedArray
      do { stored = try model.checkpoint.stored(name) } catch { throw .checkpoint(error) }
      let renamed = name.hasPrefix(own) ? "model.layers.0." + name.dropFirst(own.count) : name
      let file = "model-" + renamed + ".safetensors"
      total += stored.bytes.count
      index.append(JSONObject.Member(renamed, .string(file)))
      do {
        arrays.append(try NamedArray(renamed, stored.elementType, shape: stored.shape, bytes: stored.bytes))
      } catch { throw .file("\(error)") }
      if isSharded {
        try write(arrays, to: folder + "/" + file)
        arrays = []
      }
    }
    if isSharded {
      let list = JSONValue.members([
        JSONObject.Member("metadata", .members([JSONObject.Member("total_size", .integer(total))])),
        JSONObject.Member("weight_map", .members(index)),
      ])
      try write(Array(list.text().utf8), to: folder + "/model.safetensors.index.json")
    } else {
      try write(arrays, to: folder + "/model.safetensors")
    }
    try write(try configurationText(in: directory, layer: layer), to: folder + "/config.json")
  }

  /// Writes arrays as one container.
  private static func write(_ arrays: [NamedArray], to path: String) throws(OwnError) {
    let bytes: [UInt8]
    do { bytes = try ArrayFile(arrays, metadata: ["format": "pt"]).encoded() } catch { throw .file("\(error)") }
    try write(bytes, to: path)
  }

  /// The directory's config.json, of one layer.
  private static func configurationText(in directory: String, layer: Int) throws(OwnError) -> [UInt8] {
    let text: [UInt8]
    do { text = try Files.contents(of: directory + "/config.json", byteLimit: 1 << 20) } catch {
      throw .file("\(error)")
    }
    let value: JSONValue
    do { value = try StrictJSON.parse(text, sizeLimit: 1 << 20, depthLimit: 16) } catch {
      throw .checkpoint(.json(file: "config.json", error))
    }
    let members = (value.objectValue?.members ?? []).map { member in
      switch member.key {
      case "num_hidden_layers": return JSONObject.Member(member.key, .integer(1))
      case "layer_types":
        guard let types = member.value.arrayValue, types.indices.contains(layer) else { return member }
        return JSONObject.Member(member.key, .array([types[layer]]))
      default: return member
      }
    }
    return Array(JSONValue.members(members).text().utf8)
  }

  /// Writes a file that is soon removed.
  private static func write(_ bytes: [UInt8], to path: String) throws(OwnError) {
    do { try Files.createBriefly(path, with: bytes) } catch { throw .file("\(error)") }
  }
}
