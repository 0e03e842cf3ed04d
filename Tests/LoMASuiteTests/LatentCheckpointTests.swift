// LAT-10: a model with latent attention on disk: read back as written, in either order of rotated rows; every key that
// changes the arithmetic is refused by name and reason.

import Foundation
import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMAModels

/// Three layers of which two write, seeded weights of high variance that bf16 holds.
private struct LatentTiny {
  let configuration: LatentConfiguration
  let weights: ParameterSet

  init(_ profile: String = "base", stride: Int = 2, queryLatent: Int? = nil, bits: Int? = nil) throws {
    let profile = try LatentProfile(name: profile)
    let form: LatentForm =
      switch profile.entries {
      case .latent:
        .latent(
          LatentWidths(
            heads: 2, plain: 3, rotated: 4, value: 5, latent: 6, queryLatent: queryLatent, bits: bits,
            rotatedBits: nil, group: 3))
      case .heads: .heads(query: 4, keyValue: 2, dimension: 4)
      }
    configuration = try LatentConfiguration(
      shape: LatentShape(
        vocabularySize: 11, hiddenSize: 8, intermediateSize: 12, layers: 3, tiesHead: false,
        attention: LatentParameters(profile: profile, stride: stride, form: form)), epsilon: 1e-5,
      latentEpsilon: 0x1p-12, theta: 50)
    var numbers = SeededNumbers(seed: 8)
    weights = .highVariance(configuration, numbers: &numbers)
  }

  func files(_ pairs: PairOrder, _ type: ElementType = .bf16) throws -> [(name: String, bytes: [UInt8])] {
    try LatentCheckpointWriter.files(
      weights, configuration: configuration, pairs: pairs, loma: nil, elementType: type)
  }

  /// config.json with some members replaced, or removed where nil.
  func config(_ changes: [String: JSONValue?], pairs: PairOrder = .halfSplit) throws -> [UInt8] {
    let text = try files(pairs)[1].bytes
    let object = try #require(try StrictJSON.parse(text, sizeLimit: 1 << 20, depthLimit: 16).objectValue)
    var members = object.members.filter { changes[$0.key] == nil }
    for (key, value) in changes { if let value { members.append(.init(key, value)) } }
    return Array(JSONValue.members(members).text().utf8)
  }

  /// The error of parsing such a config.json; nil if it is taken.
  func refusal(_ changes: [String: JSONValue?], accepting pairs: Set<PairOrder> = [.halfSplit]) throws -> LatentError? {
    let text = try config(changes)
    do { _ = try LatentConfigurationFile(parsing: text, accepting: pairs) } catch { return error }
    return nil
  }
}

private func inFolder(_ body: (String) throws -> Void) throws {
  let folder = NSTemporaryDirectory() + "loma-latent-" + UUID().uuidString
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try body(folder)
}

@Suite("Checkpoints with latent attention")
struct LatentCheckpointTests {
  @Test(
    arguments: [("base", 2, nil), ("base", 1, 7), ("up_projection=shared", 2, 7), ("latent_norm=off", 3, nil)]
      + [("entries=heads", 2, nil)] as [(String, Int, Int?)])
  func `LAT-10 what is read is written again byte for byte`(profile: String, stride: Int, queryLatent: Int?) throws {
    let tiny = try LatentTiny(profile, stride: stride, queryLatent: queryLatent, bits: 4)
    for (pairs, type) in [(PairOrder.halfSplit, ElementType.bf16), (.neighbours, .f64), (.neighbours, .f32)] {
      if profile == "entries=heads", pairs == .neighbours { continue }
      try inFolder { folder in
        let written = try tiny.files(pairs, type)
        try Files.createDirectory(folder + "/model", containing: written)
        let read = try LatentCheckpoint(directory: folder + "/model", accepting: Set(PairOrder.allCases))
        #expect(read.configuration == tiny.configuration && read.file.pairs == pairs && read.elementType == type)
        #expect(try read.parameters() == tiny.weights)
        let again = try LatentCheckpointWriter.files(
          read.parameters(), configuration: read.configuration, pairs: read.file.pairs, loma: nil,
          elementType: read.elementType)
        for (first, second) in zip(written, again) {
          #expect(first.name == second.name && first.bytes == second.bytes, "\(first.name)")
        }
        let rows = try read.weights.rows([3, 0, 1], of: ParameterName.embedding)
        #expect(rows == tiny.weights.tensors[ParameterName.embedding]?.selecting(rows: [3, 0, 1]))
        for name in tiny.weights.names {
          guard let tensor = tiny.weights.tensors[name], tensor.shape.count == 2 else { continue }
          let last = tensor.shape[0] - 1
          #expect(try read.weights.rows([last, 0], of: name) == tensor.selecting(rows: [last, 0]), "\(name)")
        }
      }
    }
  }

  @Test func `LAT-3 rows 2i and 2i + 1 of a rotated part are rows i and i + d_r/2`() throws {
    let tiny = try LatentTiny(queryLatent: 7)
    let rows = Dictionary(
      uniqueKeysWithValues: tiny.configuration.shape.neighbouringRows.map { ($0.name, $0.rows) })
    let name = LatentLayerNames(index: 0)
    #expect(rows[name.queryUp] == [0, 1, 2, 3, 5, 4, 6, 7, 8, 9, 10, 12, 11, 13])
    #expect(rows[name.keyValueDown] == [0, 1, 2, 3, 4, 5, 6, 8, 7, 9])
    #expect(rows[name.query] == nil && rows[LatentLayerNames(index: 1).keyValueDown] == nil)
    #expect(rows.count == 3 + 2)
    let stored = try ArrayFile(decoding: try tiny.files(.neighbours)[0].bytes)
    let halves = try ArrayFile(decoding: try tiny.files(.halfSplit)[0].bytes)
    for array in halves.arrays {
      let other = try stored.array(array.name)
      #expect((try array.doubles() == other.doubles()) == (rows[array.name] == nil), "\(array.name)")
      guard let order = rows[array.name] else { continue }
      let (width, values, moved) = (array.shape[1], try array.doubles(), try other.doubles())
      for (here, there) in order.enumerated() {
        #expect(values[here * width..<(here + 1) * width] == moved[there * width..<(there + 1) * width])
      }
    }
  }

  @Test func `LAT-10 what save_pretrained writes beside the arithmetic is taken`() throws {
    let tiny = try LatentTiny()
    let plain: [[String: JSONValue?]] = [
      ["n_routed_experts": .integer(256), "first_k_dense_replace": .integer(3)], ["n_routed_experts": .null],
      ["rope_parameters": .members([.init("rope_type", .string("default")), .init("rope_theta", .integer(50))])],
      ["pretraining_tp": .integer(1), "head_dim": .integer(4), "qk_head_dim": .integer(7)],
      ["q_lora_rank": .integer(0)], ["use_cla": .boolean(false)], ["cla_share_factor": .integer(1)],
      ["num_key_value_heads": nil], ["latent": nil, "bos_token_id": .integer(0)], ["latent": .null],
    ]
    for changes in plain { #expect(try tiny.refusal(changes) == nil, "\(changes.keys)") }
    let bare = try LatentConfigurationFile(parsing: try tiny.config(["latent": nil]), accepting: [.halfSplit])
    #expect(bare.configuration.attention.stride == 1 && bare.configuration.latentEpsilon == 1e-6)
    #expect(bare.configuration.attention.profile == .base)
  }

  @Test(arguments: [
    ("rope_interleave", JSONValue.null, "null"), ("n_routed_experts", .integer(4), "4"),
    ("num_key_value_heads", .integer(1), "1"), ("attention_bias", .boolean(true), "true"),
    ("mlp_bias", .boolean(true), "true"), ("hidden_act", .string("gelu"), "gelu"),
    ("sliding_window", .integer(8), "8"), ("use_qk_norm", .boolean(true), "true"), ("use_cla", .boolean(true), "true"),
    ("cla_share_factor", .integer(2), "2"), ("model_type", .string("llama"), "llama"),
    ("quantization_config", .members([]), "an object"), ("mlp_layer_types", .array([]), "an array"),
    ("partial_rotary_factor", .number(0.5), "0.5"), ("pretraining_tp", .integer(2), "2"),
  ])
  func `LAT-10 a key that changes the arithmetic is refused by name and reason`(
    key: String, value: JSONValue, text: String
  ) throws {
    var changes: [String: JSONValue?] = [key: value]
    if key == "n_routed_experts" { changes["first_k_dense_replace"] = .integer(2) }
    guard case .unsupported(key, text, let reason) = try LatentTiny().refusal(changes) else {
      Issue.record("\(key) is \(String(describing: try LatentTiny().refusal(changes)))")
      return
    }
    #expect(reason.count > 8)
    #expect(try LatentTiny().refusal(changes)?.code == "unsupported-configuration")
  }

  @Test func `LAT-6 LAT-10 rotations for longer contexts are refused, and so is an unknown key of latent`() throws {
    let tiny = try LatentTiny()
    let type = JSONObject.Member("rope_type", .string("yarn"))
    let (factor, scale) = (JSONObject.Member("factor", .integer(40)), JSONObject.Member("mscale", .number(0.7)))
    for (key, members, name) in [
      ("rope_scaling", [type, factor], "rope_type"), ("rope_parameters", [factor], "factor"),
      ("rope_parameters", [scale], "mscale"),
      ("rope_scaling", [.init("mscale_all_dim", .integer(1))], "mscale_all_dim"),
      ("rope_parameters", [.init("partial_rotary_factor", .number(0.5))], "partial_rotary_factor"),
    ] {
      guard case .unsupported(key + "." + name, _, _) = try tiny.refusal([key: .members(members)]) else {
        Issue.record("\(key).\(name)")
        continue
      }
    }
    guard
      case .unsupported("latent.window", "8", _) = try tiny.refusal(["latent": .members([.init("window", .integer(8))])]
      )
    else {
      Issue.record("latent.window")
      return
    }
  }

  @Test func `LAT-10 the order of rotated rows must be one that is asked for`() throws {
    let tiny = try LatentTiny()
    #expect(try tiny.refusal(["rope_interleave": .boolean(true)])?.code == "unsupported-configuration")
    #expect(try tiny.refusal(["rope_interleave": .boolean(true)], accepting: Set(PairOrder.allCases)) == nil)
    #expect(try tiny.refusal(["rope_interleave": .boolean(false)], accepting: [.neighbours]) != nil)
    #expect(try tiny.refusal(["rope_interleave": nil], accepting: Set(PairOrder.allCases)) != nil)
  }

  @Test func `LAT-1 sizes are judged before other keys, in the order of the list`() throws {
    let tiny = try LatentTiny()
    func latent(_ members: [(String, JSONValue)]) -> JSONValue { .members(members.map { .init($0.0, $0.1) }) }
    let faults: [(String, [String: JSONValue?])] = [
      ("unknown-axis", ["latent": latent([("profile", latent([("colour", .string("red"))]))])]),
      ("unknown-alternative", ["latent": latent([("profile", latent([("entries", .string("rows"))]))])]),
      ("stride-out-of-range", ["latent": latent([("stride", .integer(0))])]),
      ("latent-width-out-of-range", ["kv_lora_rank": .integer(0)]),
      ("odd-rotated-width", ["qk_rope_head_dim": .integer(3)]),
      ("head-width-out-of-range", ["v_head_dim": .integer(0)]),
      ("bits-out-of-range", ["latent": latent([("bits", .integer(25))])]),
      ("group-does-not-divide", ["latent": latent([("group", .integer(4))])]),
      ("group-does-not-divide", ["latent": latent([("group", .integer(0))])]),
      ("unsupported-configuration", ["attention_bias": .boolean(true)]),
      ("invalid-configuration", ["hidden_size": .integer(0)]),
      ("invalid-configuration", ["num_attention_heads": .integer(0), "num_key_value_heads": .integer(0)]),
    ]
    for (place, (code, fault)) in faults.enumerated() {
      #expect(try tiny.refusal(fault)?.code == code, "\(code)")
      for (_, other) in faults[(place + 1)...] where Set(fault.keys).isDisjoint(with: other.keys) {
        let both = fault.merging(other) { first, _ in first }
        #expect(try tiny.refusal(both)?.code == code, "\(code) first")
      }
    }
    #expect(try tiny.refusal(["kv_lora_rank": nil]) == .checkpoint(.model(.missingConfiguration(key: "kv_lora_rank"))))
    #expect(
      try tiny.refusal(["kv_lora_rank": nil, "model_type": .string("llama")])?.code == "unsupported-configuration")
  }

  @Test func `LAT-10 a consumer has no weights that write, and a tensor too many or too few is named`() throws {
    let tiny = try LatentTiny()
    let name = LatentLayerNames(index: 1)
    #expect(tiny.weights.tensors[name.keyValueDown] == nil && tiny.weights.tensors[name.keyValueUp] != nil)
    try inFolder { folder in
      func open(_ number: Int, _ change: (inout [String: Tensor]) -> Void) throws -> String? {
        var tensors = tiny.weights.tensors
        change(&tensors)
        let arrays = try tensors.sorted { $0.key < $1.key }.map {
          try NamedArray($0.key, .f64, shape: $0.value.shape, doubles: $0.value.values)
        }
        let bytes = try ArrayFile(arrays, metadata: [:]).encoded()
        let directory = folder + "/\(number)"
        try Files.createDirectory(
          directory, containing: [("model.safetensors", bytes), ("config.json", try tiny.config([:]))])
        do { _ = try LatentCheckpoint(directory: directory, accepting: [.halfSplit]) } catch {
          return error.description
        }
        return nil
      }
      let refusals = [
        try open(0) { _ in }, try open(1) { $0[name.keyValueUp] = nil },
        try open(2) { $0[name.keyValueDown] = Tensor(zeros: [10, 8]) },
        try open(3) { $0[name.output] = Tensor(zeros: [8, 9]) },
      ]
      #expect(
        refusals == [
          nil, "missing-tensor: \(name.keyValueUp)", "unexpected-tensor: \(name.keyValueDown)",
          "wrong-shape: \(name.output) is [8, 9], must be [8, 10]",
        ])
    }
  }
}
