// The stage level: one stage of the model on given numbers.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors

/// Cases of chapter 8, stage by stage.
enum StageCases {
  static var all: [Case] { norms + rotations + attentions + feedForwards + layers + crossEntropies }

  private static func stage(_ what: String, hunts: String, clauses: [String], _ request: Request) -> Case {
    .tensors("stage.\(request.operation.rawValue).\(what)", .stage, hunts: hunts, clauses: clauses, request)
  }

  private static func request(
    _ operation: Operation, _ parameters: [String: RequestParameter], _ arrays: [NamedArray]
  ) -> Request {
    Request(operation, axes: [:], parameters: parameters, model: nil, input: CaseInputs.file(arrays), captures: [])
  }

  private static var norms: [Case] {
    let inputs: [(String, Int, Double, Double, String)] = [
      ("plain", 8, 1, 0x1p-14, "a norm that is not the root mean square"),
      ("small-rows", 16, 0x1.8p-9, 1e-5, "ε of 1e-6 for 1e-5, or outside the root: rows of rms 3e-3"),
      ("smaller-epsilon", 16, 0x1.8p-9, 1e-6, "ε of 1e-5 for 1e-6"),
      ("no-epsilon", 4, 1, 0, "an ε of its own"),
      ("wide", 256, 4, 0x1p-14, "a mean over the wrong width, or a sum in a narrow type"),
    ]
    return inputs.enumerated().map { index, input in
      let (what, width, deviation, epsilon, hunts) = input
      let seed = UInt64(200 + 10 * index)
      return stage(
        what, hunts: hunts, clauses: ["MOD-2"],
        request(
          .rmsNorm, ["epsilon": .real(epsilon)],
          [
            CaseInputs.normal("x", shape: [6, width], deviation: deviation, mean: 0, seed: seed),
            CaseInputs.normal("gain", shape: [width], deviation: 0.5, mean: 1, seed: seed + 1),
          ]))
    }
  }

  private static var rotations: [Case] {
    let inputs: [(String, Int, Int, [Int], Double, String)] = [
      ("one-pair", 2, 1, [0, 1, 2, 3], 10_000, "the sign of the rotation"),
      ("half-split", 8, 2, [0, 1, 5, 7], 10_000, "interleaved pairs for halves"),
      ("far", 64, 1, [29_989, 30_000, 30_011], 10_000, "a base of 10001, or angles in a narrow type"),
      ("other-base", 16, 2, [3, 100, 4095], 500_000, "a base of its own"),
      ("repeated-positions", 4, 2, [3, 3, 0, 3, 1], 1000, "positions taken from the row's index"),
      ("head128", 128, 1, [1, 77], 10_000, "frequencies of a wide head"),
    ]
    return inputs.enumerated().map { index, input in
      let (what, d, heads, positions, theta, hunts) = input
      return stage(
        what, hunts: hunts, clauses: ["MOD-3"],
        request(
          .rope, ["head_dim": .integer(d), "theta": .real(theta)],
          [
            CaseInputs.normal(
              "x", shape: [positions.count, heads * d], deviation: 1, mean: 0, seed: UInt64(300 + index)),
            CaseInputs.integers("positions", positions),
          ]))
    }
  }

  private static var attentions: [Case] {
    var cases: [Case] = []
    for (index, (heads, keyValueHeads)) in [(4, 4), (4, 2), (4, 1), (6, 2), (1, 1)].enumerated() {
      cases.append(
        stage(
          "heads\(heads)-kv\(keyValueHeads)", hunts: "query heads that read the wrong KV head, or the wrong scale",
          clauses: ["MOD-4", "MSK-12"],
          StageRequests.attention(
            heads: heads, keyValueHeads: keyValueHeads, d: 4, c: 2, t: 2, n: 9, profile: .base, deviation: 1,
            seed: UInt64(400 + 10 * index))))
    }
    for (index, profile) in Profile.firstAlternatives.enumerated() where profile != .base && changesMask(profile) {
      cases.append(
        stage(
          profile.slug, hunts: "a mask that is taken to be base's", clauses: ["MOD-4", "MSK-12"],
          StageRequests.attention(
            heads: 2, keyValueHeads: 1, d: 4, c: 2, t: 2, n: 9, profile: profile, deviation: 1,
            seed: UInt64(500 + 10 * index))))
    }
    for (index, d) in [64, 128].enumerated() {
      cases.append(
        stage(
          "head\(d)", hunts: "a blocked kernel that mishandles the mask or the scale", clauses: ["MOD-4", "MSK-12"],
          StageRequests.attention(
            heads: 2, keyValueHeads: 1, d: d, c: 4, t: 4, n: 17, profile: .base, deviation: 0.5,
            seed: UInt64(600 + 10 * index))))
    }
    cases.append(
      stage(
        "steep", hunts: "a softmax without its maximum subtracted", clauses: ["MOD-4", "NUM-1"],
        StageRequests.attention(
          heads: 2, keyValueHeads: 2, d: 4, c: 2, t: 1, n: 5, profile: .base, deviation: 8, seed: 650)))
    return cases
  }

  private static func changesMask(_ profile: Profile) -> Bool {
    profile.numbering == .text && profile.memoryPositions == .spanEnd && profile.repetitionLabels == .aligned
  }

  private static var feedForwards: [Case] {
    [(8, 12, 1.0, "plain"), (8, 12, 4.0, "steep"), (16, 64, 0.5, "wide"), (7, 9, 1.0, "odd-widths")].enumerated().map {
      index, input in
      let (width, middle, deviation, what) = input
      let seed = UInt64(700 + 10 * index)
      func weight(_ name: String, _ out: Int, _ fanIn: Int, _ offset: UInt64) -> NamedArray {
        CaseInputs.normal(
          name, shape: [out, fanIn], deviation: 1.5 / Double(fanIn).squareRoot(), mean: 0, seed: seed + offset)
      }
      return stage(
        what, hunts: "gate and up swapped, or another activation", clauses: ["MOD-5"],
        request(
          .feedForward, [:],
          [
            CaseInputs.normal("x", shape: [5, width], deviation: deviation, mean: 0, seed: seed),
            weight("gate", middle, width, 1), weight("up", middle, width, 2), weight("down", width, middle, 3),
          ]))
    }
  }

  private static var layers: [Case] {
    [(4, 4, "mha"), (4, 2, "gqa"), (4, 1, "mqa")].enumerated().map { index, input in
      let (heads, keyValueHeads, what) = input
      return stage(
        what, hunts: "a residual, a norm or a rotation missing or misplaced", clauses: ["MOD-6"],
        StageRequests.decoderLayer(
          heads: heads, keyValueHeads: keyValueHeads, d: 4, c: 2, t: 2, n: 9, profile: .base,
          seed: UInt64(800 + 20 * index)))
    }
  }

  private static var crossEntropies: [Case] {
    [(16, 1.0, "plain"), (16, 16.0, "steep"), (258, 2.0, "wide")].enumerated().map { index, input in
      let (width, deviation, what) = input
      let seed = UInt64(900 + 10 * index)
      return stage(
        what, hunts: "special ids left out of the softmax, or another logarithm", clauses: ["LOS-5"],
        request(
          .crossEntropy, [:],
          [
            CaseInputs.normal("logits", shape: [6, width], deviation: deviation, mean: 0, seed: seed),
            CaseInputs.integers("labels", CaseInputs.text(6, below: width, seed: seed + 1)),
          ]))
    }
  }
}
