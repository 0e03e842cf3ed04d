// CCM-34: the generation level of chapter 16: a text fed segment by segment, and tokens after it.

import LoMAAnswers
import LoMACatalogue
import LoMAPeers
import LoMAVectors

/// Texts through the compressed memory.
enum ContextOnlineCases {
  static func request(
    _ model: ContextCaseModel, _ texts: ContextTexts, generate m: Int, forced: [Int]? = nil
  ) -> Request {
    texts.with(n: model.memoryTokens).request(
      .ccmOnline, model: model, ["generate": .integer(m)],
      arrays: forced.map { [CaseInputs.integers("forced", $0)] } ?? [])
  }

  private static func online(
    _ what: String, _ model: ContextCaseModel, _ texts: ContextTexts, generate m: Int, forced: [Int]? = nil,
    hunts: String, more: [String] = []
  ) -> Case {
    .tensors(
      "generation.ccm_online.\(what)", .generation, hunts: hunts, clauses: ["CCM-24", "CCM-25"] + more,
      request(model, texts, generate: m, forced: forced))
  }

  private static func hunts(_ profile: ContextProfile) -> String {
    if profile.mergeRate == .exponential { return "a mean online where the rate is exponential" }
    return switch (profile.memory, profile.recurrence, profile.sink) {
    case (.concat, .recurrent, .off): "COMP rows fed one pass each and blind to each other, or text that is not dropped"
    case (.concat, .separate, .off): "contexts fed on the memory"
    case (.merge, .recurrent, .off): "a running mean with 1/(t + 1), or keys taken for values"
    case (.merge, .separate, .off): "a memory that is read before the final segment"
    case (_, _, .on): "a sink that is dropped with its segment"
    }
  }

  static var all: [Case] {
    let ofProfiles = ContextProfile.all.map { profile in
      online(
        profile.slug, .gqa, ContextTexts([[3, 2, 3, 2]], profile, seed: 601), generate: 3, hunts: hunts(profile),
        more: ["CCM-26", "CCM-27"] + (profile.memory == .merge ? ["CCM-17"] : []))
    }
    return ofProfiles + [
      online(
        "no-context", .tied, ContextTexts([[4]], .base, seed: 611), generate: 2,
        hunts: "a compression of the final segment", more: ["CCM-27"]),
      online(
        "no-context-merge", .gqa, ContextTexts([[3]], .merge, seed: 612), generate: 1,
        hunts: "an empty mean that is seen", more: ["CCM-27"]),
      online(
        "one-context", .mqa, ContextTexts([[3, 2]], .merge, seed: 617), generate: 0,
        hunts: "tokens chosen where none is asked for", more: ["CCM-26"]),
      online(
        "single-tokens", .deep, ContextTexts([[1, 1, 1, 1]], .merge, seed: 614), generate: 2,
        hunts: "positions that restart, or count memory rows", more: ["CCM-26"]),
      online(
        "forced", .tied, ContextTexts([[2, 2, 2]], .base, seed: 615), generate: 4, forced: [3, 9, 0, 7],
        hunts: "the chosen token fed instead of the forced one, or forced tokens returned as chosen", more: ["CCM-27"]),
      online(
        "forced-beginning", .gqa, ContextTexts([[2, 3, 2]], .mergeSink, seed: 616), generate: 3,
        forced: [ContextTexts.bos, 2, ContextTexts.bos],
        hunts: "generated tokens dropped or moved because they are BOS", more: ["CCM-16"]),
      online(
        "beginning-again", .gqa, ContextTexts([[3, 3, 2]], .withSink, seed: 617).beginning(again: [(1, 1)]),
        generate: 1,
        hunts: "one sink kept where there are two", more: ["CCM-16", "CCM-26"]),
      online(
        "beginning-late", .mqa,
        ContextTexts([[2, 3, 2, 2]], .mergeSink, seed: 618).beginning(again: [(1, 2), (2, 0)]), generate: 1,
        hunts: "means in front of a later sink", more: ["CCM-16", "CCM-26"]),
      online(
        "no-beginning", .gqa, ContextTexts([[2, 2, 2]], .withSink, seed: 619).beginning(is: -1), generate: 2,
        hunts: "the first row kept whatever its token", more: ["CCM-4", "CCM-16"]),
      online(
        "concat-adapter", .concat, ContextTexts([[2, 3, 2]], .separate, seed: 620), generate: 2,
        hunts: "an adapter without SUM rows refused under concat", more: ["CCM-22"]),
      online(
        "exponential-one", .tied,
        ContextTexts([[2, 2, 2, 2]], .mergeExponential, seed: 621).with(rate: 1), generate: 1,
        hunts: "a memory that keeps what came before although the rate is 1", more: ["CCM-3", "CCM-17"]),
    ]
  }
}
