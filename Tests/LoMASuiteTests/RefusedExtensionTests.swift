// PAR-5: directories that are not extended, each with its reason; nothing is written.

import Foundation
import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMAModels

@Suite("Chapter 1: directories that are not extended")
struct RefusedExtensionTests: DirectoryExtending {
  private let embedding = "model.embed_tokens.weight"

  @Test func `PAR-5 tokenizers that would number tokens otherwise are refused with the number`() throws {
    let known = CheckpointExtension.standardContents[1]
    let standard = tokenizer(11)
    let cases: [(files: [String: String], error: ExtensionError)] = [
      (
        ["tokenizer.json": tokenizer(11, gap: 1)],
        .renumberedToken(file: "tokenizer.json", content: "<9>", id: 10, given: 9)
      ),
      (
        ["tokenizer.json": standard.replacing("\"w8\": 8", with: "\"w8\": 20").replacing("[\n", with: "[")],
        .nextToken(file: "tokenizer.json", given: 11, size: 21)
      ),
      (["tokenizer.json": tokenizer(14)], .tokenizerBeyondVocabulary(tokens: 14, vocabulary: 13)),
      (
        ["tokenizer.json": standard, "tokenizer_config.json": decoder(9..<10)],
        .tokenizerFilesDisagree(size: 11, file: "tokenizer_config.json", otherSize: 10)
      ),
      (
        ["tokenizer.json": standard, "tokenizer_config.json": "{\"pad_token\": {\"content\": \"<p>\"}}"],
        .unlistedToken(file: "tokenizer_config.json", key: "pad_token", content: "<p>")
      ),
      (
        ["tokenizer.json": standard, "special_tokens_map.json": "{\"additional_special_tokens\": [\"<9>\", \"<q>\"]}"],
        .unlistedToken(file: "special_tokens_map.json", key: "additional_special_tokens", content: "<q>")
      ),
      (["tokenizer.json": standard.replacing("w4", with: known)], .knownContent(known, id: 4)),
      (["tokenizer.json": standard.replacing("<10>", with: known)], .knownContent(known, id: 10)),
    ]
    for (files, error) in cases { #expect(try refusal(files) == error) }
    #expect(try refusal(["tokenizer.json": standard], contents: ["w4", "x"]) == .knownContent("w4", id: 4))
  }

  @Test func `PAR-5 malformed files of a tokenizer are refused with the place`() throws {
    let json = "tokenizer.json"
    let standard = tokenizer(11)
    let cases: [(text: String, error: ExtensionError)] = [
      ("[]", .tokenizerFile(json, key: "the file", requirement: "an object")),
      ("{\"model\": ", .checkpoint(.json(file: json, .unexpectedEnd(offset: 10)))),
      ("{\"a\": 1, \"a\": 2}", .checkpoint(.json(file: json, .duplicateKey("a", offset: 9)))),
      (
        standard.replacing("\"vocab\"", with: "\"words\""),
        .tokenizerFile(json, key: "model.vocab", requirement: "an object of ids or a list of pieces")
      ),
      (
        standard.replacing("\"w4\": 4", with: "\"w4\": -4"),
        .tokenizerFile(json, key: "model.vocab[\"w4\"]", requirement: "an id")
      ),
      (
        standard.replacing("\"added_tokens\": [", with: "\"added_tokens\": [7,"),
        .tokenizerFile(json, key: "added_tokens[0]", requirement: "an object with id and content")
      ),
      (
        standard.replacing("\"added_tokens\"", with: "\"others\""),
        .tokenizerFile(json, key: "added_tokens", requirement: "a list")
      ),
    ]
    for (text, error) in cases { #expect(try refusal([json: text]) == error) }
    #expect(
      try refusal([
        json: standard, "tokenizer_config.json": "{\"added_tokens_decoder\": {\"x\": {\"content\": \"a\"}}}",
      ])
        == .tokenizerFile(
          "tokenizer_config.json", key: "added_tokens_decoder[\"x\"]", requirement: "an id and an object with content"))
  }

  @Test func `PAR-5 a checkpoint that is damaged, or whose code is elsewhere, is not extended`() throws {
    #expect(
      try refusal([:], config: [("auto_map", "{}")])
        == .checkpoint(.model(.unsupportedConfiguration(key: "auto_map", value: "an object"))))
    #expect(
      try refusal([:], config: [("vocab_size", nil)]) == .checkpoint(.model(.missingConfiguration(key: "vocab_size"))))
    #expect(
      try refusal([:], config: [("vocab_size", "12")])
        == .checkpoint(.model(.wrongShape(tensor: embedding, shape: [13, 8], expected: [12, 8]))))
    #expect(try refusal([:], contents: ["<m>", "<r>"]) != nil)
    var checkpoint = try TinyCheckpoint()
    for (value, error) in [
      (Double.nan, CheckpointError.model(.nonFiniteWeight(tensor: embedding, index: 81))),
      (Double.greatestFiniteMagnitude, .valueOutOfRange(tensor: embedding, index: 105, elementType: .f64)),
    ] {
      checkpoint.parameters.tensors[embedding]?[10, 1] = value
      checkpoint.parameters.tensors[embedding]?[9, 1] = value.isNaN ? 0 : value
      try withFolder { folder in
        try checkpoint.write(to: folder + "/old", arrays: try checkpoint.arrays())
        #expect(throws: ExtensionError.checkpoint(error)) { try extended(folder) }
        #expect(try LoMASuiteTests.contents(folder) == ["old"])
      }
    }
  }
}
