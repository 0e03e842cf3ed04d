// MOD-1, MOD-4: models that are refused because of their config.json; their weights are those of another model.

import LoMA
import LoMAReference
import LoMAVectors

/// A model of the corpus that every candidate must refuse.
package struct RefusedModel: Sendable {
  package let name: String
  /// The model with the same files, except for one line of config.json.
  package let spoilt: CaseModel
  /// The line of that model's config.json, and its replacement.
  let line: (right: String, wrong: String)
  /// The rejection code that is the right answer.
  let code: String
  /// The clause that says so.
  var clause = "MOD-1"

  package var path: String { "models/\(name)" }

  /// With a rotary embedding scaled for longer texts.
  static let scaledRotation = RefusedModel(
    name: "refused-rope-scaling", spoilt: .shallow,
    line: ("\"rope_theta\"", "\"rope_scaling\": {\"factor\": 2.0, \"rope_type\": \"linear\"},\n  \"rope_theta\""),
    code: "unsupported-configuration")
  /// With biases, for which there are no tensors.
  static let biases = RefusedModel(
    name: "refused-bias", spoilt: .shallow,
    line: ("\"attention_bias\": false", "\"attention_bias\": true"), code: "unsupported-configuration")
  /// With three KV heads for four query heads.
  static let heads = RefusedModel(
    name: "refused-heads", spoilt: .shallow,
    line: ("\"num_key_value_heads\": 2", "\"num_key_value_heads\": 3"), code: "invalid-configuration")

  /// With frequencies chosen pair by pair.
  static let longRope = RefusedModel(
    name: "refused-longrope", spoilt: .llama32, line: ("\"llama3\"", "\"longrope\""),
    code: "unsupported-configuration", clause: "MOD-8")
  /// With a factor that no type says the use of.
  static let untyped = RefusedModel(
    name: "refused-untyped-rope", spoilt: .linear, line: (", \"type\": \"linear\"", ""),
    code: "unsupported-configuration", clause: "MOD-8")
  /// With half of each head rotated.
  static let partial = RefusedModel(
    name: "refused-partial-rope", spoilt: .shallow,
    line: ("\"rope_theta\"", "\"partial_rotary_factor\": 0.5,\n  \"rope_theta\""),
    code: "unsupported-configuration", clause: "MOD-13")
  /// With an activation that only other families have.
  static let gelu = RefusedModel(
    name: "refused-gelu", spoilt: .shallow, line: ("\"silu\"", "\"gelu_pytorch_tanh\""),
    code: "unsupported-configuration", clause: "MOD-13")

  /// Those that suite 1.2 added.
  static let ofFamilies = [longRope, untyped, partial, gelu]
  package static let all = [scaledRotation, biases, heads] + ofFamilies

  /// This model's config.json, made from the other model's.
  package func spoil(_ bytes: [UInt8]) -> [UInt8] {
    let right = Array(line.right.utf8)
    guard let start = bytes.firstIndex(of: right) else { preconditionFailure("no line \(line.right)") }
    return Array(bytes[..<start]) + Array(line.wrong.utf8) + Array(bytes[(start + right.count)...])
  }
}

extension [UInt8] {
  /// The index of the first occurrence of some bytes; nil if there is none.
  fileprivate func firstIndex(of part: [UInt8]) -> Int? {
    indices.first { self[$0...].starts(with: part) }
  }
}
