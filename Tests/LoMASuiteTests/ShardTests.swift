// Sharded checkpoints: the index comes from outside and is believed only where the files agree.

import Foundation
import LoMAModels
import LoMAReference
import LoMAVectors
import Testing

@Suite("Chapter 8: shards")
struct ShardTests {
  private let names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
  private let head = "lm_head.weight"
  private let norm = "model.norm.weight"

  /// The parameters dealt out to two files in turn, and the index that says so.
  private func shards() throws -> (files: [(name: String, arrays: [NamedArray])], index: [String: String]) {
    let arrays = try TinyCheckpoint().arrays { $0.hasSuffix("norm.weight") ? .f64 : .f32 }
    var files: [(name: String, arrays: [NamedArray])] = names.map { ($0, []) }
    var index: [String: String] = [:]
    for (place, array) in arrays.enumerated() {
      files[place % 2].arrays.append(array)
      index[array.name] = names[place % 2]
    }
    return (files, index)
  }

  private func text(_ index: [String: String]) -> String {
    let map = index.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \"\($0.value)\"" }.joined(separator: ", ")
    return "{\"metadata\": {\"total_size\": 1}, \"weight_map\": {\(map)}}"
  }

  private func write(_ folder: String, _ files: [(name: String, arrays: [NamedArray])], index: String) throws {
    try TinyCheckpoint().write(to: folder, files: files)
    try Files.replace(folder + "/model.safetensors.index.json", with: Array(index.utf8))
  }

  private func error(_ files: [(name: String, arrays: [NamedArray])], _ index: String) throws -> CheckpointError? {
    try withFolder { folder in
      try write(folder, files, index: index)
      return loadingError(folder)
    }
  }

  @Test func `MOD-1 shards give the bits of a single file`() throws {
    let (files, index) = try shards()
    let (sharded, single) = try withFolder { folder in
      try write(folder + "/sharded", files, index: text(index))
      try TinyCheckpoint().write(to: folder + "/single", arrays: files.flatMap(\.arrays))
      #expect(
        try Checkpoint(directory: folder + "/sharded").parameters()
          == Checkpoint(directory: folder + "/single").parameters())
      return (try logits(folder + "/sharded"), try logits(folder + "/single"))
    }
    #expect(sharded == single)
  }

  @Test(arguments: [
    "../model.safetensors", "/etc/passwd", "/tmp/model.safetensors", "sub/model.safetensors", "..", "",
    ".hidden.safetensors", "model.bin", "model.safetensors/",
  ])
  func `MOD-1 a shard that is not a plain name in the directory is refused`(_ name: String) throws {
    var (files, index) = try shards()
    index[norm] = name
    #expect(try error(files, text(index)) == .shardOutsideDirectory(name))
    files = []
    #expect(try error(files, text(index)) == .shardOutsideDirectory(name))
  }

  @Test func `MOD-1 the index and the files must agree`() throws {
    let (files, index) = try shards()
    let swapped = index.merging([norm: try #require(names.first { $0 != index[norm] })]) { $1 }
    #expect(try error(files, text(swapped)) == .tensorNotInShard(tensor: norm, file: swapped[norm] ?? ""))
    let extra = index.merging(["model.extra": names[0]]) { $1 }
    #expect(try error(files, text(extra)) == .tensorNotInShard(tensor: "model.extra", file: names[0]))

    var twice = files
    let norms = try #require(files.flatMap(\.arrays).first { $0.name == norm })
    let other = try #require(names.firstIndex { $0 != index[norm] })
    twice[other].arrays.append(norms)
    #expect(try error(twice, text(index)) == .tensorInTwoShards(tensor: norm, files: names))

    var lacking = files
    lacking[0].arrays.removeAll { $0.name == head }
    lacking[1].arrays.removeAll { $0.name == head }
    #expect(try error(lacking, text(index)) == .tensorNotInShard(tensor: head, file: index[head] ?? ""))
    #expect(try error(lacking, text(index.filter { $0.key != head })) == .model(.missingTensor(head)))
  }

  @Test func `MOD-1 a missing or truncated shard is refused by its name`() throws {
    let (files, index) = try shards()
    let missing = CheckpointError.missingShard(file: names[1])
    #expect(try error([files[0]], text(index)) == missing)
    #expect("\(missing)".hasSuffix("names \(names[1]), and the directory has no such file"))
    let cut = try withFolder { folder in
      try write(folder, files, index: text(index))
      let path = folder + "/" + names[1]
      try Files.replace(path, with: Files.contents(of: path, byteLimit: 1 << 20).dropLast(1))
      return loadingError(folder)
    }
    guard case .container(names[1], .truncated) = cut else {
      Issue.record("\(String(describing: cut))")
      return
    }
  }

  @Test func `MOD-1 a pointer of Git LFS is called so, in a shard, in a single file and in a tokenizer`() throws {
    let pointer = Array(
      "version https://git-lfs.github.com/spec/v1\noid sha256:\(String(repeating: "0", count: 64))\nsize 9\n".utf8)
    let (files, index) = try shards()
    try withFolder { folder in
      try write(folder + "/sharded", files, index: text(index))
      try Files.replace(folder + "/sharded/" + names[1], with: pointer)
      #expect(loadingError(folder + "/sharded") == .largeFilePointer(file: names[1]))
      try TinyCheckpoint().write(to: folder + "/single", arrays: files.flatMap(\.arrays))
      try Files.replace(folder + "/single/tokenizer.json", with: pointer)
      #expect(throws: ExtensionError.checkpoint(.largeFilePointer(file: "tokenizer.json"))) {
        try CheckpointExtension(
          folder + "/single", to: folder + "/new", choices: LoMAChoices(), contents: nil, copying: nil)
      }
      try Files.replace(folder + "/single/model.safetensors", with: pointer)
      #expect(loadingError(folder + "/single") == .largeFilePointer(file: "model.safetensors"))
      // Another text there is no pointer.
      try Files.replace(folder + "/single/model.safetensors", with: Array("version 2".utf8))
      #expect(
        loadingError(folder + "/single")
          == .container(
            file: "model.safetensors", .headerTooLarge(bytes: 0x206e_6f69_7372_6576, limit: Container.headerLimit)))
    }
  }

  @Test func `MOD-1 an index without a map, or not JSON, is refused`() throws {
    let (files, index) = try shards()
    let name = "model.safetensors.index.json"
    for text in ["{}", #"{"weight_map": []}"#, "[]"] {
      #expect(try error(files, text) == .model(.missingConfiguration(key: name + ": weight_map")))
    }
    #expect(try error(files, #"{"weight_map": {"a": 3}}"#) == .shardOutsideDirectory("3"))
    #expect(try error(files, "{") == .json(file: name, .unexpectedEnd(offset: 1)))
    let doubled = #"{"weight_map": {"a": "b.safetensors", "a": "c.safetensors"}}"#
    #expect(try error(files, doubled) == .json(file: name, .duplicateKey("a", offset: 38)))
    #expect(try error(files, text(index)) == nil)
  }
}
