// PAR-5: small directories with a tokenizer, and what extending them gives.

import LoMA
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMAModels

/// Tests that extend directories of a tiny checkpoint.
protocol DirectoryExtending {}

extension DirectoryExtending {
  var choices: LoMAChoices {
    var choices = LoMAChoices()
    choices.c = 4
    choices.t = 2
    return choices
  }

  /// A tiny checkpoint of V' = 13 in a folder `old`, with other files beside it.
  func withCheckpoint(
    _ files: [String: String] = [:], config: [(key: String, json: String?)] = [], tiesHead: Bool = false,
    type: @escaping (String) -> ElementType = { _ in .f64 }, _ body: (TinyCheckpoint, String) throws -> Void
  ) throws {
    let checkpoint = try TinyCheckpoint(tiesHead: tiesHead)
    try withFolder { folder in
      try checkpoint.write(
        to: folder + "/old", config: checkpoint.configText([("loma", nil)] + config),
        files: [("model.safetensors", try checkpoint.arrays(type))])
      for (name, text) in files { try Files.create(folder + "/old/" + name, with: Array(text.utf8)) }
      try body(checkpoint, folder)
    }
  }

  func extended(
    _ folder: String, contents: [String]? = nil, copying: [Int]? = nil
  ) throws(ExtensionError) -> CheckpointExtension {
    try CheckpointExtension(
      folder + "/old", to: folder + "/new", choices: choices, contents: contents, copying: copying)
  }

  func refusal(
    _ files: [String: String], config: [(key: String, json: String?)] = [], contents: [String]? = nil,
    copying: [Int]? = nil
  ) throws -> ExtensionError? {
    var found: ExtensionError?
    try withCheckpoint(files, config: config) { (_, folder) throws in
      do throws(ExtensionError) { _ = try extended(folder, contents: contents, copying: copying) } catch {
        found = error
      }
      #expect(try LoMASuiteTests.contents(folder) == ["old"], "nothing is written")
    }
    return found
  }

  func text(_ path: String) throws -> String {
    String(decoding: try Files.contents(of: path, byteLimit: 1 << 20), as: UTF8.self)
  }

  /// A tokenizer with ids 0..<count, of which the last two are added tokens, each with its id plus `gap`.
  func tokenizer(_ count: Int, gap: Int = 0) -> String {
    let vocabulary = (0..<count - 2).map { "\"w\($0)\": \($0)" }.joined(separator: ", ")
    let added = (count - 2..<count).map { "    {\"id\": \($0 + gap), \"content\": \"<\($0)>\", \"special\": true}" }
    return """
      {
        "version": "1.0",
        "added_tokens": [
      \(added.joined(separator: ",\n"))
        ],
        "model": {"type": "BPE", "vocab": {\(vocabulary)}, "merges": [["w0", "w1"], ["Å", "Å"]]}
      }
      """
  }

  func decoder(_ ids: Range<Int>, more: String = "") -> String {
    let tokens = ids.map { "\"\($0)\": {\"content\": \"<\($0)>\", \"special\": true}" }.joined(separator: ", ")
    return "{\"added_tokens_decoder\": {\(tokens)}\(more)}"
  }
}
