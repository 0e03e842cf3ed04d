// The rejection level: bad input, and the code that is the right answer.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors

/// One case for each fault and each operation that can have it.
enum RejectionCases {
  static var all: [Case] { parameters + vocabularies + tokens + lengths + profiles }

  private static func rejected(
    _ operation: Operation, _ what: String, _ code: String, clauses: [String], axes: [String: String] = [:],
    parameters: [String: RequestParameter] = [:], texts: [[Int]] = [[1, 2, 3, 4, 5]], more: [NamedArray] = []
  ) -> Case {
    let needsModel: Set<Operation> = [.forward, .loss, .gradients, .trainStep, .generate, .reconstruct]
    let defaults: [String: RequestParameter] = CaseModel.gqa.parameters(c: 2, t: 2).adding(
      ["layout": .word("training"), "generate": .integer(2), "chunk": .integer(0), "prompt_length": .integer(3)]
    )
    return Case(
      id: "rejection.\(operation.rawValue).\(what)", since: Versions.frozen, level: .rejection,
      hunts: "bad input that is answered, or that ends the program", clauses: clauses,
      request: Request(
        operation, axes: axes, parameters: defaults.adding(parameters),
        model: needsModel.contains(operation) ? CaseModel.gqa.path : nil,
        input: CaseInputs.file(CaseInputs.batch(texts) + more), captures: []),
      expectation: .rejection(code),
      dtypes: needsModel.contains(operation) ? NumberType.words : [NumberType.integerWord])
  }

  private static var parameters: [Case] {
    [
      rejected(.layout, "c0", "ratio-below-one", clauses: ["PAR-1"], parameters: ["c": .integer(0)]),
      rejected(.mask, "c-negative", "ratio-below-one", clauses: ["PAR-1"], parameters: ["c": .integer(-2)]),
      rejected(.layout, "t0", "memory-length-below-one", clauses: ["PAR-1"], parameters: ["t": .integer(0)]),
      rejected(.schedule, "t-negative", "memory-length-below-one", clauses: ["PAR-1"], parameters: ["t": .integer(-1)]),
      rejected(
        .layout, "chunk-overflows", "chunk-too-long", clauses: ["PAR-1"],
        parameters: ["c": .integer(1 << 40), "t": .integer(1 << 40)]),
    ]
  }

  private static var vocabularies: [Case] {
    [
      rejected(
        .layout, "empty-vocabulary", "vocabulary-size-out-of-range", clauses: ["PAR-2"],
        parameters: ["text_vocabulary": .integer(0)]),
      rejected(
        .layout, "memory-token-is-text", "special-token-in-text-vocabulary", clauses: ["PAR-2"],
        parameters: ["memory_token": .integer(10)]),
      rejected(
        .mask, "repetition-token-is-text", "special-token-in-text-vocabulary", clauses: ["PAR-2"],
        parameters: ["repetition_token": .integer(0)]),
      rejected(
        .layout, "equal-special-tokens", "equal-special-tokens", clauses: ["PAR-2"],
        parameters: ["memory_token": .integer(12), "repetition_token": .integer(12)]),
      rejected(
        .forward, "no-room", "no-room-for-special-token", clauses: ["PAR-2"],
        parameters: ["memory_token": .integer(16), "model_vocabulary": .integer(16)]),
    ]
  }

  private static var tokens: [Case] {
    let operations: [Operation] = [.layout, .forward, .loss, .gradients, .generate, .reconstruct]
    return operations.flatMap { operation in
      [("token-is-v", 11), ("token-is-memory", 13), ("token-negative", -1)].map { what, token in
        rejected(operation, what, "text-token-out-of-range", clauses: ["PAR-3"], texts: [[1, 2, token, 4, 5]])
      }
    }
  }

  private static var lengths: [Case] {
    [
      rejected(
        .schedule, "negative-prompt", "negative-text-length", clauses: ["LAY-1"],
        parameters: ["prompt_length": .integer(-1)]),
      rejected(
        .schedule, "negative-generation", "negative-generation-length", clauses: ["GEN-5"],
        parameters: ["generate": .integer(-1)]),
      rejected(
        .schedule, "empty-prompt", "empty-prompt", clauses: ["GEN-5"], parameters: ["prompt_length": .integer(0)]),
      rejected(.generate, "empty-prompt", "empty-prompt", clauses: ["GEN-5"], texts: [[]]),
      rejected(
        .generate, "negative-generation", "negative-generation-length", clauses: ["GEN-5"],
        parameters: ["generate": .integer(-3)]),
      rejected(.reconstruct, "the-tail", "no-such-chunk", clauses: ["REC-1"], parameters: ["chunk": .integer(1)]),
      rejected(
        .reconstruct, "negative-chunk", "no-such-chunk", clauses: ["REC-1"], parameters: ["chunk": .integer(-1)]),
      rejected(.reconstruct, "no-full-chunk", "no-such-chunk", clauses: ["REC-1"], texts: [[1, 2, 3]]),
      rejected(
        .metrics, "too-few-tokens", "reconstruction-length-mismatch", clauses: ["REC-2"],
        more: [CaseInputs.integers("reconstruction", [1, 2, 3])]),
      rejected(
        .metrics, "tail-given", "reconstruction-length-mismatch", clauses: ["REC-2"],
        more: [CaseInputs.integers("reconstruction", [1, 2, 3, 4, 5])]),
    ]
  }

  private static var profiles: [Case] {
    [
      rejected(.mask, "unknown-axis", "unknown-axis", clauses: ["OPS-1"], axes: ["memory_shape": "round"]),
      rejected(
        .mask, "unknown-alternative", "unknown-alternative", clauses: ["OPS-1"], axes: ["numbering": "backwards"]),
      rejected(
        .generate, "unknown-alternative", "unknown-alternative", clauses: ["OPS-1"],
        axes: ["memory_attention": "none"]),
    ]
  }
}
