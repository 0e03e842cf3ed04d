// OPS-3, MOD-8…MOD-11: what a stage of another family is given beside a plain Llama's: numbers of the rotation, biases, gains.

import LoMAVectors
import NaiveLlama

extension Request {
  /// The linear layers of a decoder layer, under the names of its inputs.
  static let biases: [(name: String, layer: Biases)] = [
    ("q_proj", .query), ("k_proj", .key), ("v_proj", .value), ("o_proj", .attentionOutput), ("gate_proj", .gate),
    ("up_proj", .up), ("down_proj", .down),
  ]

  /// A tensor that may be absent.
  func optional(_ name: String, shape: [Int]) throws(RequestError) -> Tensor? {
    input.has(name) ? try tensor(name, shape: shape) : nil
  }

  /// The scaling of the rotation, by the keys of a rope object in config.json; none without `rope_type`.
  package func rotationScaling() throws(RequestError) -> RotationScaling {
    guard parameters["rope_type"] != nil else { return .none }
    let factor = try real("factor")
    switch try word("rope_type") {
    case "linear": return .linear(factor: factor)
    case "llama3":
      return .llama3(
        Llama3Scaling(
          factor: factor, lowFrequencyFactor: try real("low_freq_factor"),
          highFrequencyFactor: try real("high_freq_factor"), originalPositions: try originalPositions()))
    case "yarn":
      var scaling = YarnScaling(factor: factor, originalPositions: try originalPositions())
      scaling.betaFast = try optionalReal("beta_fast") ?? scaling.betaFast
      scaling.betaSlow = try optionalReal("beta_slow") ?? scaling.betaSlow
      scaling.truncates = parameters["truncate"] == nil ? true : try integer("truncate") != 0
      scaling.givenAttentionFactor = try optionalReal("attention_factor")
      scaling.scale = try optionalReal("mscale")
      scaling.scaleOfAllDimensions = try optionalReal("mscale_all_dim")
      return .yarn(scaling)
    default: throw .parameter("rope_type")
    }
  }

  private func originalPositions() throws(RequestError) -> Double {
    Double(try positive("original_max_position_embeddings"))
  }

  private func optionalReal(_ name: String) throws(RequestError) -> Double? {
    parameters[name] == nil ? nil : try real(name)
  }
}

extension ArrayFile {
  /// Whether it holds an array of that name.
  package func has(_ name: String) -> Bool { arrays.contains { $0.name == name } }
}
