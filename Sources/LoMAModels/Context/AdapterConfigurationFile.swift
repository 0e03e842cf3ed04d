// CCM-22: adapter_config.json of a PEFT directory; keys that change the arithmetic are read strictly.

import LoMAPeersReference
import LoMAVectors

/// The content of an adapter_config.json: r and α.
package struct AdapterConfigurationFile: Hashable, Sendable {
  /// The file's name in its directory.
  package static let name = "adapter_config.json"
  /// r and α.
  package let settings: AdapterSettings

  /// Parses the text of an adapter_config.json.
  ///
  /// A key that would change the arithmetic is refused unless it has its plain value, before r and α are read; keys for
  /// training or software are ignored.
  package init(parsing text: [UInt8]) throws(AdapterError) {
    let value: JSONValue
    do { value = try StrictJSON.parse(text, sizeLimit: 1 << 20, depthLimit: 16) } catch { throw .json(error) }
    guard let object = value.objectValue else {
      throw .invalid(key: Self.name, value: ConfigurationKeys.text(value), requirement: "an object")
    }
    try Self.refuseUnsupported(object)
    guard let rank = object["r"]?.integerValue, rank >= 1 else {
      throw .invalid(key: "r", value: Self.text(object["r"]), requirement: "an integer, at least 1")
    }
    guard let alpha = object["lora_alpha"]?.doubleValue else {
      throw .invalid(key: "lora_alpha", value: Self.text(object["lora_alpha"]), requirement: "a number")
    }
    do { settings = try AdapterSettings(rank: rank, alpha: alpha) } catch { throw .peer(error) }
  }

  /// Keys that have one plain value and must be there.
  private static let fixed: [(key: String, plain: JSONValue)] = [
    ("peft_type", .string("LORA")), ("bias", .string("none")),
  ]
  /// Keys that are false or absent.
  private static let switches = ["fan_in_fan_out", "use_rslora", "use_dora"]
  /// Keys that are empty, null or absent.
  private static let collections = [
    "rank_pattern", "alpha_pattern", "modules_to_save", "layers_to_transform", "layers_pattern",
  ]

  private static func refuseUnsupported(_ object: JSONObject) throws(AdapterError) {
    for (key, plain) in fixed where object[key] != plain { throw .unsupported(key: key, value: text(object[key])) }
    for key in switches {
      if let value = object[key], value != .boolean(false) { throw .unsupported(key: key, value: text(value)) }
    }
    for key in collections {
      if let value = object[key], !isEmpty(value) { throw .unsupported(key: key, value: text(value)) }
    }
    let projections = AdaptedProjection.allCases.map { $0.rawValue }.sorted()
    let targets = object["target_modules"]
    guard targets?.arrayValue?.compactMap({ $0.stringValue }).sorted() == projections,
      targets?.arrayValue?.count == projections.count
    else { throw .unsupported(key: "target_modules", value: list(targets)) }
  }

  /// Whether a value is null, or has nothing in it.
  private static func isEmpty(_ value: JSONValue) -> Bool {
    switch value {
    case .null: true
    case .array(let values): values.isEmpty
    case .object(let object): object.members.isEmpty
    case .string(let text): text.isEmpty
    case .boolean, .integer, .number: false
    }
  }

  private static func text(_ value: JSONValue?) -> String { value.map(ConfigurationKeys.text) ?? "absent" }

  /// A list of names as a message shows it.
  private static func list(_ value: JSONValue?) -> String {
    guard let values = value?.arrayValue else { return text(value) }
    return "[" + values.map(ConfigurationKeys.text).joined(separator: ", ") + "]"
  }
}

extension AdapterConfigurationFile {
  /// The text of the file that says these settings and nothing else, with keys sorted as `save_pretrained` sorts them.
  package static func text(_ settings: AdapterSettings) -> String {
    // PEFT writes a whole α without a fraction.
    let alpha = Int(exactly: settings.alpha).map(JSONValue.integer) ?? .number(settings.alpha)
    return JSONValue.members([
      .init("base_model_name_or_path", .string("..")), .init("bias", .string("none")),
      .init("fan_in_fan_out", .boolean(false)), .init("lora_alpha", alpha), .init("lora_dropout", .number(0)),
      .init("peft_type", .string("LORA")), .init("r", .integer(settings.rank)),
      .init("target_modules", .array(AdaptedProjection.allCases.map { .string($0.rawValue) })),
      .init("task_type", .string("CAUSAL_LM")),
    ]).text() + "\n"
  }
}
