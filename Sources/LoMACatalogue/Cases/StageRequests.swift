// Inputs of the stage level: rows and masks of LoMA with seeded numbers, and weights of as high variance as a model's.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors

enum StageRequests {
  /// The rows of one text's training layout.
  static func rows(c: Int, t: Int, n: Int, _ profile: Profile) -> [Row] {
    make { () throws(InputError) in
      try Layout.training(
        text: CaseInputs.text(n, below: 11, seed: 1), vocabulary: try Vocabulary(textSize: 11),
        parameters: try Parameters(c: c, t: t), profile: profile
      ).rows
    }
  }

  /// Attention over the rows of a text.
  static func attention(
    heads: Int, keyValueHeads: Int, d: Int, c: Int, t: Int, n: Int, profile: Profile, deviation: Double, seed: UInt64
  ) -> Request {
    let rows = rows(c: c, t: t, n: n, profile)
    return Request(
      .attention, axes: [:], parameters: ["heads": .integer(heads), "kv_heads": .integer(keyValueHeads)], model: nil,
      input: CaseInputs.file([
        CaseInputs.normal("q", shape: [rows.count, heads * d], deviation: deviation, mean: 0, seed: seed),
        CaseInputs.normal("k", shape: [rows.count, keyValueHeads * d], deviation: deviation, mean: 0, seed: seed + 1),
        CaseInputs.normal("v", shape: [rows.count, keyValueHeads * d], deviation: 1, mean: 0, seed: seed + 2),
        CaseInputs.mask("mask", Mask(rows: rows, profile: profile).cells(), rows: rows.count),
      ]), captures: [])
  }

  /// The hidden width of a decoder layer that is asked alone.
  static let layerWidth = 8
  /// The width of its feed-forward network.
  static let layerMiddle = 12

  /// One decoder layer of that width over the rows of a text.
  static func decoderLayer(
    heads: Int, keyValueHeads: Int, d: Int, c: Int, t: Int, n: Int, profile: Profile, seed: UInt64,
    more: [String: RequestParameter] = [:]
  ) -> Request {
    let rows = rows(c: c, t: t, n: n, profile)
    let (width, middle) = (layerWidth, layerMiddle)
    func weight(_ name: String, _ out: Int, _ fanIn: Int, _ offset: UInt64) -> NamedArray {
      CaseInputs.normal(
        name, shape: [out, fanIn], deviation: 1.5 / Double(fanIn).squareRoot(), mean: 0, seed: seed + offset)
    }
    let parameters: [String: RequestParameter] = [
      "heads": .integer(heads), "kv_heads": .integer(keyValueHeads), "epsilon": .real(0x1p-14), "theta": .real(1000),
    ]
    return Request(
      .decoderLayer, axes: [:], parameters: parameters.adding(more), model: nil,
      input: CaseInputs.file([
        CaseInputs.normal("x", shape: [rows.count, width], deviation: 1, mean: 0, seed: seed),
        CaseInputs.integers("positions", rows.map { $0.position }),
        CaseInputs.mask("mask", Mask(rows: rows, profile: profile).cells(), rows: rows.count),
        CaseInputs.normal("input_layernorm", shape: [width], deviation: 0.125, mean: 1, seed: seed + 1),
        CaseInputs.normal("post_attention_layernorm", shape: [width], deviation: 0.125, mean: 1, seed: seed + 2),
        weight("q_proj", heads * d, width, 3), weight("k_proj", keyValueHeads * d, width, 4),
        weight("v_proj", keyValueHeads * d, width, 5), weight("o_proj", width, heads * d, 6),
        weight("gate_proj", middle, width, 7), weight("up_proj", middle, width, 8),
        weight("down_proj", width, middle, 9),
      ]), captures: [])
  }

  /// Traps on an error: a text of the catalogue itself is wrong, which is our mistake.
  private static func make<Value>(_ body: () throws(InputError) -> Value) -> Value {
    do { return try body() } catch { preconditionFailure("a case with a bad input: \(error)") }
  }
}
