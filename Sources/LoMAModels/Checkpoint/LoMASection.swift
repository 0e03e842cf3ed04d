// PAR-2: the `loma` object of a config.json: V, the special ids, c, t and the profile.

import LoMA
import LoMAVectors
import NaiveLlama

/// What a checkpoint states about its use with LoMA.
package struct LoMASection: Hashable, Sendable {
  /// V; `text_vocabulary` in JSON.
  package var textVocabulary: Int
  /// The id of `<m>`; `memory_token` in JSON.
  package var memoryToken: Int
  /// The id of `<r>`; `repetition_token` in JSON.
  package var repetitionToken: Int
  /// c; `compression_ratio` in JSON.
  package var c: Int
  /// t; `memory_length` in JSON.
  package var t: Int
  /// `profile` in JSON, values by axis; an absent axis has its default.
  package var profile: Profile

  /// A section with these values; they are checked when it is used with a model.
  package init(textVocabulary: Int, memoryToken: Int, repetitionToken: Int, c: Int, t: Int, profile: Profile) {
    self.textVocabulary = textVocabulary
    self.memoryToken = memoryToken
    self.repetitionToken = repetitionToken
    self.c = c
    self.t = t
    self.profile = profile
  }

  init(_ value: JSONValue) throws(CheckpointError) {
    guard let object = value.objectValue else {
      throw .model(
        .invalidConfiguration(key: "loma", value: ConfigurationKeys.text(value), requirement: "an object"))
    }
    let known: Set = [
      "text_vocabulary", "memory_token", "repetition_token", "compression_ratio", "memory_length", "profile",
    ]
    for member in object.members where !known.contains(member.key) {
      throw .model(
        .unsupportedConfiguration(key: "loma." + member.key, value: ConfigurationKeys.text(member.value)))
    }
    let keys = ConfigurationKeys(object: object, prefix: "loma.")
    do throws(ModelError) {
      textVocabulary = try keys.integer("text_vocabulary")
      memoryToken = try keys.integer("memory_token", default: textVocabulary)
      repetitionToken = try keys.integer("repetition_token", default: textVocabulary &+ 1)
      c = try keys.integer("compression_ratio")
      t = try keys.integer("memory_length")
    } catch { throw .model(error) }
    profile = try Self.profile(object["profile"])
  }

  private static func profile(_ value: JSONValue?) throws(CheckpointError) -> Profile {
    guard let value, value != .null else { return .base }
    guard let members = value.objectValue?.members else {
      throw .model(
        .invalidConfiguration(
          key: "loma.profile", value: ConfigurationKeys.text(value), requirement: "an object of axis and value"))
    }
    do { return try Profile(members.map { ($0.key, ConfigurationKeys.text($0.value)) }) } catch {
      throw .reference(.rejected(error))
    }
  }

  /// The object's JSON text, with members in the order of the Spec.
  var json: String {
    let axes = profile.differences.map { "\"\($0.axis.rawValue)\": \"\($0.value)\"" }.joined(separator: ", ")
    return """
      {"text_vocabulary": \(textVocabulary), "memory_token": \(memoryToken), \
      "repetition_token": \(repetitionToken), "compression_ratio": \(c), "memory_length": \(t), "profile": {\(axes)}}
      """
  }
}
