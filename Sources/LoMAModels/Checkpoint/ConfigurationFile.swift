// MOD-1, MOD-8…MOD-13, PAR-2: config.json of a Hugging Face directory; keys that change the arithmetic are read strictly.

import LoMA
import LoMAVectors
import NaiveLlama

/// The content of a config.json.
package struct ConfigurationFile: Sendable {
  package let configuration: Configuration
  /// The `loma` object; nil if there is none.
  package let loma: LoMASection?

  /// Parses the text of a config.json.
  ///
  /// A key that would change the arithmetic is rejected unless its family computes it; keys for training, tokens or software
  /// are ignored.
  package init(parsing text: [UInt8]) throws(CheckpointError) {
    let object = try Self.object(text)
    do throws(ModelError) {
      let family = try FamilyKeys(object)
      try Self.rejectOthers(object)
      let keys = ConfigurationKeys(object: object)
      let maximumPositions = try keys.optionalInteger("max_position_embeddings")
      let (biases, layers) = (try family.biases(), try keys.integer("num_hidden_layers"))
      let window = try family.slidingWindow(layers: layers)
      let rotation = try RotationKeys(object, maximumPositions: maximumPositions)
      configuration = try Configuration(
        vocabularySize: try keys.integer("vocab_size"), hiddenSize: try keys.integer("hidden_size"),
        intermediateSize: try keys.integer("intermediate_size"), layers: layers,
        queryHeads: try keys.integer("num_attention_heads"),
        keyValueHeads: try family.keyValueHeads(of: try keys.integer("num_attention_heads")),
        headDimension: try family.headDimension(), epsilon: try keys.number("rms_norm_eps", default: 1e-6),
        theta: rotation.theta, tiesHead: try keys.boolean("tie_word_embeddings", default: false),
        family: family.family, scaling: rotation.scaling, biases: biases,
        normalisesQueriesAndKeys: family.family == .qwen3, maximumPositions: maximumPositions, slidingWindow: window)
    } catch { throw .model(error) }
    loma = try object["loma"].map { (value) throws(CheckpointError) in try LoMASection(value) }
  }

  /// The text of config.json in a directory.
  static func text(in directory: String) throws(CheckpointError) -> [UInt8] {
    do { return try Files.contents(of: directory + "/config.json", byteLimit: 1 << 20) } catch { throw .file(error) }
  }

  /// The object that a config.json is. Python writes integers of any size, so one beyond `Int` is refused only where its key
  /// matters.
  static func object(_ text: [UInt8]) throws(CheckpointError) -> JSONObject {
    let value: JSONValue
    do { value = try StrictJSON.parse(text, sizeLimit: 1 << 20, depthLimit: 16, roundsIntegers: true) } catch {
      throw .json(file: "config.json", error)
    }
    guard let object = value.objectValue else {
      throw .model(.invalidConfiguration(key: "config.json", value: "not an object", requirement: "an object"))
    }
    return object
  }

  /// `rope_theta`, at the top level or in `rope_parameters`; 10000 if it is in neither.
  static func theta(_ object: JSONObject) throws(ModelError) -> Double {
    if let rope = object["rope_parameters"]?.objectValue, rope["rope_theta"] != nil {
      return try ConfigurationKeys(object: rope).number("rope_theta", default: 10_000)
    }
    return try ConfigurationKeys(object: object).number("rope_theta", default: 10_000)
  }

  /// Keys that no family may have otherwise, with their plain values and what another one would mean.
  private static let others: [(key: String, accepted: [JSONValue], reason: String)] = [
    ("hidden_act", [.string("silu"), .string("swish")], "the activation is silu"),
    ("pretraining_tp", [.integer(1), .null], "weights are not split"),
    ("quantization_config", [.null], "weights are stored as numbers"),
    ("partial_rotary_factor", [.integer(1), .number(1), .null], "every pair of a head is rotated"),
  ]

  /// Throws `unsupportedConfiguration` for the first of these keys that has another value.
  private static func rejectOthers(_ object: JSONObject) throws(ModelError) {
    for (key, accepted, reason) in others {
      guard let value = object[key], !accepted.contains(value) else { continue }
      throw .unsupportedConfiguration(key: key, value: ConfigurationKeys.text(value), reason: reason)
    }
  }

  /// Keys with the values that a plain Llama has, for a model of part II; any other value is rejected.
  private static let plain: [(key: String, accepted: [JSONValue])] = [
    ("model_type", [.string("llama")]), ("hidden_act", [.string("silu"), .string("swish")]),
    ("attention_bias", [.boolean(false), .null]), ("mlp_bias", [.boolean(false), .null]),
    ("sliding_window", [.null]), ("use_sliding_window", [.boolean(false), .null]), ("layer_types", [.null]),
    ("pretraining_tp", [.integer(1), .null]), ("quantization_config", [.null]),
    ("partial_rotary_factor", [.integer(1), .number(1), .null]), ("rope_scaling", [.null]),
  ]

  /// Throws `unsupportedConfiguration` for the first key that does not have a plain Llama's value.
  static func rejectUnsupported(_ object: JSONObject) throws(ModelError) {
    for (key, accepted) in plain {
      guard let value = object[key], !accepted.contains(value), !isDefaultRope(key, value) else { continue }
      throw .unsupportedConfiguration(key: key, value: ConfigurationKeys.text(value))
    }
    if let rope = object["rope_parameters"], rope != .null, !isDefaultRope("rope_scaling", rope) {
      throw .unsupportedConfiguration(key: "rope_parameters", value: ConfigurationKeys.text(rope))
    }
  }

  /// Whether a rope object is that of plain RoPE: it names only the default type and θ.
  private static func isDefaultRope(_ key: String, _ value: JSONValue) -> Bool {
    guard key == "rope_scaling", let members = value.objectValue?.members else { return false }
    return members.allSatisfy { member in
      switch member.key {
      case "rope_type", "type": member.value == .string("default")
      case "rope_theta": true
      case "partial_rotary_factor": member.value.doubleValue == 1
      default: false
      }
    }
  }
}

/// Reads members of a configuration object and checks their types.
package struct ConfigurationKeys {
  let object: JSONObject
  /// The path of the object, put before each key in messages.
  var prefix = ""

  func optionalInteger(_ key: String) throws(ModelError) -> Int? {
    guard let value = object[key], value != .null else { return nil }
    guard let integer = value.integerValue else {
      throw .invalidConfiguration(key: prefix + key, value: Self.text(value), requirement: "an integer")
    }
    return integer
  }

  func integer(_ key: String, default fallback: Int? = nil) throws(ModelError) -> Int {
    guard let value = try optionalInteger(key) ?? fallback else { throw .missingConfiguration(key: prefix + key) }
    return value
  }

  func number(_ key: String, default fallback: Double) throws(ModelError) -> Double {
    guard let value = object[key], value != .null else { return fallback }
    guard let number = value.doubleValue else {
      throw .invalidConfiguration(key: prefix + key, value: Self.text(value), requirement: "a number")
    }
    return number
  }

  func boolean(_ key: String, default fallback: Bool) throws(ModelError) -> Bool {
    guard let value = object[key], value != .null else { return fallback }
    guard let boolean = value.booleanValue else {
      throw .invalidConfiguration(key: prefix + key, value: Self.text(value), requirement: "true or false")
    }
    return boolean
  }

  /// A value as a message shows it: scalars in full, arrays and objects by kind.
  package static func text(_ value: JSONValue) -> String {
    switch value {
    case .null: "null"
    case .boolean(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .string(let value): value
    case .array: "an array"
    case .object(let object):
      object["rope_type"]?.stringValue ?? object["type"]?.stringValue ?? "an object"
    }
  }
}
