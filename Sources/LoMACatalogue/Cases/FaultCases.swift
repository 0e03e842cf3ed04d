// Suite 1.1: several faults at once, faults in parts that the operation ignores, models that are refused.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors

/// Cases of OPS-1 and OPS-6 that suite 1.0 lacks.
enum FaultCases {
  static var all: [Case] { doubled + single + refused + ignored }

  private static let defaults: [String: RequestParameter] = CaseModel.gqa.parameters(c: 2, t: 2).adding([
    "layout": .word("training"), "generate": .integer(2), "chunk": .integer(0), "prompt_length": .integer(3),
    "text_length": .integer(9), "layers": .integer(2), "kv_heads": .integer(2), "head_dim": .integer(4),
    "bytes_per_element": .integer(2),
  ])

  private static func rejected(
    _ operation: Operation, _ what: String, _ code: String, clauses: [String] = ["OPS-6"], hunts: String,
    axes: [String: String] = [:], _ parameters: [String: RequestParameter] = [:], texts: [[Int]] = [[1, 2, 3, 4, 5]],
    more: [NamedArray] = [], model: String = CaseModel.gqa.path
  ) -> Case {
    let isOfModel = Set<Operation>.models.contains(operation)
    return Case(
      id: "rejection.\(operation.rawValue).\(what)", since: Versions.second, level: .rejection, hunts: hunts,
      clauses: clauses,
      request: Request(
        operation, axes: axes, parameters: defaults.adding(parameters), model: isOfModel ? model : nil,
        input: CaseInputs.file(CaseInputs.batch(texts) + more), captures: []),
      expectation: .rejection(code), dtypes: isOfModel ? NumberType.words : [NumberType.integerWord])
  }

  /// Two faults; the answer is the one that comes first in the list of rejections.
  private static var doubled: [Case] {
    let badText = [[1, 2, 13, 4, 5]]
    let unknown = ["memory_shape": "round"]
    let huge = RequestParameter.integer(1 << 40)
    let hunts = "the fault that is met first, not the one that the list has first"
    func both(
      _ operation: Operation, _ what: String, _ code: String, axes: [String: String] = [:],
      _ parameters: [String: RequestParameter] = [:], texts: [[Int]] = [[1, 2, 3, 4, 5]], more: [NamedArray] = []
    ) -> Case {
      rejected(operation, what, code, hunts: hunts, axes: axes, parameters, texts: texts, more: more)
    }
    return [
      both(.layout, "c0-t0", "ratio-below-one", ["c": .integer(0), "t": .integer(0)]),
      both(
        .forward, "t0-empty-vocabulary", "memory-length-below-one", ["t": .integer(0), "text_vocabulary": .integer(0)]),
      both(
        .mask, "overflow-empty-vocabulary", "chunk-too-long", ["c": huge, "t": huge, "text_vocabulary": .integer(0)]),
      both(
        .layout, "empty-vocabulary-special-below", "vocabulary-size-out-of-range",
        ["text_vocabulary": .integer(0), "memory_token": .integer(-1)]),
      both(
        .forward, "special-is-text-and-equal", "special-token-in-text-vocabulary",
        ["memory_token": .integer(3), "repetition_token": .integer(3)]),
      both(
        .layout, "equal-without-room", "equal-special-tokens",
        ["memory_token": .integer(20), "repetition_token": .integer(20)]),
      both(
        .loss, "no-room-and-bad-token", "no-room-for-special-token", ["memory_token": .integer(16)], texts: badText),
      both(.generate, "bad-token-negative", "text-token-out-of-range", ["generate": .integer(-3)], texts: badText),
      both(.reconstruct, "bad-token-no-chunk", "text-token-out-of-range", ["chunk": .integer(9)], texts: badText),
      both(
        .schedule, "negative-twice", "negative-text-length", ["prompt_length": .integer(-1), "generate": .integer(-1)]),
      both(.generate, "empty-prompt-unknown-axis", "empty-prompt", axes: unknown, texts: [[]]),
      both(
        .generate, "negative-unknown-axis", "negative-generation-length", axes: unknown, ["generate": .integer(-1)]),
      both(
        .reconstruct, "no-chunk-unknown-value", "no-such-chunk", axes: ["numbering": "backwards"],
        ["chunk": .integer(1)]),
      both(
        .metrics, "c0-too-few", "ratio-below-one", ["c": .integer(0)],
        more: [CaseInputs.integers("reconstruction", [1])]),
      both(
        .cost, "negative-without-layers", "negative-text-length",
        ["text_length": .integer(-1), "layers": .integer(0)]),
      both(
        .cost, "without-layers-unknown-axis", "cache-size-out-of-range", axes: unknown, ["layers": .integer(0)]),
      both(.gradients, "bad-token-unknown-axis", "text-token-out-of-range", axes: unknown, texts: badText),
      both(
        .mask, "unknown-value-and-axis", "unknown-axis",
        axes: ["memory_attention": "none", "zone_order": "reversed"]),
      both(
        .forward, "bad-token-under-two-axes", "text-token-out-of-range",
        axes: ["memory_context": "own_chunk", "memory_attention": "causal"], texts: badText),
    ]
  }

  /// Single faults that suite 1.0 lacks.
  private static var single: [Case] {
    let hunts = "bad input that is answered, or that ends the program"
    func forced(_ what: String, _ tokens: [Int]) -> Case {
      rejected(
        .generate, what, "text-token-out-of-range", clauses: ["OPS-5", "PAR-3"], hunts: hunts,
        ["generate": .integer(tokens.count)], more: [CaseInputs.integers("forced", tokens)])
    }
    return [
      forced("forced-is-memory", [1, 13, 2]), forced("forced-negative", [-1, 2]),
      forced("last-forced-is-v", [1, 2, 11]),
      rejected(
        .cost, "no-layers", "cache-size-out-of-range", clauses: ["COST-1"], hunts: hunts, ["layers": .integer(0)]),
      rejected(
        .cost, "bytes-overflow", "cache-size-out-of-range", clauses: ["COST-1"], hunts: hunts,
        ["layers": .integer(1 << 40), "head_dim": .integer(1 << 30)]),
      rejected(
        .trainStep, "token-is-v", "text-token-out-of-range", clauses: ["PAR-3"], hunts: hunts,
        [
          "steps": .integer(1), "learning_rate": .real(0x1p-7), "beta1": .real(0.875), "beta2": .real(0.9375),
          "adam_epsilon": .real(0x1p-10), "weight_decay": .real(0.125),
        ], texts: [[1], [11]]),
      rejected(
        .mask, "token-is-v", "text-token-out-of-range", clauses: ["PAR-3"], hunts: hunts, texts: [[1, 2], [3, 11]]),
      rejected(
        .cost, "c0", "ratio-below-one", clauses: ["PAR-1"], hunts: hunts, ["c": .integer(0)]),
      rejected(
        .metrics, "t0", "memory-length-below-one", clauses: ["PAR-1"], hunts: hunts, ["t": .integer(0)],
        more: [CaseInputs.integers("reconstruction", [1, 2, 3, 4])]),
    ]
  }

  private static var refused: [Case] {
    let hunts = "a model that is run as if its config.json did not say what it says"
    let operations: [Operation] = [.forward, .generate, .gradients]
    return zip(RefusedModel.all, operations).map { model, operation in
      rejected(
        operation, model.name, model.code,
        clauses: [model.code == "invalid-configuration" ? "MOD-4" : "MOD-1", "OPS-6"],
        hunts: hunts, model: model.path)
    } + [
      rejected(
        .loss, "refused-and-bad-token", "text-token-out-of-range", hunts: hunts, texts: [[1, 11]],
        model: RefusedModel.heads.path)
    ]
  }

  /// Good requests with a fault in a part that the operation ignores.
  private static var ignored: [Case] {
    let hunts = "a fault found in what the operation does not name"
    let bad: [String: RequestParameter] = [
      "chunk": .integer(-1), "generate": .integer(-3), "prompt_length": .integer(-1), "text_length": .integer(-5),
      "layers": .integer(0), "steps": .integer(-1),
    ]
    let text = [1, 2, 3, 4, 5, 6, 7, 8, 9]
    func structure(_ operation: Operation, _ parameters: [String: RequestParameter], _ arrays: [NamedArray]) -> Case {
      .tensors(
        "structure.\(operation.rawValue).unnamed-faults", .structure, since: Versions.second, hunts: hunts,
        clauses: ["OPS-1", "OPS-6"],
        Request(operation, axes: [:], parameters: parameters, model: nil, input: CaseInputs.file(arrays), captures: []))
    }
    let small = CaseVocabulary.small.parameters.adding(["c": .integer(2), "t": .integer(2)])
    let noVocabulary: [String: RequestParameter] = [
      "text_vocabulary": .integer(0), "memory_token": .integer(3), "repetition_token": .integer(3),
      "model_vocabulary": .integer(0), "c": .integer(2), "t": .integer(2),
    ]
    return [
      structure(.layout, bad.adding(small).adding(["layout": .word("training")]), CaseInputs.batch([text])),
      structure(
        .schedule, bad.adding(noVocabulary).adding(["prompt_length": .integer(5), "generate": .integer(2)]), []),
      structure(
        .cost,
        bad.adding(noVocabulary).adding([
          "text_length": .integer(9), "layers": .integer(2), "kv_heads": .integer(2), "head_dim": .integer(4),
          "bytes_per_element": .integer(2),
        ]), []),
    ]
  }
}
