// Suite 1.1: two axes that differ from base at once, on every level.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors

/// Cases under profiles that differ from base in two axes.
enum PairCases {
  /// The cases with numbers and recorded answers.
  static var numeric: [Case] { pairs.flatMap { whole($0) } + stage }
  static var all: [Case] { structure + numeric + others }

  private static func profile(_ change: (inout Profile) -> Void) -> Profile {
    var profile = Profile.base
    change(&profile)
    return profile
  }

  /// The two axes of memory, the two of repetition, and numbering with labels; no axis is in two pairs.
  private static let memory = profile {
    $0.memoryContext = .ownChunk
    $0.memoryAttention = .causal
  }
  private static let repetition = profile {
    $0.repetitionContext = .pastMemories
    $0.repetitionAttention = .bidirectional
  }
  private static let numbering = profile {
    $0.numbering = .sequential
    $0.repetitionLabels = .shifted
  }
  private static let pairs = [memory, repetition, numbering]

  private static func hunts(_ profile: Profile) -> String { "one of \(profile.name) lost where the other is taken" }

  private static var structure: [Case] {
    func texts(_ operation: Operation, _ profile: Profile) -> Case {
      .tensors(
        "structure.\(operation.rawValue).\(profile.slug).c3-t2", .structure, since: Versions.second,
        hunts: hunts(profile), clauses: ["LAY-3", "POS-4", "LOS-3"],
        Request(
          operation, axes: profile.axes,
          parameters: CaseVocabulary.small.parameters.adding([
            "c": .integer(3), "t": .integer(2), "layout": .word("training"),
          ]), model: nil,
          input: CaseInputs.file(CaseInputs.batch(CaseInputs.texts([6, 19], below: 11, seed: 220))), captures: []))
    }
    return [texts(.layout, numbering)]
      + [memory, repetition].map { profile in
        .tensors(
          "structure.cost.\(profile.slug).c4-t2", .structure, since: Versions.second, hunts: hunts(profile),
          clauses: ["COST-2"],
          Request(
            .cost, axes: profile.axes,
            parameters: [
              "c": .integer(4), "t": .integer(2), "text_length": .integer(45), "layers": .integer(32),
              "kv_heads": .integer(8), "head_dim": .integer(128), "bytes_per_element": .integer(2),
            ], model: nil, input: CaseInputs.file([]), captures: []))
      }
  }

  private static var stage: [Case] {
    [memory, repetition].map { profile in
      EngineCases.numbers(
        profile.slug, .stage, hunts: hunts(profile), clauses: ["MOD-4", "MSK-12"],
        StageRequests.attention(
          heads: 2, keyValueHeads: 1, d: 4, c: 2, t: 2, n: 9, profile: profile, deviation: 1, seed: 221))
    }
  }

  private static func whole(_ profile: Profile) -> [Case] {
    func numbers(
      _ operation: Operation, _ level: Level, _ model: CaseModel, n: Int, _ parameters: [String: RequestParameter] = [:]
    ) -> Case {
      EngineCases.numbers(
        "\(model.name).\(profile.slug)", level, hunts: hunts(profile), clauses: operation.pairedClauses,
        ModelCases.request(
          operation, model, c: 2, t: 2, [CaseInputs.text(n, below: 11, seed: 222)], profile, parameters: parameters))
    }
    return [
      numbers(.forward, .model, .deep, n: 13), numbers(.loss, .model, .gqa, n: 13),
      numbers(.gradients, .training, .gqa, n: 9),
      numbers(.generate, .generation, .gqa, n: 5, ["generate": .integer(6)]),
      numbers(.reconstruct, .generation, .deep, n: 13, ["chunk": .integer(1)]),
    ]
  }

  private static var others: [Case] {
    let model = CaseModel.shallow
    let interference = [memory, repetition].map { profile in
      Case(
        id: "property.interference.\(profile.slug)", since: Versions.second, level: .property, hunts: hunts(profile),
        clauses: ["MSK-5", "MSK-8", "MSK-9"],
        request: ModelCases.request(
          .forward, model, c: 2, t: 2, [CaseInputs.text(9, below: 11, seed: 223)], profile,
          more: [
            CaseInputs.normal("embeddings", shape: [1, 21, model.hidden], deviation: 1, mean: 0, seed: 224),
            CaseInputs.normal("replacements", shape: [21, model.hidden], deviation: 1, mean: 0, seed: 225),
          ]), expectation: .property(.interference), dtypes: NumberType.words)
    }
    return interference
  }
}

extension Operation {
  /// The clauses that a case with two such axes on a whole model cites.
  fileprivate var pairedClauses: [String] {
    switch self {
    case .forward: ["MSK-5", "MSK-8", "MSK-9", "POS-4"]
    case .loss: ["LOS-3", "LOS-4"]
    case .gradients: ["LOS-4"]
    case .generate: ["GEN-3", "GEN-7"]
    default: ["REC-1", "REC-4"]
    }
  }
}
