// CCM-32: the stage level of chapter 16, with a derived bound per element.

import LoMAAnswers
import LoMACatalogue
import LoMAPeers
import LoMAVectors
import NaiveLlama

/// The merge and the conditional linear layer on given numbers.
enum ContextStageCases {
  static var all: [Case] { merges + linears }

  // MARK: - The merge

  private static func merge(
    _ what: String, segments: Int, n: Int, width: Int, axes: [String: String] = [:], rate: Double? = nil, hunts: String,
    clauses: [String], seed: UInt64, mean: Double = 0, fills: Bool = false
  ) -> Case {
    let shape = [segments, n, width]
    func make(_ name: String, _ seed: UInt64) -> NamedArray {
      CaseInputs.normal(name, shape: shape, deviation: 1, mean: mean, seed: seed, fills: fills)
    }
    let item = Case.tensors(
      "stage.merge.\(what)", .stage, hunts: hunts, clauses: clauses + ["CCM-37"],
      Request(
        .peer(.merge), axes: axes, parameters: rate.map { ["rate": .real($0)] } ?? [:], model: nil,
        input: CaseInputs.file([make("keys", seed), make("values", seed + 1)]),
        captures: []))
    return fills ? item.asked(in: NumberType.preciseWords) ?? item : item
  }

  private static var merges: [Case] {
    let exponential = ["memory": "merge", "merge_rate": "exponential"]
    return [
      merge(
        "mean", segments: 4, n: 2, width: 8, hunts: "a sum, the last segment, or a division by t + 1 for the mean",
        clauses: ["CCM-17", "CCM-19"], seed: 301),
      merge(
        "one-segment", segments: 1, n: 3, width: 4, hunts: "a first memory that is not the first segment's",
        clauses: ["CCM-17"], seed: 303),
      merge(
        "many-segments", segments: 24, n: 1, width: 4, hunts: "a running mean that drifts",
        clauses: ["CCM-17", "CCM-19"], seed: 305, mean: 1),
      merge(
        "slots", segments: 3, n: 4, width: 4, hunts: "a slot averaged with the others", clauses: ["CCM-17"], seed: 307),
      merge(
        "all-bits", segments: 5, n: 2, width: 8, hunts: "keys or values rounded to a narrow type before the mean",
        clauses: ["CCM-17", "CCM-19"], seed: 309, fills: true),
      merge(
        "exponential", segments: 4, n: 2, width: 8, axes: exponential, rate: 0.375,
        hunts: "1/t for a, a for 1 − a, or M_1 = a·h_1", clauses: ["CCM-3", "CCM-17", "CCM-19"], seed: 311),
      merge(
        "exponential-under-concat", segments: 3, n: 1, width: 4, axes: ["merge_rate": "exponential"], rate: 0.25,
        hunts: "a merge rate that counts under merge alone", clauses: ["CCM-17", "CCM-19"], seed: 313),
      merge(
        "exponential-one", segments: 3, n: 2, width: 4, axes: exponential, rate: 1,
        hunts: "a rate of 1 refused, or a memory that keeps what came before", clauses: ["CCM-3", "CCM-17"], seed: 315),
    ]
  }

  // MARK: - The conditional linear layer

  /// The request of a layer; `gate` has a letter a row, 1 for an open one.
  static func linear(
    _ gate: String, width: Int, out: Int, rank: Int, alpha: RequestParameter, seed: UInt64, fills: Bool = false,
    more: [NamedArray] = []
  ) -> Request {
    let rows = gate.utf8.map { $0 == UInt8(ascii: "1") }
    func drawn(_ name: String, _ shape: [Int], fanIn: Int, _ offset: UInt64) -> NamedArray {
      CaseInputs.normal(
        name, shape: shape, deviation: 1.5 / Double(fanIn).squareRoot(), mean: 0, seed: seed + offset, fills: fills)
    }
    let gates = CaseInputs.make { () throws(ContainerError) in
      try NamedArray("gate", shape: [rows.count], booleans: rows)
    }
    return Request(
      .peer(.conditionalLinear), axes: [:], parameters: ["lora_alpha": alpha], model: nil,
      input: CaseInputs.file(
        [
          CaseInputs.normal("x", shape: [rows.count, width], deviation: 1, mean: 0, seed: seed, fills: fills),
          drawn("weight", [out, width], fanIn: width, 1),
          drawn("lora_a", [rank, width], fanIn: width, 2), drawn("lora_b", [out, rank], fanIn: rank, 3), gates,
        ] + more), captures: [])
  }

  private static func linear(
    _ what: String, _ request: Request, hunts: String, types: [String] = NumberType.words
  ) -> Case {
    let item = Case.tensors(
      "stage.conditional_linear.\(what)", .stage, hunts: hunts, clauses: ["CCM-20", "CCM-37"], request)
    return item.asked(in: types) ?? item
  }

  private static var linears: [Case] {
    [
      linear(
        "mixed", linear("0110100", width: 8, out: 12, rank: 2, alpha: .real(3), seed: 321),
        hunts: "the adapter on all rows, on the other rows, or scaled by α or 1 for α/r"),
      linear(
        "closed", linear("0000", width: 8, out: 4, rank: 2, alpha: .real(16), seed: 331),
        hunts: "the adapter on text rows"),
      linear(
        "open", linear("11111", width: 6, out: 8, rank: 3, alpha: .real(16), seed: 341),
        hunts: "the adapter on the first memory row alone"),
      linear(
        "rank-one", linear("101", width: 8, out: 8, rank: 1, alpha: .real(0.75), seed: 351),
        hunts: "α/√r, or a scale that must be whole"),
      linear(
        "wide-rank", linear("0101", width: 4, out: 5, rank: 8, alpha: .real(16), seed: 361),
        hunts: "A and B exchanged where both are nearly square"),
      linear(
        "all-bits", linear("1011", width: 8, out: 8, rank: 2, alpha: .real(3), seed: 371, fills: true),
        hunts: "x, A or B rounded to a narrow type", types: NumberType.preciseWords),
    ]
  }
}
