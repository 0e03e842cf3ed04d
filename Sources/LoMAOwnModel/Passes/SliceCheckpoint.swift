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
  /// folder, since a port that reads this one may know no index; otherwise every tensor is a shard of its own. Memory holds one
  /// tensor.
  package static func writeCheckpoint(
    of model: LoadedModel, from directory: String, layer: Int, into folder: String
  ) throws(OwnError) {
    let configuration = model.checkpoint.configuration
    guard (0..<configuration.layers).contains(layer) else {
      throw .noSuchLayer(layer, layers: configuration.layers)
    }
    do { try Disk.real.makeFolder(folder) } catch { throw .file("\(error)") }
    let (all, own) = ("model.layers.", "model.layers.\(layer).")
    let names = configuration.parameters.map { $0.name }.filter { $0.hasPrefix(own) || !$0.hasPrefix(all) }
    let renamed = names.map { name in
      (stored: name, name: name.hasPrefix(own) ? "model.layers.0." + name.dropFirst(own.count) : name)
    }
    if Disk.files(in: directory).contains("model.safetensors.index.json") {
      try writeShards(renamed, of: model.checkpoint, into: folder)
    } else {
      try writeWhole(renamed, of: model.checkpoint, to: folder + "/model.safetensors")
    }
    try write(try configurationText(in: directory, layer: layer), to: folder + "/config.json")
  }

  /// Every tensor in a shard of its own, with their index.
  private static func writeShards(
    _ names: [(stored: String, name: String)], of checkpoint: Checkpoint, into folder: String
  ) throws(OwnError) {
    var index: [JSONObject.Member] = []
    var total = 0
    for (stored, name) in names {
      let file = "model-" + name + ".safetensors"
      total += try writeWhole([(stored, name)], of: checkpoint, to: folder + "/" + file)
      index.append(JSONObject.Member(name, .string(file)))
    }
    let list = JSONValue.members([
      JSONObject.Member("metadata", .members([JSONObject.Member("total_size", .integer(total))])),
      JSONObject.Member("weight_map", .members(index)),
    ])
    try write(Array(list.text().utf8), to: folder + "/model.safetensors.index.json")
  }

  /// Tensors in one file, one after the other; returns the number of their bytes.
  @discardableResult private static func writeWhole(
    _ names: [(stored: String, name: String)], of checkpoint: Checkpoint, to path: String
  ) throws(OwnError) -> Int {
    var outlines: [(stored: String, name: String, elementType: ElementType, shape: [Int])] = []
    for (stored, name) in names {
      guard let entry = checkpoint.entry(stored) else { throw .model(.missingTensor(stored)) }
      outlines.append((stored, name, entry.elementType, entry.shape))
    }
    // Widest first, so that every array is aligned to its width.
    let ordered = ElementType.allCases.flatMap { type in outlines.filter { $0.elementType == type } }
    var total = 0
    do {
      let file = try ArrayStream(
        creating: path, arrays: ordered.map { ($0.name, $0.elementType, $0.shape) }, metadata: ["format": "pt"])
      for outline in ordered {
        let bytes = try checkpoint.stored(outline.stored).bytes
        total += bytes.count
        try file.append(bytes)
      }
      try file.finish()
    } catch { throw .file("\(error)") }
    return total
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
