// MOD-1, MOD-4: models that are refused for what their config.json says; the weights are another model's.

import LoMA
import LoMAReference
import LoMAVectors

/// A model of the corpus that nobody may run.
struct RefusedModel: Sendable {
  let name: String
  /// Whose files it has, but for one line of config.json.
  let spoilt: CaseModel
  /// A line of that model's config.json, and what stands in its place.
  let line: (right: String, wrong: String)
  /// What the right answer is.
  let code: String

  /// The directory below Vectors.
  var path: String { "models/\(name)" }

  /// A rotation scaled as for longer texts.
  static let scaledRotation = RefusedModel(
    name: "refused-rope-scaling", spoilt: .shallow,
    line: ("\"rope_theta\"", "\"rope_scaling\": {\"factor\": 2.0, \"rope_type\": \"linear\"},\n  \"rope_theta\""),
    code: "unsupported-configuration")
  /// Biases that no tensor holds.
  static let biases = RefusedModel(
    name: "refused-bias", spoilt: .shallow,
    line: ("\"attention_bias\": false", "\"attention_bias\": true"), code: "unsupported-configuration")
  /// Three KV heads for four query heads.
  static let heads = RefusedModel(
    name: "refused-heads", spoilt: .shallow,
    line: ("\"num_key_value_heads\": 2", "\"num_key_value_heads\": 3"), code: "invalid-configuration")

  static let all = [scaledRotation, biases, heads]

  /// Its config.json, from the other model's.
  func spoil(_ bytes: [UInt8]) -> [UInt8] {
    let right = Array(line.right.utf8)
    guard let start = bytes.firstIndex(of: right) else { preconditionFailure("no line \(line.right)") }
    return Array(bytes[..<start]) + Array(line.wrong.utf8) + Array(bytes[(start + right.count)...])
  }
}

extension [UInt8] {
  /// Where some bytes stand first.
  fileprivate func firstIndex(of part: [UInt8]) -> Int? {
    indices.first { self[$0...].starts(with: part) }
  }
}
