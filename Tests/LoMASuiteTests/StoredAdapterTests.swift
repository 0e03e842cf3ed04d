// A base with its adapter on disk: read back as written; every damage is refused with its code.

import Foundation
import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMAModels

/// The base of `TinyCheckpoint` with an adapter of rank 2 and embeddings for n = 3, SUM rows included.
private struct AdaptedTiny {
  let checkpoint: TinyCheckpoint
  let adapter: ContextAdapter
  /// The members of adapter_config.json, values as JSON.
  let members = [
    ("peft_type", #""LORA""#), ("r", "2"), ("lora_alpha", "6"), ("bias", #""none""#),
    ("target_modules", #"["v_proj", "o_proj", "k_proj", "q_proj"]"#), ("use_dora", "false"), ("rank_pattern", "{}"),
  ]

  init() throws {
    checkpoint = try TinyCheckpoint()
    var numbers = SeededNumbers(seed: 5)
    let context = try ContextParameters(
      textSize: 13, memoryTokens: 3, beginningToken: nil, profile: ContextProfile(name: "memory=merge"), rate: nil)
    adapter = ContextAdapter.highVariance(
      checkpoint.configuration, memoryEmbeddings: context.memoryIds, settings: try AdapterSettings(rank: 2, alpha: 6),
      numbers: &numbers)
  }

  func configText(_ changes: [(key: String, json: String?)] = []) -> String {
    var members = members
    for (key, json) in changes {
      members.removeAll { $0.0 == key }
      if let json { members.append((key, json)) }
    }
    return "{" + members.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + "}"
  }

  func arrays(_ type: ElementType = .f64) throws -> [NamedArray] {
    try adapter.parameters.names.map { name in
      let tensor = try adapter.tensor(name)
      return try NamedArray(name, type, shape: tensor.shape, doubles: tensor.values)
    }
  }

  /// Writes the base and an adapter into a folder that exists or not.
  func write(to folder: String, config: String? = nil, arrays: [NamedArray]? = nil) throws {
    try checkpoint.write(to: folder, arrays: checkpoint.arrays())
    try Files.createDirectory(
      folder + "/adapter",
      containing: [
        ("adapter_config.json", Array((config ?? configText()).utf8)),
        ("adapter_model.safetensors", try ArrayFile(arrays ?? self.arrays(), metadata: [:]).encoded()),
      ])
  }

  /// The error of opening what was written; nil if it opens.
  func error(
    config: String? = nil, arrays: [NamedArray]? = nil, n: Int = 3, vocabulary: Int? = 13, profile: String = "base"
  ) throws -> AdapterError? {
    try withFolder { folder in
      try write(to: folder, config: config, arrays: arrays)
      return try opening(folder, n: n, vocabulary: vocabulary, profile: profile)
    }
  }
}

/// The error of opening a directory; nil if it opens.
private func opening(
  _ folder: String, n: Int = 3, vocabulary: Int? = 13, profile: String = "base", beginning: Int? = nil,
  rate: Double? = nil
) throws -> AdapterError? {
  let choices = ContextChoices(
    memoryTokens: n, textVocabulary: vocabulary, beginningToken: beginning, profile: try ContextProfile(name: profile),
    rate: rate)
  do {
    _ = try ContextCheckpoint(directory: folder, choices: choices)
    return nil
  } catch { return error }
}

@Suite("Chapter 16: adapters on disk")
struct StoredAdapterTests {
  private let embeddings = AdapterParameterName.memoryEmbedding

  @Test(arguments: [ElementType.f64, .f32, .bf16])
  func `CCM-22 an adapter is read as it was written`(_ type: ElementType) throws {
    let tiny = try AdaptedTiny()
    // The sample's values are exact in bf16.
    try withFolder { folder in
      try ContextCheckpoint.write(
        base: tiny.checkpoint.parameters, adapter: tiny.adapter, configuration: tiny.checkpoint.configuration,
        elementType: type, to: folder + "/model")
      let read = try ContextCheckpoint(
        directory: folder + "/model",
        choices: ContextChoices(
          memoryTokens: 3, textVocabulary: nil, beginningToken: 1,
          profile: ContextProfile(name: "memory=merge,sink=on"),
          rate: nil))
      #expect(read.adapter == tiny.adapter)
      #expect(try read.base.parameters() == tiny.checkpoint.parameters)
      #expect(read.parameters.textSize == 13 && read.parameters.beginningToken == 1)
      #expect(Disk.listing(below: folder).files.allSatisfy { !$0.contains("partial") })
    }
  }

  @Test func `CCM-22 a directory that PEFT wrote is read, whatever the order of its modules`() throws {
    let tiny = try AdaptedTiny()
    #expect(try tiny.error() == nil)
    let plain: [(String, String)] = [
      ("fan_in_fan_out", "false"), ("use_rslora", "false"), ("alpha_pattern", "null"), ("modules_to_save", "[]"),
      ("layers_to_transform", "null"), ("layers_pattern", #""""#), ("lora_dropout", "0.05"), ("inference_mode", "true"),
      ("task_type", #""CAUSAL_LM""#), ("lora_alpha", "6.0"),
    ]
    for (key, json) in plain { #expect(try tiny.error(config: tiny.configText([(key, json)])) == nil, "\(key)") }
    for key in ["use_dora", "rank_pattern"] { #expect(try tiny.error(config: tiny.configText([(key, nil)])) == nil) }
  }

  @Test(arguments: [
    ("peft_type", #""IA3""#, "IA3"), ("peft_type", nil, "absent"), ("bias", #""all""#, "all"), ("bias", nil, "absent"),
    ("fan_in_fan_out", "true", "true"), ("use_rslora", "true", "true"), ("use_dora", "true", "true"),
    ("use_dora", #""no""#, "no"), ("rank_pattern", #"{"q_proj": 4}"#, "an object"),
    ("alpha_pattern", #"{"q_proj": 4}"#, "an object"), ("modules_to_save", #"["embed_tokens"]"#, "an array"),
    ("layers_to_transform", "[0]", "an array"), ("layers_to_transform", "0", "0"),
    ("layers_pattern", #""layers""#, "layers"), ("target_modules", nil, "absent"),
    ("target_modules", #""all-linear""#, "all-linear"),
    ("target_modules", #"["q_proj", "k_proj", "v_proj"]"#, "[q_proj, k_proj, v_proj]"),
    (
      "target_modules", #"["q_proj", "k_proj", "v_proj", "o_proj", "o_proj"]"#,
      "[q_proj, k_proj, v_proj, o_proj, o_proj]"
    ),
    (
      "target_modules", #"["q_proj", "k_proj", "v_proj", "o_proj", "up_proj"]"#,
      "[q_proj, k_proj, v_proj, o_proj, up_proj]"
    ),
    ("target_modules", #"["q_proj", "k_proj", "v_proj", "o_proj", 1]"#, "[q_proj, k_proj, v_proj, o_proj, 1]"),
  ])
  func `CCM-22 a key that would change the arithmetic is refused`(key: String, json: String?, value: String) throws {
    let tiny = try AdaptedTiny()
    // Also where r is bad too: this code comes first.
    for changes in [[(key, json)], [(key, json), ("r", "0")]] {
      let error = try tiny.error(config: tiny.configText(changes))
      #expect(error == .unsupported(key: key, value: value))
      #expect(error?.code == "unsupported-adapter")
    }
  }

  @Test(arguments: [
    ("r", "0", "0"), ("r", "-1", "-1"), ("r", "2.5", "2.5"), ("r", #""2""#, "2"), ("r", nil, "absent"),
    ("lora_alpha", #""6""#, "6"), ("lora_alpha", "null", "null"), ("lora_alpha", "true", "true"),
    ("lora_alpha", nil, "absent"), ("lora_alpha", "[6]", "an array"),
  ])
  func `CCM-22 r and lora_alpha must be numbers in range`(key: String, json: String?, value: String) throws {
    let tiny = try AdaptedTiny()
    let requirement = key == "r" ? "an integer, at least 1" : "a number"
    // Also where a tensor is missing too: this code comes first.
    for arrays in [try tiny.arrays(), Array(try tiny.arrays().dropFirst())] {
      let error = try tiny.error(config: tiny.configText([(key, json)]), arrays: arrays)
      #expect(error == .invalid(key: key, value: value, requirement: requirement))
      #expect(error?.code == "invalid-adapter")
    }
  }

  @Test func `CCM-22 every tensor must be there in its shape, and no other`() throws {
    let tiny = try AdaptedTiny()
    let arrays = try tiny.arrays()
    #expect(arrays.count == 1 + 2 * 4 * 2)
    for (place, array) in arrays.enumerated() {
      let error = try tiny.error(arrays: arrays.filter { $0.name != array.name })
      #expect(error == .missingTensor(array.name))
      #expect(error?.code == "adapter-shape-mismatch")
      var turned = arrays
      let shape = [array.shape[0], array.shape[1] + 1]
      turned[place] = try NamedArray(
        array.name, .f32, shape: shape, doubles: [Double](repeating: 0.5, count: shape[0] * shape[1]))
      #expect(try tiny.error(arrays: turned) == .wrongShape(tensor: array.name, shape: shape, expected: array.shape))
    }
    let extra = try NamedArray(
      "base_model.model.model.layers.0.mlp.up_proj.lora_A.weight", .f32, shape: [1], doubles: [0])
    #expect(try tiny.error(arrays: arrays + [extra]) == .unexpectedTensor(extra.name))
    // The shapes follow r, and one beyond every file is only a number.
    let other = try tiny.error(config: tiny.configText([("r", "9007199254740993")]))
    #expect(other?.code == "adapter-shape-mismatch")
  }

  @Test func `CCM-22 the embeddings have n rows, or 2n, which merge needs`() throws {
    let tiny = try AdaptedTiny()
    for (n, profile, fits) in [
      (3, "base", true), (3, "memory=merge", true), (6, "base", true), (6, "memory=merge", false), (2, "base", false),
      (4, "base", false), (1, "memory=merge", false), (Int.max, "base", false), (Int.max, "memory=merge", false),
    ] {
      let error = try tiny.error(n: n, profile: profile)
      #expect((error == nil) == fits, "n \(n) \(profile)")
      #expect(error == nil || error?.code == "adapter-shape-mismatch", "n \(n) \(profile): \(error?.code ?? "")")
    }
  }

  @Test func `CCM-2 CCM-35 V is the base's, and of several faults the first in the list is told`() throws {
    let tiny = try AdaptedTiny()
    for size in [12, 14] {
      let error = try tiny.error(config: tiny.configText([("use_dora", "true"), ("r", "0")]), vocabulary: size)
      #expect(error?.code == "vocabulary-mismatch")
    }
    #expect(try tiny.error(n: 0, vocabulary: 12)?.code == "memory-tokens-out-of-range")
    try withFolder { folder in
      try tiny.write(to: folder, config: tiny.configText([("r", "0")]))
      #expect(try opening(folder, beginning: 13)?.code == "beginning-token-out-of-range")
      #expect(
        try opening(folder, profile: "memory=merge,merge_rate=exponential", rate: 1.5)?.code
          == "merge-rate-out-of-range")
      try Files.replace(
        folder + "/config.json", with: Array(tiny.checkpoint.configText([("mlp_bias", "true")]).utf8))
      #expect(try opening(folder, vocabulary: 12)?.code == "unsupported-configuration")
    }
  }

  @Test func `CCM-22 what is no JSON, no container, no number or no file is refused without a code`() throws {
    let tiny = try AdaptedTiny()
    let json: [(String, JSONError)] = [
      (#"{"r": 2, "r": 2}"#, .duplicateKey("r", offset: 9)), ("{\"r\": 2,}", .trailingComma(offset: 7)),
      (#"{"lora_alpha": 1e999}"#, .numberOutOfRange(offset: 15)),
    ]
    for (text, expected) in json {
      let error = try tiny.error(config: text)
      #expect(error == .json(expected))
      #expect(error?.code == nil)
    }
    #expect(try tiny.error(config: "[]")?.code == "invalid-adapter")
    var arrays = try tiny.arrays()
    let place = try #require(arrays.firstIndex { $0.name == embeddings })
    arrays[place] = try NamedArray(embeddings, .i32, shape: [6, 8], integers: [Int](repeating: 1, count: 48))
    #expect(try tiny.error(arrays: arrays) == .notFloating(tensor: embeddings, elementType: .i32))
    for value in [Double.nan, .infinity] {
      var values = [Double](repeating: 1, count: 48)
      values[29] = value
      arrays[place] = try NamedArray(embeddings, .f32, shape: [6, 8], doubles: values)
      #expect(try tiny.error(arrays: arrays) == .nonFinite(tensor: embeddings, index: 29))
    }
    try withFolder { folder in
      try tiny.write(to: folder)
      let tensors = folder + "/adapter/adapter_model.safetensors"
      let bytes = try Files.contents(of: tensors, byteLimit: 1 << 20)
      for damaged in [[], Array(bytes.dropLast()), Array(bytes.prefix(100)), bytes + [0]] {
        try Files.replace(tensors, with: damaged)
        guard case .container = try opening(folder) else {
          Issue.record("\(damaged.count) bytes are no container")
          continue
        }
      }
      try FileManager.default.removeItem(atPath: folder + "/adapter/adapter_config.json")
      guard case .file = try opening(folder) else {
        Issue.record("no adapter_config.json")
        return
      }
    }
  }

  @Test func `CCM-22 what does not fit or is not finite is not written, and nothing is replaced`() throws {
    let tiny = try AdaptedTiny()
    func written(_ change: (inout ContextAdapter) -> Void, _ type: ElementType = .f32) throws -> AdapterError? {
      var adapter = tiny.adapter
      change(&adapter)
      return try withFolder { folder in
        do {
          try ContextCheckpoint.write(
            base: tiny.checkpoint.parameters, adapter: adapter, configuration: tiny.checkpoint.configuration,
            elementType: type, to: folder + "/model")
          return nil
        } catch {
          #expect(Disk.listing(below: folder).files.isEmpty && Disk.listing(below: folder).folders.isEmpty)
          return error as? AdapterError
        }
      }
    }
    let name = AdapterParameterName.a(layer: 1, .output)
    #expect(try written { $0.parameters.tensors[name] = nil } == .missingTensor(name))
    #expect(
      try written { $0.parameters.tensors[name] = Tensor(zeros: [1, 8]) }
        == .wrongShape(tensor: name, shape: [1, 8], expected: [2, 8]))
    #expect(try written { $0.parameters.tensors["x"] = Tensor(zeros: [1]) } == .unexpectedTensor("x"))
    #expect(try written { $0.parameters.tensors[name]?.values[3] = .nan } == .nonFinite(tensor: name, index: 3))
    #expect(
      try written({ $0.parameters.tensors[name]?.values[3] = 1e39 })
        == .valueOutOfRange(tensor: name, index: 3, elementType: .f32))
    try withFolder { folder in
      try tiny.write(to: folder)
      let before = try Files.contents(of: folder + "/adapter/adapter_model.safetensors", byteLimit: 1 << 20)
      #expect(throws: AdapterError.self) {
        try StoredAdapter.write(
          tiny.adapter, configuration: tiny.checkpoint.configuration, elementType: .bf16, to: folder)
      }
      #expect(try Files.contents(of: folder + "/adapter/adapter_model.safetensors", byteLimit: 1 << 20) == before)
    }
  }
}
