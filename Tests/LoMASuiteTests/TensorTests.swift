// The tensors of a checkpoint: missing, too many, of another shape or type, not finite; and every type reads alike.

import Foundation
import LoMA
import LoMAModels
import LoMAReference
import LoMAVectors
import NaiveLlama
import Testing

@Suite("Chapter 8: tensors on disk")
struct TensorTests {
  private let query = "model.layers.1.self_attn.q_proj.weight"

  private func error(_ arrays: [NamedArray], tiesHead: Bool = false) throws -> CheckpointError? {
    try withFolder { folder in
      try TinyCheckpoint(tiesHead: tiesHead).write(to: folder, arrays: arrays)
      return loadingError(folder)
    }
  }

  @Test func `MOD-1 every parameter must be there`() throws {
    let checkpoint = try TinyCheckpoint()
    for (name, _) in checkpoint.configuration.parameters {
      #expect(try error(checkpoint.arrays().filter { $0.name != name }) == .model(.missingTensor(name)))
    }
    #expect(try error([]) == .model(.missingTensor("model.layers.0.input_layernorm.weight")))
  }

  @Test func `MOD-1 MOD-6 a tensor that no parameter is named after is refused, derived ones are not`() throws {
    let arrays = try TinyCheckpoint().arrays()
    let bias = try NamedArray(
      "model.layers.0.self_attn.q_proj.bias", .f32, shape: [8], doubles: [0, 0, 0, 0, 0, 0, 0, 0])
    #expect(try error(arrays + [bias]) == .model(.unexpectedTensor(bias.name)))
    let frequencies = try NamedArray(
      "model.layers.0.self_attn.rotary_emb.inv_freq", .f32, shape: [2], doubles: [1, 0.01])
    #expect(try error(arrays + [frequencies]) == nil)
  }

  @Test func `MOD-6 a tied head is stored as its embedding or not at all`() throws {
    var arrays = try TinyCheckpoint().arrays()
    let table = try #require(arrays.first { $0.name == ParameterName.embedding })
    let place = try #require(arrays.firstIndex { $0.name == ParameterName.head })
    func refusal(_ difference: String) -> CheckpointError {
      .model(
        .unsupportedConfiguration(
          key: "tie_word_embeddings", value: "true",
          reason: "lm_head.weight is stored and is not model.embed_tokens.weight: \(difference)"))
    }
    #expect(try error(arrays, tiesHead: true) == refusal("row 0 differs"))
    #expect(try error(arrays) == nil, "a head of its own is no tied one")
    // Whatever of the table changes, in the file: one bit of one number, its type, or its shape.
    let values = try table.doubles()
    var (changed, narrow) = (values, values)
    changed[12 * 8 + 7] = changed[12 * 8 + 7].nextUp
    arrays[place] = try NamedArray(ParameterName.head, .f64, shape: [13, 8], doubles: changed)
    #expect(try error(arrays, tiesHead: true) == refusal("row 12 differs"))
    narrow = values.map { Double(Float($0)) }
    arrays[place] = try NamedArray(ParameterName.head, .f32, shape: [13, 8], doubles: narrow)
    #expect(try error(arrays, tiesHead: true) == refusal("it is F32, not F64"))
    arrays[place] = try NamedArray(ParameterName.head, .f64, shape: [8, 13], doubles: values)
    #expect(try error(arrays, tiesHead: true) == refusal("its shape is [8, 13], not [13, 8]"))
    // The table itself, as older programs stored it, changes nothing, in one file or in two.
    arrays[place] = try NamedArray(ParameterName.head, .f64, shape: [13, 8], doubles: values)
    let without = arrays.filter { $0.name != ParameterName.head }
    try withFolder { folder in
      try TinyCheckpoint(tiesHead: true).write(to: folder + "/with", arrays: arrays)
      try TinyCheckpoint(tiesHead: true).write(to: folder + "/without", arrays: without)
      #expect(try logits(folder + "/with") == logits(folder + "/without"))
    }
  }

  @Test func `MOD-1 a parameter of another shape is refused with both shapes`() throws {
    var arrays = try TinyCheckpoint().arrays()
    let place = try #require(arrays.firstIndex { $0.name == query })
    for shape in [[8, 4], [64], [8, 8, 1], []] {
      let count = shape.reduce(1, *)
      arrays[place] = try NamedArray(query, .f32, shape: shape, doubles: [Double](repeating: 0.5, count: count))
      #expect(try error(arrays) == .model(.wrongShape(tensor: query, shape: shape, expected: [8, 8])))
    }
    #expect(
      ModelError.wrongShape(tensor: query, shape: [8, 4], expected: [8, 8]).description
        == "wrong-shape: \(query) is [8, 4], must be [8, 8]")
  }

  @Test(arguments: [ElementType.i64, .i32, .u8])
  func `MOD-1 a parameter of integers is refused`(_ type: ElementType) throws {
    var arrays = try TinyCheckpoint().arrays()
    let place = try #require(arrays.firstIndex { $0.name == query })
    arrays[place] = try NamedArray(query, type, shape: [8, 8], integers: [Int](repeating: 1, count: 64))
    let reason = "\(type.rawValue) is not a floating-point type"
    #expect(try error(arrays) == .model(.unreadable(tensor: query, reason: reason)))
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity])
  func `MOD-1 a weight that is not finite is refused by the pass that reads it`(_ value: Double) throws {
    var checkpoint = try TinyCheckpoint()
    checkpoint.parameters.tensors[query]?.values[37] = value
    try withFolder { folder in
      try checkpoint.write(to: folder, arrays: checkpoint.arrays())
      #expect(loadingError(folder) == nil)
      #expect(throws: ModelError.nonFiniteWeight(tensor: query, index: 37)) { try logits(folder) }
      #expect(throws: CheckpointError.model(.nonFiniteWeight(tensor: query, index: 37))) {
        try Checkpoint(directory: folder).parameters()
      }
    }
    // A row of the table is read by its token: the index still counts in the whole tensor.
    var table = try TinyCheckpoint()
    table.parameters.tensors["model.embed_tokens.weight"]?.values[10 * 8 + 3] = value
    try withFolder { folder in
      try table.write(to: folder, arrays: table.arrays())
      #expect(throws: ModelError.nonFiniteWeight(tensor: "model.embed_tokens.weight", index: 83)) { try logits(folder) }
    }
  }

  @Test func `MOD-1 a million layers in config.json cost nothing`() throws {
    let checkpoint = try TinyCheckpoint()
    try withFolder { folder in
      try checkpoint.write(
        to: folder, config: checkpoint.configText([("num_hidden_layers", "\(Configuration.largestExtent)")]),
        files: [("model.safetensors", checkpoint.arrays())])
      #expect(loadingError(folder) == .model(.missingTensor("model.layers.2.input_layernorm.weight")))
    }
  }

  @Test func `MOD-1 F64, F32, BF16 and F16, alone and mixed, hold high-variance weights and give the same logits`()
    throws
  {
    // High-variance weights have eight significant bits, and none of these is too small for F16.
    let checkpoint = try TinyCheckpoint()
    #expect(
      checkpoint.parameters.tensors.values.allSatisfy { $0.values.allSatisfy { $0 == 0 || $0.magnitude > 0x1p-14 } })
    let types: [ElementType] = [.f64, .f32, .bf16, .f16]
    let order = checkpoint.parameters.names
    var choices: [(String) -> ElementType] = types.map { type in { _ in type } }
    choices.append { name in types[(order.firstIndex(of: name) ?? 0) % 4] }
    let seen = try choices.map { choice in
      try withFolder { folder in
        try checkpoint.write(to: folder, arrays: checkpoint.arrays(choice))
        return try logits(folder)
      }
    }
    #expect(Set(seen).count == 1)
    let memory = Transformer(
      configuration: checkpoint.configuration, weights: Weights(checkpoint.parameters),
      functions: .llama(workers: .single))
    let layout = try Layout.training(
      text: [1, 2, 10, 0], vocabulary: Vocabulary(textSize: 11), parameters: Parameters(c: 2, t: 1), profile: .base)
    #expect(seen[0] == (try memory.forward(rows: layout.rows, profile: .base).logits.values.map(\.bitPattern)))
  }

  @Test func `MOD-1 a truncated, empty or absent file is refused`() throws {
    let checkpoint = try TinyCheckpoint()
    try withFolder { folder in
      guard case .file(.failed("open", folder + "/config.json", ENOENT)) = loadingError(folder) else {
        Issue.record("config.json is absent")
        return
      }
      try checkpoint.write(to: folder, files: [])
      guard case .container("model.safetensors", .file(.failed("open", _, ENOENT))) = loadingError(folder) else {
        Issue.record("model.safetensors is absent")
        return
      }
      let bytes = try ArrayFile(checkpoint.arrays(), metadata: [:]).encoded()
      for count in [0, 7, 8, 100, bytes.count - 1] {
        try Files.replace(folder + "/model.safetensors", with: Array(bytes.prefix(count)))
        guard case .container("model.safetensors", _) = loadingError(folder) else {
          Issue.record("\(count) bytes were accepted")
          continue
        }
      }
      #expect(loadingError("/dev/null") != nil)
    }
  }

  @Test func `PAR-3 ids beyond the vocabulary are refused with their place`() throws {
    let checkpoint = try TinyCheckpoint()
    try withFolder { folder in
      try checkpoint.write(to: folder, arrays: checkpoint.arrays())
      let model = try LoadedModel(directory: folder, choices: LoMAChoices())
      var session = try Session(model, threads: 1)
      for token in [11, 12, 13, -1] {
        let expected = InputError.textTokenOutOfRange(token: token, index: 1, textVocabulary: 11)
        #expect(throws: CheckpointError.reference(.rejected(expected))) {
          try session.feed([0, token], passLength: 1) { _ in }
        }
      }
      #expect(session.fedLength == 0)
      #expect(throws: ModelError.tokenOutsideModel(token: 13, index: 2, vocabulary: 13)) {
        try model.transformer(workers: .single).embed([0, 12, 13])
      }
    }
  }
}
