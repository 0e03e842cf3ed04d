// Suite 1.1: models in other forms: keys left out or moved, weights that use all 24 bits of F32, ids from the request.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors

/// Cases of MOD-1 and PAR-2 on whole models, and of numbers that are not exact in a narrow type.
enum ModelFormCases {
  static var all: [Case] { keys + precise + ids + [unnamed] }

  private static var keys: [Case] {
    [CaseModel.sparse, .nested].flatMap { model in
      let text = CaseInputs.text(9, below: 11, seed: 210)
      let hunts = "a key of config.json that is left out, or stands elsewhere, and is not found"
      return [
        EngineCases.numbers(
          "\(model.name).c2-t2", .model, hunts: hunts, clauses: ["MOD-1"],
          ModelCases.request(.forward, model, c: 2, t: 2, [text], .base)),
        EngineCases.numbers(
          "\(model.name).c2-t2", .generation, hunts: hunts, clauses: ["MOD-1"],
          ModelCases.request(.generate, model, c: 2, t: 2, [text], .base, parameters: ["generate": .integer(3)])),
      ]
    }
  }

  /// Asked only in f64 and f32: narrow types cannot start from the same numbers.
  private static var precise: [Case] {
    let text = CaseInputs.text(13, below: 11, seed: 211)
    let hunts = "weights or inputs that are rounded when they are read"
    func stage(_ operation: Operation, _ parameters: [String: RequestParameter], _ arrays: [NamedArray]) -> Request {
      Request(operation, axes: [:], parameters: parameters, model: nil, input: CaseInputs.file(arrays), captures: [])
    }
    let x = CaseInputs.filledNormal("x", shape: [4, 16], deviation: 1, mean: 0, seed: 212)
    return [
      EngineCases.numbers(
        "precise.c2-t2", .model, hunts: hunts, clauses: ["MOD-1"],
        ModelCases.request(.forward, .precise, c: 2, t: 2, [text], .base)),
      EngineCases.numbers(
        "precise.c2-t2", .training, hunts: hunts, clauses: ["MOD-1", "LOS-4"],
        ModelCases.request(.gradients, .precise, c: 2, t: 2, [text], .base)),
      EngineCases.numbers(
        "precise.c2-t2", .generation, hunts: hunts, clauses: ["MOD-1"],
        ModelCases.request(.reconstruct, .precise, c: 2, t: 2, [text], .base, parameters: ["chunk": .integer(2)])),
      EngineCases.numbers(
        "full-digits", .stage, hunts: hunts, clauses: ["MOD-2"],
        stage(
          .rmsNorm, ["epsilon": .real(1e-5)],
          [x, CaseInputs.filledNormal("gain", shape: [16], deviation: 0.5, mean: 1, seed: 213)])),
      EngineCases.numbers(
        "full-digits", .stage, hunts: hunts, clauses: ["MOD-3"],
        stage(
          .rope, ["head_dim": .integer(8), "theta": .real(12_345.5)],
          [x, CaseInputs.integers("positions", [0, 7, 300, 5000])])),
    ].compactMap { $0.asked(in: NumberType.preciseWords) }
  }

  /// V and both ids come from the request, whatever the `loma` object of config.json says (OPS-1).
  private static var ids: [Case] {
    let vocabulary = CaseVocabulary(text: 9, memory: 10, repetition: 14, model: 16)
    let hunts = "V or special ids taken from config.json"
    func request(_ operation: Operation, _ more: [String: RequestParameter]) -> Request {
      let request = ModelCases.request(
        operation, .gqa, c: 2, t: 2, [CaseInputs.text(9, below: 9, seed: 214)], .base, parameters: more)
      return Request(
        operation, axes: request.axes, parameters: request.parameters.adding(vocabulary.parameters),
        model: request.model, input: request.input, captures: [])
    }
    return [
      EngineCases.numbers(
        "gqa.other-ids", .model, hunts: hunts, clauses: ["OPS-1", "PAR-2"], request(.forward, [:])),
      EngineCases.numbers(
        "gqa.other-ids", .generation, hunts: hunts, clauses: ["OPS-1", "PAR-2", "GEN-5"],
        request(.generate, ["generate": .integer(6)])),
      EngineCases.numbers(
        "gqa.other-ids", .generation, hunts: hunts, clauses: ["OPS-1", "PAR-2", "REC-1"],
        request(.reconstruct, ["chunk": .integer(0)])),
    ]
  }

  /// A good request with faults in parts that the operation ignores.
  private static var unnamed: Case {
    EngineCases.numbers(
      "gqa.unnamed-faults", .model, hunts: "a fault found in what the operation does not name",
      clauses: ["OPS-1", "OPS-6"],
      ModelCases.request(
        .forward, .gqa, c: 2, t: 2, [[1, 2, 3, 4, 5, 6, 7, 8, 9]], .base,
        more: [CaseInputs.integers("forced", [99]), CaseInputs.integers("reconstruction", [99])],
        parameters: [
          "chunk": .integer(-1), "generate": .integer(-3), "prompt_length": .integer(-1), "text_length": .integer(-5),
          "layers": .integer(0), "steps": .integer(-1),
        ]))
  }
}
