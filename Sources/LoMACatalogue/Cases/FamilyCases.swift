// Suite 1.2: rotations that are scaled, biases, norms of queries and keys; each case is asked only of those who declare its
// family.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors
import NaiveLlama

/// Cases of MOD-8 to MOD-13.
enum FamilyCases {
  static var all: [Case] { rotations + layers + [feedForward] + models }

  private static func of(
    _ family: CaseFamily, _ id: String, _ level: Level, hunts: String, clauses: [String], _ request: Request
  ) -> Case {
    var item = Case.tensors(
      "\(level.rawValue).\(request.operation.rawValue).\(id)", level, since: Versions.third, hunts: hunts,
      clauses: clauses, request)
    item.family = family
    return item
  }

  // MARK: - Stages

  /// Numbers of a rotation as parameters of a stage.
  private static func llama3(
    _ factor: Double, low: Double, high: Double, old: Int
  ) -> [String: RequestParameter] {
    [
      "rope_type": .word("llama3"), "factor": .real(factor), "low_freq_factor": .real(low),
      "high_freq_factor": .real(high), "original_max_position_embeddings": .integer(old),
    ]
  }

  private static func yarn(
    _ factor: Double, old: Int, _ more: [String: RequestParameter] = [:]
  ) -> [String: RequestParameter] {
    ["rope_type": .word("yarn"), "factor": .real(factor), "original_max_position_embeddings": .integer(old)]
      .adding(more)
  }

  private static var rotations: [Case] {
    let inputs: [(CaseFamily, String, Int, Double, [Int], [String: RequestParameter], String)] = [
      (
        .linear, "linear", 8, 1000, [0, 3, 17, 250], ["rope_type": .word("linear"), "factor": .real(4)],
        "positions or θ divided in place of frequencies"
      ),
      (
        .llama3, "llama3", 16, 1000, [0, 5, 33, 300], llama3(8, low: 1, high: 8, old: 64),
        "a band that is not smoothed, or whose ends are swapped"
      ),
      (
        .llama3, "llama3-head128", 128, 500_000, [77, 8191, 100_000], llama3(8, low: 1, high: 4, old: 8192),
        "the frequencies of Llama 3.1"
      ),
      (
        .llama3, "llama3-head64", 64, 500_000, [77, 8191, 100_000], llama3(32, low: 1, high: 4, old: 8192),
        "the frequencies of Llama 3.2"
      ),
      (
        .yarn, "yarn", 16, 1000, [0, 5, 33, 250], yarn(4, old: 64),
        "cosines and sines without their factor, or a ramp that is not truncated"
      ),
      (
        .yarn, "yarn-head128", 128, 1_000_000, [77, 32_767, 100_000], yarn(4, old: 32_768),
        "the frequencies of Qwen2.5 with its long context"
      ),
      (
        .yarn, "yarn-untruncated", 16, 1000, [0, 5, 33, 250],
        yarn(4, old: 64, ["truncate": .integer(0), "beta_fast": .real(5), "beta_slow": .real(0.5)]),
        "a ramp that is truncated all the same"
      ),
      (
        .yarn, "yarn-wide-ramp", 8, 10, [0, 2, 9, 40], yarn(8, old: 4096, ["beta_fast": .real(600)]),
        "a ramp that ends at d/2 − 1"
      ),
      (
        .yarn, "yarn-mscale", 16, 10_000, [0, 5, 33, 250],
        yarn(40, old: 64, ["mscale": .real(0.707), "mscale_all_dim": .real(1)]), "mscale and mscale_all_dim unread"
      ),
      (
        .yarn, "yarn-given-factor", 16, 10_000, [0, 5, 33, 250],
        yarn(16, old: 64, ["attention_factor": .real(1.5), "mscale": .real(0.5), "mscale_all_dim": .real(2)]),
        "an attention_factor that is computed although it is given"
      ),
    ]
    return inputs.enumerated().map { index, input in
      let (family, what, d, theta, positions, scaling, hunts) = input
      return of(
        family, what, .stage, hunts: hunts, clauses: ["MOD-3", family == .yarn ? "MOD-9" : "MOD-8"],
        Request(
          .rope, axes: [:], parameters: ["head_dim": .integer(d), "theta": .real(theta)].adding(scaling), model: nil,
          input: CaseInputs.file([
            CaseInputs.normal(
              "x", shape: [positions.count, 2 * d], deviation: 1, mean: 0, seed: UInt64(900 + index)),
            CaseInputs.integers("positions", positions),
          ]), captures: []))
    }
  }

  private static func layer(
    _ family: CaseFamily, _ what: String, hunts: String, clauses: [String], d: Int = 4,
    scaling: [String: RequestParameter] = [:], seed: UInt64, more: [NamedArray]
  ) -> Case {
    let plain = StageRequests.decoderLayer(
      heads: 4, keyValueHeads: 2, d: d, c: 2, t: 2, n: 13, profile: .base, seed: seed, more: scaling)
    return of(
      family, what, .stage, hunts: hunts, clauses: ["MOD-6"] + clauses,
      Request(
        .decoderLayer, axes: [:], parameters: plain.parameters, model: nil,
        input: CaseInputs.file(plain.input.arrays + more), captures: []))
  }

  private static func bias(_ name: String, _ width: Int, seed: UInt64) -> NamedArray {
    CaseInputs.normal(name, shape: [width], deviation: 1, mean: 0, seed: seed)
  }

  private static var layers: [Case] {
    let inputs = [
      bias("q_proj_bias", 16, seed: 961), bias("k_proj_bias", 8, seed: 962), bias("v_proj_bias", 8, seed: 963),
    ]
    let others = [
      bias("o_proj_bias", 8, seed: 964), bias("gate_proj_bias", 12, seed: 965), bias("up_proj_bias", 12, seed: 966),
      bias("down_proj_bias", 8, seed: 967),
    ]
    return [
      layer(
        .llama3, "llama3", hunts: "a layer whose rotation is not scaled", clauses: ["MOD-8"], d: 16,
        scaling: llama3(8, low: 1, high: 8, old: 64), seed: 920, more: []),
      layer(
        .yarn, "yarn", hunts: "a factor on queries or keys alone", clauses: ["MOD-9"], d: 16,
        scaling: yarn(4, old: 64), seed: 930, more: []),
      layer(
        .biases, "biases", hunts: "a bias left out, or added in another place", clauses: ["MOD-10"], seed: 940,
        more: inputs + others),
      layer(
        .qwen2, "qwen2", hunts: "biases left out, or added after the rotation", clauses: ["MOD-10"], seed: 950,
        more: inputs),
      layer(
        .qwen3, "qwen3", hunts: "norms after the rotation, or over all heads at once", clauses: ["MOD-11"], d: 8,
        seed: 970,
        more: [
          CaseInputs.normal("q_norm", shape: [8], deviation: 1, mean: 1, seed: 968),
          CaseInputs.normal("k_norm", shape: [8], deviation: 1, mean: 1, seed: 969),
        ]),
    ]
  }

  private static var feedForward: Case {
    func weight(_ name: String, _ out: Int, _ fanIn: Int, seed: UInt64) -> NamedArray {
      CaseInputs.normal(
        name, shape: [out, fanIn], deviation: 1.5 / Double(fanIn).squareRoot(), mean: 0, seed: seed)
    }
    return of(
      .biases, "biases", .stage, hunts: "a bias of the feed-forward left out", clauses: ["MOD-5", "MOD-10"],
      Request(
        .feedForward, axes: [:], parameters: [:], model: nil,
        input: CaseInputs.file([
          CaseInputs.normal("x", shape: [5, 8], deviation: 1, mean: 0, seed: 980),
          weight("gate", 12, 8, seed: 981), weight("up", 12, 8, seed: 982), weight("down", 8, 12, seed: 983),
          bias("gate_bias", 12, seed: 984), bias("up_bias", 12, seed: 985), bias("down_bias", 8, seed: 986),
        ]), captures: []))
  }

  // MARK: - Models

  /// What of each model its cases show, and the clauses that say it.
  static let hunted: [CaseFamily: (hunts: String, clauses: [String])] = [
    .linear: ("frequencies that are not divided, or twice", ["MOD-8"]),
    .dynamic: ("frequencies that are changed below the length from which they change", ["MOD-8"]),
    .llama3: ("a rope object that is not read, or read as another type", ["MOD-8"]),
    .yarn: ("a factor on cosines and sines that is left out", ["MOD-9"]),
    .biases: ("biases that are left out, or whose gradients are", ["MOD-10"]),
    .mistral: ("a window that is read as a mask", ["MOD-13"]),
    .qwen2: ("biases that are left out since no key mentions them", ["MOD-10"]),
    .qwen3: ("norms of queries and keys left out, or a scale by hidden/H", ["MOD-11", "MOD-12"]),
  ]

  private static var models: [Case] {
    CaseModel.families.flatMap { model -> [Case] in
      guard let word = model.family?.word, let (hunts, clauses) = hunted[word] else { return [] }
      let texts = CaseInputs.texts([21, 4], below: 11, seed: 990 + model.seed)
      let text = CaseInputs.text(9, below: 11, seed: 890 + model.seed)
      let what = model.name + ".c2-t2"
      return [
        of(
          word, what, .model, hunts: hunts, clauses: clauses,
          ModelCases.request(
            .forward, model, c: 2, t: 2, texts, .base,
            captures: ["layers.0.attention.query", "layers.0.attention.key", "layers.0.middle"])),
        of(
          word, what, .training, hunts: hunts, clauses: clauses + ["LOS-4"],
          ModelCases.request(.gradients, model, c: 2, t: 2, texts, .base)),
        of(
          word, what, .generation, hunts: hunts, clauses: clauses + ["GEN-7"],
          ModelCases.request(.generate, model, c: 2, t: 2, [text], .base, parameters: ["generate": .integer(6)])),
        of(
          word, what, .generation, hunts: hunts, clauses: clauses + ["REC-1"],
          ModelCases.request(
            .reconstruct, model, c: 2, t: 2, [text], .base, parameters: ["chunk": .integer(1)])),
      ]
    }
  }
}
