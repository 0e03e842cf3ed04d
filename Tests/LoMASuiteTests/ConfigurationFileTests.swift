// config.json: what the reference does not compute, what is absent, of a wrong type or out of range.

import LoMA
import LoMAModels
import LoMAReference
import LoMAVectors
import NaiveLlama
import Testing

@Suite("Chapter 8: config.json")
struct ConfigurationFileTests {
  private func error(_ changes: [(String, String?)]) throws -> CheckpointError? {
    error(text: try TinyCheckpoint().configText(changes))
  }

  private func error(text: String) -> CheckpointError? {
    do {
      _ = try ConfigurationFile(parsing: Array(text.utf8))
      return nil
    } catch { return error }
  }

  @Test(arguments: [
    ("model_type", "3", "model_type is 3: llama, mistral, qwen2 and qwen3 are read"),
    ("hidden_act", #""gelu""#, "hidden_act is gelu: the activation is silu"),
    ("attention_bias", "0", "attention_bias is 0: it is neither true nor false"),
    ("mlp_bias", #""yes""#, "mlp_bias is yes: it is neither true nor false"),
    ("sliding_window", "4096", "sliding_window is 4096: a Llama has no window"),
    ("use_sliding_window", "true", "use_sliding_window is true: Hugging Face's llama does not read it"),
    ("layer_types", #"["full_attention"]"#, "layer_types is of 1 layers: the model has 2"),
    (
      "layer_types", #"["full_attention", "sliding_attention"]"#,
      "layer_types is sliding_attention: every layer is of full_attention"
    ),
    ("layer_types", "3", "layer_types is 3: every layer is of full_attention"),
    ("pretraining_tp", "2", "pretraining_tp is 2: weights are not split"),
    ("quantization_config", #"{"bits": 4}"#, "quantization_config is an object: weights are stored as numbers"),
    ("partial_rotary_factor", "0.5", "partial_rotary_factor is 0.5: every pair of a head is rotated"),
  ])
  func `MOD-13 a key that would change the arithmetic is refused by name, value and reason`(
    _ key: String, _ json: String, _ message: String
  ) throws {
    #expect(try error([(key, json)])?.description == "unsupported-configuration: " + message)
  }

  @Test(arguments: [
    ("gemma3_text", "its norms multiply with 1 + gain, its activation is gelu, and embeddings are multiplied with √D"),
    ("phi3", "q, k and v are one matrix, and so are gate and up"),
    ("olmo2", "its norms stand behind attention and feed-forward, and query norms span all heads"),
    ("exaone4", "its norms stand behind attention and feed-forward"),
    ("glm4", "it rotates neighbours, and a part of each head"), ("helium", "it rotates neighbours"),
    ("cohere2", "it has LayerNorm"), ("arcee", "its feed-forward has no gate"),
    ("granite", "it scales embeddings, scores, branches and logits"),
    ("internlm2", "its parameters have other names"), ("ministral3", "it scales queries by their position"),
    ("smollm3", "some of its layers do not rotate"), ("seed_oss", "its keys of biases have other names"),
    ("hunyuan_v1_dense", "it normalises queries and keys behind the rotation"), ("mixtral", "it has experts"),
    ("qwen3_moe", "it has experts"), ("deepseek_v3", "it has latent attention and experts"),
    ("qwen2_5_vl", "it reads images"), ("bert", "it is an encoder"),
    ("gpt2", "llama, mistral, qwen2 and qwen3 are read"), ("llama4", "llama, mistral, qwen2 and qwen3 are read"),
  ])
  func `MOD-13 another family is refused with what it computes otherwise`(_ name: String, _ reason: String) throws {
    #expect(
      try error([("model_type", "\"\(name)\"")])?.description
        == "unsupported-configuration: model_type is \(name): \(reason)")
  }

  @Test(arguments: [
    (
      #"{"type": "longrope", "factor": 2.0}"#,
      "rope_scaling is longrope: of the types default, linear, dynamic, llama3 and yarn are computed"
    ),
    (#"{"type": "su"}"#, "rope_scaling is su: of the types default, linear, dynamic, llama3 and yarn are computed"),
    (
      #"{"factor": 2.0}"#,
      "rope_scaling is an object: it has a factor and no rope_type, which says what the factor is for"
    ),
    (#"{"rope_type": "default", "factor": 2.0}"#, "rope_scaling.factor is 2.0: rope_type default has no such number"),
    (#""linear""#, "rope_scaling is linear: it is neither null nor an object"),
    (#"{"rope_type": 3}"#, "rope_scaling.rope_type is 3: it is no word"),
    (
      #"{"rope_type": "linear", "factor": 2, "partial_rotary_factor": 0.5}"#,
      "rope_scaling.partial_rotary_factor is 0.5: every pair of a head is rotated"
    ),
    (
      #"{"rope_type": "linear", "factor": 2, "mrope_section": 3}"#,
      "rope_scaling.mrope_section is 3: rope_type linear has no such number"
    ),
    (
      #"{"full_attention": {"rope_type": "default"}}"#,
      "rope_scaling is an object: one rotation for all layers is computed, not one for each type of layer"
    ),
    (
      #"{"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 32}"#,
      "rope_scaling.original_max_position_embeddings is 32: at the top level it is 64"
    ),
    (
      #"{"rope_type": "dynamic", "factor": 2.0}"#,
      "rope_scaling.original_max_position_embeddings is 64: dynamic frequencies begin at max_position_embeddings, 256"
    ),
  ])
  func `MOD-8 a rotation that is not computed is refused with its reason`(_ json: String, _ message: String) throws {
    let sizes = [("max_position_embeddings", "256"), ("original_max_position_embeddings", "64")]
    #expect(try error(sizes + [("rope_scaling", json)])?.description == "unsupported-configuration: " + message)
    // It does not matter which of the two keys says it.
    let other = message.replacing("rope_scaling", with: "rope_parameters")
    #expect(
      try error(sizes + [("rope_parameters", json)])?.description == "unsupported-configuration: " + other)
  }

  @Test func `MOD-8 a scaled rotation without max_position_embeddings is refused`() throws {
    let linear = #"{"type": "linear", "factor": 2.0}"#
    #expect(
      try error([("rope_scaling", linear)])?.description
        == "unsupported-configuration: rope_scaling is linear: a scaled rotation needs max_position_embeddings beside it"
    )
    #expect(try error([("rope_scaling", linear), ("max_position_embeddings", "64")]) == nil)
  }

  @Test func `MOD-8 MOD-9 a missing or meaningless number is refused by its name`() throws {
    func refusal(_ json: String) throws -> String? {
      try error([("max_position_embeddings", "256"), ("rope_scaling", json)])?.description
    }
    #expect(try refusal(#"{"rope_type": "yarn"}"#) == "missing-configuration: rope_scaling.factor")
    #expect(
      try refusal(#"{"rope_type": "llama3", "factor": 8, "high_freq_factor": 4}"#)
        == "missing-configuration: rope_scaling.low_freq_factor")
    #expect(
      try refusal(#"{"rope_type": "linear", "factor": -1}"#)
        == "invalid-configuration: rope.factor is -1.0, must be finite and above 0")
    #expect(
      try refusal(#"{"rope_type": "linear", "factor": "2"}"#)
        == "invalid-configuration: rope_scaling.factor is 2, must be a number")
    #expect(
      try refusal(#"{"rope_type": "yarn", "factor": 2, "truncate": 1}"#)
        == "invalid-configuration: rope_scaling.truncate is 1, must be true or false")
    #expect(
      try refusal(#"{"rope_type": "yarn", "factor": 2, "beta_fast": 1, "beta_slow": 32}"#)
        == "invalid-configuration: rope.beta_fast is 1.0, must be at least beta_slow")
  }

  private func configuration(_ changes: [(String, String?)]) throws -> Configuration {
    try ConfigurationFile(parsing: Array(TinyCheckpoint().configText(changes).utf8)).configuration
  }

  @Test func `MOD-8 rope_scaling wins over rope_parameters, its θ over the top level's, and integers are numbers`()
    throws
  {
    let length = [("max_position_embeddings", "256")]
    let both = try configuration(
      length + [
        ("rope_scaling", #"{"type": "linear", "factor": 4, "rope_theta": 50}"#),
        ("rope_parameters", #"{"rope_type": "linear", "factor": 8, "rope_theta": 60}"#), ("rope_theta", "70"),
      ])
    #expect(both.rotation == Rotation(headDimension: 4, theta: 50, scaling: .linear(factor: 4)))
    let empty = try configuration(
      length + [
        ("rope_scaling", "{}"), ("rope_parameters", #"{"rope_type": "linear", "factor": 8}"#), ("rope_theta", "70"),
      ])
    #expect(empty.rotation == Rotation(headDimension: 4, theta: 70, scaling: .linear(factor: 8)))
    // rope_type before type; `default` wins although `type` says otherwise.
    let typed = try configuration([("rope_scaling", #"{"rope_type": "default", "type": "linear"}"#)])
    #expect(typed.rotation.scaling == .none)
  }

  @Test func `MOD-8 MOD-9 the original length is that of the top level, of the object, or max_position_embeddings`()
    throws
  {
    func old(_ changes: [(String, String?)], _ member: String) throws -> Double? {
      let rope = #"{"rope_type": "yarn", "factor": null"# + member + "}"
      let made = try configuration([("max_position_embeddings", "256"), ("rope_parameters", rope)] + changes)
      guard case .yarn(let scaling) = made.rotation.scaling else { return nil }
      #expect(scaling.factor == 256 / scaling.originalPositions)
      return scaling.originalPositions
    }
    #expect(try old([], "") == 256)
    #expect(try old([], #", "original_max_position_embeddings": 64"#) == 64)
    #expect(try old([("original_max_position_embeddings", "32")], "") == 32)
    #expect(try old([("original_max_position_embeddings", "64")], #", "original_max_position_embeddings": 64"#) == 64)
  }

  @Test func `MOD-9 every number of yarn is read`() throws {
    let made = try configuration([
      ("max_position_embeddings", "256"),
      (
        "rope_scaling",
        #"{"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 64, "beta_fast": 16, "beta_slow": 2, "truncate": false, "attention_factor": 1.5, "mscale": 0.5, "mscale_all_dim": 2, "finetuned": true}"#
      ),
    ])
    var expected = YarnScaling(factor: 4, originalPositions: 64)
    (expected.betaFast, expected.betaSlow, expected.truncates) = (16, 2, false)
    (expected.givenAttentionFactor, expected.scale, expected.scaleOfAllDimensions) = (1.5, 0.5, 2)
    #expect(made.rotation.scaling == .yarn(expected))
  }

  @Test(arguments: [
    ("llama", "true", "true", [Biases.attention, .feedForward]), ("llama", "null", "false", []),
    ("qwen2", "false", "false", [.inputs]), ("qwen2", "true", "null", [.inputs]),
    ("qwen3", "true", "false", [.attention]),
    ("qwen3", "false", "false", []), ("mistral", "false", "false", []),
  ])
  func `MOD-10 which layers have biases depends on the family`(
    _ family: String, _ attention: String, _ feedForward: String, _ expected: [Biases]
  ) throws {
    let made = try configuration([
      ("model_type", "\"\(family)\""), ("attention_bias", attention), ("mlp_bias", feedForward),
    ])
    #expect(made.biases == expected.reduce(into: []) { $0.formUnion($1) })
    #expect(made.family.rawValue == family)
    #expect(made.normalisesQueriesAndKeys == (family == "qwen3"))
  }

  @Test(arguments: [
    ("mistral", "attention_bias"), ("mistral", "mlp_bias"), ("qwen2", "mlp_bias"), ("qwen3", "mlp_bias"),
  ])
  func `MOD-10 a bias that the family does not read is refused`(_ family: String, _ key: String) throws {
    #expect(
      try error([("model_type", "\"\(family)\""), (key, "true")])?.description
        == "unsupported-configuration: \(key) is true: Hugging Face's \(family) does not read it")
  }

  @Test func `MOD-12 head sizes by default, and the number of KV heads where there is none`() throws {
    func made(_ family: String, _ changes: [(String, String?)] = []) throws -> Configuration {
      try configuration([("model_type", "\"\(family)\"")] + changes)
    }
    for (family, d) in [("llama", 4), ("mistral", 4), ("qwen2", 4), ("qwen3", 128)] {
      #expect(try made(family, [("head_dim", nil)]).heads.dimension == d)
      #expect(try made(family, [("head_dim", "null")]).heads.dimension == d)
      #expect(try made(family, [("head_dim", "6")]).heads.dimension == 6)
      guard family != "llama" else {
        #expect(try made(family, [("num_key_value_heads", nil)]).heads.keyValue == 2)
        continue
      }
      #expect(
        try error([("model_type", "\"\(family)\""), ("num_key_value_heads", nil)])
          == .model(.missingConfiguration(key: "num_key_value_heads")))
    }
  }

  @Test func `MOD-13 a window counts where the family reads it`() throws {
    func window(_ family: String, _ changes: [(String, String?)]) throws -> Int? {
      try configuration([("model_type", "\"\(family)\"")] + changes).slidingWindow
    }
    #expect(try window("mistral", []) == 4096)
    #expect(try window("mistral", [("sliding_window", "null")]) == nil)
    #expect(try window("mistral", [("sliding_window", "16")]) == 16)
    for family in ["qwen2", "qwen3"] {
      #expect(try window(family, [("sliding_window", "16")]) == nil)
      let used = [("use_sliding_window", "true"), ("sliding_window", "16")]
      #expect(try window(family, used) == nil)  // max_window_layers is 28
      #expect(try window(family, used + [("max_window_layers", "1")]) == 16)
      #expect(try window(family, used + [("max_window_layers", "2")]) == nil)
      let sliding = #"["full_attention", "sliding_attention"]"#
      #expect(try window(family, used + [("layer_types", sliding)]) == 16)
      let full = #"["full_attention", "full_attention"]"#
      #expect(try window(family, used + [("max_window_layers", "0"), ("layer_types", full)]) == nil)
      #expect(try window(family, [("use_sliding_window", "true"), ("max_window_layers", "0")]) == 4096)
    }
    #expect(
      try error([("model_type", #""mistral""#), ("sliding_window", "0")])?.description
        == "invalid-configuration: sliding_window is 0, must be at least 1")
  }

  @Test(arguments: [
    ("hidden_act", #""silu""#), ("attention_bias", "false"), ("mlp_bias", "null"), ("sliding_window", "null"),
    ("pretraining_tp", "1"), ("rope_scaling", "null"), ("max_position_embeddings", "2048"),
    ("layer_types", #"["full_attention", "full_attention"]"#), ("rope_scaling", "{}"),
    ("rope_scaling", #"{"rope_type": "default"}"#),
    ("rope_parameters", #"{"rope_type": "default", "rope_theta": 500000}"#), ("attention_dropout", "0.5"),
    ("bos_token_id", "1"), ("torch_dtype", #""bfloat16""#), ("initializer_range", "0.02"),
  ])
  func `MOD-1 plain values and keys without arithmetic are accepted`(_ key: String, _ json: String) throws {
    #expect(try error([(key, json)]) == nil)
  }

  @Test func `MOD-3 theta comes from rope_parameters, from rope_theta, or is 10000`() throws {
    func theta(_ changes: [(String, String?)]) throws -> Double {
      try ConfigurationFile(parsing: Array(TinyCheckpoint().configText(changes).utf8)).configuration.theta
    }
    #expect(try theta([("rope_parameters", #"{"rope_theta": 500000}"#)]) == 500_000)
    #expect(try theta([("rope_theta", "12.5")]) == 12.5)
    #expect(try theta([("rope_theta", nil)]) == 10_000)
  }

  @Test(arguments: ["vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"])
  func `MOD-1 a key without a default must be there, and be an integer above 0`(_ key: String) throws {
    #expect(try error([(key, nil)]) == .model(.missingConfiguration(key: key)))
    for (json, value) in [("8.5", "8.5"), (#""8""#, "8"), ("true", "true"), ("[8]", "an array"), ("8e0", "8.0")] {
      let expected = ModelError.invalidConfiguration(key: key, value: value, requirement: "an integer")
      #expect(try error([(key, json)]) == .model(expected))
    }
    let limit = Configuration.largestExtent
    for value in [0, -1, limit + 1, Int.max, Int.min] {
      let expected = ModelError.invalidConfiguration(key: key, value: "\(value)", requirement: "in 1...\(limit)")
      #expect(try error([(key, "\(value)")]) == .model(expected))
    }
  }

  @Test(arguments: [
    ("num_key_value_heads", "3", "3", "a divisor of 2 heads"), ("head_dim", "3", "3", "even"),
    ("rms_norm_eps", "-1e-05", "-1e-05", "finite and at least 0"), ("rope_theta", "0", "0.0", "finite and above 0"),
    ("rms_norm_eps", #""tiny""#, "tiny", "a number"), ("tie_word_embeddings", "1", "1", "true or false"),
    ("rope_parameters", #"{"rope_theta": "big"}"#, "big", "a number"),
    ("loma", "7", "7", "an object"),
  ])
  func `MOD-1 values that do not fit are refused`(
    _ key: String, _ json: String, _ value: String, _ requirement: String
  ) throws {
    let named = key == "rope_parameters" ? "rope_theta" : key
    let expected = ModelError.invalidConfiguration(key: named, value: value, requirement: requirement)
    #expect(try error([(key, json)]) == .model(expected))
  }

  @Test func `MOD-4 without head_dim the heads must divide the hidden size`() throws {
    let expected = ModelError.invalidConfiguration(
      key: "num_attention_heads", value: "3", requirement: "a divisor of hidden_size 8")
    #expect(
      try error([("head_dim", nil), ("num_attention_heads", "3"), ("num_key_value_heads", "3")]) == .model(expected))
    #expect(try error([("head_dim", nil)]) == nil)
  }

  @Test(arguments: [
    ("{\"vocab_size\": 13,}", JSONError.trailingComma(offset: 17)), ("", .unexpectedEnd(offset: 0)),
    ("{\"vocab_size\": 13", .unexpectedEnd(offset: 17)), ("{} {}", .trailingBytes(offset: 3)),
    ("{\"a\": 1, \"a\": 2}", .duplicateKey("a", offset: 9)), ("{\"a\": 01}", .leadingZero(offset: 6)),
    ("{\"a\": 1e999}", .numberOutOfRange(offset: 6)), ("{\"a\": NaN}", .unexpectedByte(0x4E, offset: 6)),
    ("\u{FEFF}{}", .byteOrderMark),
  ])
  func `MOD-1 malformed JSON is refused with its place`(_ text: String, _ expected: JSONError) {
    #expect(error(text: text) == .json(file: "config.json", expected))
  }

  @Test func `MOD-1 a config.json that is no object, too deep or too large is refused`() throws {
    #expect(
      error(text: "[]")
        == .model(.invalidConfiguration(key: "config.json", value: "not an object", requirement: "an object")))
    let deep = String(repeating: "[", count: 17) + String(repeating: "]", count: 17)
    guard case .json("config.json", .tooDeep(16, _)) = error(text: deep) else {
      Issue.record("not tooDeep")
      return
    }
    let size = 1 << 20
    let large = "{" + String(repeating: " ", count: size)
    #expect(error(text: large) == .json(file: "config.json", .tooLarge(bytes: size + 1, limit: size)))
  }
}
