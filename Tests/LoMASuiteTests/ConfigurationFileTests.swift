// config.json: what the reference does not compute, what is absent, of a wrong type or out of range.

import LoMA
import LoMAModels
import LoMAReference
import LoMASuite
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
    ("model_type", #""mistral""#, "mistral"), ("model_type", "3", "3"), ("hidden_act", #""gelu""#, "gelu"),
    ("attention_bias", "true", "true"), ("mlp_bias", "true", "true"), ("attention_bias", "0", "0"),
    ("sliding_window", "4096", "4096"), ("use_sliding_window", "true", "true"),
    ("layer_types", #"["full_attention"]"#, "an array"), ("pretraining_tp", "2", "2"),
    ("quantization_config", #"{"bits": 4}"#, "an object"), ("partial_rotary_factor", "0.5", "0.5"),
    ("rope_scaling", #"{"type": "linear", "factor": 2.0}"#, "linear"),
    ("rope_scaling", #"{"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0}"#, "llama3"),
    ("rope_scaling", #"{"factor": 2.0}"#, "an object"),
    ("rope_scaling", #"{"rope_type": "default", "factor": 2.0}"#, "default"),
    ("rope_scaling", #""linear""#, "linear"), ("rope_scaling", "2", "2"),
    ("rope_parameters", #"{"rope_type": "yarn", "rope_theta": 10000.0}"#, "yarn"),
    ("rope_parameters", #"{"full_attention": {"rope_type": "default"}}"#, "an object"),
  ])
  func `MOD-1 a key that would change the arithmetic is refused`(_ key: String, _ json: String, _ value: String) throws
  {
    #expect(try error([(key, json)]) == .model(.unsupportedConfiguration(key: key, value: value)))
  }

  @Test(arguments: [
    ("hidden_act", #""silu""#), ("attention_bias", "false"), ("mlp_bias", "null"), ("sliding_window", "null"),
    ("pretraining_tp", "1"), ("rope_scaling", "null"), ("rope_scaling", #"{"rope_type": "default"}"#),
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
