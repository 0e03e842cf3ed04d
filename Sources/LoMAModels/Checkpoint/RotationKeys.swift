// MOD-8, MOD-9: where a config.json says how the rotation is scaled, in the words of every version of transformers.

import LoMAVectors
import NaiveLlama

/// θ and the scaling, as config.json states them.
struct RotationKeys {
  /// `rope_theta`.
  let theta: Double
  /// What is done to the frequencies.
  let scaling: RotationScaling

  /// Reads `rope_scaling` if it is an object with members, else `rope_parameters`; θ of that object, else of the top level.
  ///
  /// Throws `unsupportedConfiguration` for a type or a member that is not computed, and for a scaled rotation without
  /// `max_position_embeddings`, for which Hugging Face would take a number that depends on the family.
  init(_ object: JSONObject, maximumPositions: Int?) throws(ModelError) {
    let (key, rope) = try Self.rope(object)
    theta = try ConfigurationKeys(object: rope["rope_theta"] == nil ? object : rope)
      .number("rope_theta", default: 10_000)
    let members = RopeMembers(object: rope, key: key, top: object)
    let type = try members.type()
    guard type != "default" else {
      try members.expect([])
      scaling = .none
      return
    }
    guard let maximumPositions else {
      throw .unsupportedConfiguration(
        key: key, value: type, reason: "a scaled rotation needs max_position_embeddings beside it")
    }
    scaling = try members.scaling(type, maximumPositions: maximumPositions)
  }

  /// The object, and the key that it stands under; empty if there is none.
  private static func rope(_ object: JSONObject) throws(ModelError) -> (key: String, JSONObject) {
    for key in ["rope_scaling", "rope_parameters"] {
      guard let value = object[key], value != .null else { continue }
      guard let rope = value.objectValue else {
        throw .unsupportedConfiguration(
          key: key, value: ConfigurationKeys.text(value), reason: "it is neither null nor an object")
      }
      if rope.members.isEmpty { continue }
      if rope.members.allSatisfy({ $0.value.objectValue != nil }) {
        throw .unsupportedConfiguration(
          key: key, value: "an object",
          reason: "one rotation for all layers is computed, not one for each type of layer")
      }
      return (key, rope)
    }
    return ("rope_parameters", JSONObject([]))
  }
}

/// The members of a rope object.
private struct RopeMembers {
  let object: JSONObject
  /// The key that it stands under.
  let key: String
  /// The whole config.json.
  let top: JSONObject

  private var keys: ConfigurationKeys { ConfigurationKeys(object: object, prefix: key + ".") }

  /// `rope_type`, else `type`, else `default`.
  func type() throws(ModelError) -> String {
    for name in ["rope_type", "type"] {
      guard let value = object[name], value != .null else { continue }
      guard let word = value.stringValue else {
        throw .unsupportedConfiguration(
          key: key + "." + name, value: ConfigurationKeys.text(value), reason: "it is no word")
      }
      return word
    }
    if object["factor"] != nil {
      throw .unsupportedConfiguration(
        key: key, value: "an object", reason: "it has a factor and no rope_type, which says what the factor is for")
    }
    return "default"
  }

  /// Throws for a member that neither belongs to every type nor is one of these.
  func expect(_ names: [String]) throws(ModelError) {
    for member in object.members {
      switch member.key {
      case "rope_type", "type", "rope_theta": continue
      case "partial_rotary_factor" where member.value.doubleValue == 1 || member.value == .null: continue
      case "partial_rotary_factor":
        throw .unsupportedConfiguration(
          key: key + ".partial_rotary_factor", value: ConfigurationKeys.text(member.value),
          reason: "every pair of a head is rotated")
      case _ where names.contains(member.key): continue
      case _:
        throw .unsupportedConfiguration(
          key: key + "." + member.key, value: ConfigurationKeys.text(member.value),
          reason: "rope_type \(try type()) has no such number")
      }
    }
  }

  func scaling(_ type: String, maximumPositions: Int) throws(ModelError) -> RotationScaling {
    let old = "original_max_position_embeddings"
    switch type {
    case "linear":
      try expect(["factor"])
      return .linear(factor: try number("factor"))
    case "dynamic":
      try expect(["factor", old])
      guard try originalPositions(maximumPositions) == Double(maximumPositions) else {
        throw .unsupportedConfiguration(
          key: key + "." + old, value: ConfigurationKeys.text(object[old] ?? top[old] ?? .null),
          reason: "dynamic frequencies begin at max_position_embeddings, \(maximumPositions)")
      }
      return .dynamic(factor: try number("factor"))
    case "llama3":
      try expect(["factor", "low_freq_factor", "high_freq_factor", old])
      return .llama3(
        Llama3Scaling(
          factor: try number("factor"), lowFrequencyFactor: try number("low_freq_factor"),
          highFrequencyFactor: try number("high_freq_factor"),
          originalPositions: try originalPositions(maximumPositions)))
    case "yarn": return .yarn(try yarn(maximumPositions))
    default:
      throw .unsupportedConfiguration(
        key: key, value: type, reason: "of the types default, linear, dynamic, llama3 and yarn are computed")
    }
  }

  private func yarn(_ maximumPositions: Int) throws(ModelError) -> YarnScaling {
    try expect([
      "factor", "original_max_position_embeddings", "beta_fast", "beta_slow", "truncate", "attention_factor", "mscale",
      "mscale_all_dim", "finetuned",
    ])
    let old = try originalPositions(maximumPositions)
    let factor = object["factor"] == .null ? Double(maximumPositions) / old : try number("factor")
    var scaling = YarnScaling(factor: factor, originalPositions: old)
    scaling.betaFast = try optionalNumber("beta_fast") ?? scaling.betaFast
    scaling.betaSlow = try optionalNumber("beta_slow") ?? scaling.betaSlow
    scaling.truncates = try keys.boolean("truncate", default: true)
    scaling.givenAttentionFactor = try optionalNumber("attention_factor")
    scaling.scale = try optionalNumber("mscale")
    scaling.scaleOfAllDimensions = try optionalNumber("mscale_all_dim")
    return scaling
  }

  /// The old context: that of the top level, else of the object, else `max_position_embeddings`; two must agree.
  private func originalPositions(_ maximumPositions: Int) throws(ModelError) -> Double {
    let name = "original_max_position_embeddings"
    let (inner, outer) = (try keys.optionalInteger(name), try ConfigurationKeys(object: top).optionalInteger(name))
    if let inner, let outer, inner != outer {
      throw .unsupportedConfiguration(
        key: key + "." + name, value: "\(inner)", reason: "at the top level it is \(outer)")
    }
    return Double(outer ?? inner ?? maximumPositions)
  }

  private func number(_ name: String) throws(ModelError) -> Double {
    guard let number = try optionalNumber(name) else { throw .missingConfiguration(key: key + "." + name) }
    return number
  }

  private func optionalNumber(_ name: String) throws(ModelError) -> Double? {
    guard let value = object[name], value != .null else { return nil }
    return try keys.number(name, default: value.doubleValue ?? .nan)
  }
}
