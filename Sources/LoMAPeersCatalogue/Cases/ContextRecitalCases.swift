// Cases of chapter 16 on trained models: the final segment names a context segment, and what is generated is that
// segment, which only the memory holds. A mistake that moves the last digits of a random model loses text here.

import LoMACatalogue
import LoMAPeers
import LoMAVectors

/// Texts that a trained model recites from its memory.
enum ContextRecitalCases {
  /// Two context segments, of eight tokens each equally likely.
  static let contexts = [[5, 2, 7], [0, 6, 3]]

  static var all: [Case] { TrainedContextModel.all.flatMap { forwards(of: $0) + recitals(of: $0) } }

  /// The texts of a question after context segment `segment`, with or without its contexts, and `further` tokens.
  private static func texts(
    of model: TrainedContextModel, asking segment: Int, contexts: [[Int]] = contexts, further: [Int] = []
  ) -> ContextTexts {
    ContextTexts(
      of: [contexts + [[TrainedContextModel.alphabet + segment] + further]], n: TrainedContextModel.memoryTokens,
      vocabulary: TrainedContextModel.alphabet + TrainedContextModel.contexts, model.profile)
  }

  private static func recitals(of model: TrainedContextModel) -> [Case] {
    let asked = contexts.indices.map { segment in
      (
        "recites\(segment)", texts(of: model, asking: segment), "a context segment that its memory no longer holds",
        ["CCM-9", "CCM-20", "CCM-24", "CCM-25", "CCM-27"]
          + (model.profile.memory == .merge ? ["CCM-13", "CCM-17"] : ["CCM-10"])
      )
    }
    let alone = (
      "no-context", texts(of: model, asking: 0, contexts: []), "memory tokens behind a text that has no context",
      ["CCM-24", "CCM-27"]
    )
    return (asked + [alone]).map { what, texts, hunts, clauses in
      .tensors(
        "generation.ccm_online.\(model.name).\(what)", .generation, hunts: hunts, clauses: clauses,
        texts.request(
          .ccmOnline, at: model.path, ["generate": .integer(TrainedContextModel.segment)]))
    }
  }

  private static func forwards(of model: TrainedContextModel) -> [Case] {
    [
      .tensors(
        "model.ccm_forward.\(model.name)", .model, hunts: "weights of base or adapter that are read wrongly from BF16",
        clauses: ["CCM-20", "CCM-22"] + ContextModelCases.clauses(of: model.profile),
        texts(of: model, asking: 1, further: Array(contexts[1].dropLast())).request(.ccmForward, at: model.path))
    ]
  }
}
