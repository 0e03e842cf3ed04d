// CCM-33: the model level of chapter 16: forward passes with captures, and losses.

import LoMACatalogue
import LoMAPeers
import LoMAVectors

/// Whole models on texts in the parallel layout.
enum ContextModelCases {
  static var all: [Case] { profiles + shapes + captures + embedded + losses }

  private static func forward(
    _ what: String, _ model: ContextCaseModel, _ texts: ContextTexts, hunts: String, clauses: [String],
    arrays: [NamedArray] = [], captures: [String] = []
  ) -> Case {
    .tensors(
      "model.ccm_forward.\(what)", .model, hunts: hunts, clauses: clauses,
      texts.with(n: model.memoryTokens).request(.ccmForward, model: model, arrays: arrays, captures: captures))
  }

  /// The clauses of the mask that a profile's text and COMP rows follow, and those of what it computes.
  static func clauses(of profile: ContextProfile) -> [String] {
    let seen =
      switch (profile.memory, profile.recurrence) {
      case (.concat, .recurrent): ["CCM-10"]
      case (.concat, .separate): ["CCM-11", "CCM-12"]
      case (.merge, _): ["CCM-11", "CCM-13", "CCM-15", "CCM-17"]
      }
    return ["CCM-9", "CCM-20"] + seen + (profile.sink == .on ? ["CCM-16"] : [])
      + (profile.mergeRate == .exponential ? ["CCM-3"] : [])
  }

  /// The mistake that a profile shows best.
  private static func hunts(_ profile: ContextProfile) -> String {
    if profile.mergeRate == .exponential { return "a mean for the exponential rate, or M_1 = a·h_1" }
    if profile.sink == .on { return "BOS hidden although it is a sink" }
    return switch (profile.memory, profile.recurrence) {
    case (.concat, .recurrent): "contexts that see no memory, or a final segment that sees the contexts' text"
    case (.concat, .separate): "contexts that see past memory"
    case (.merge, .recurrent): "keys merged before the rotation, values not merged, or all SUM blocks seen"
    case (.merge, .separate): "a final segment that sees COMP rows, or a mean over fewer than all segments"
    }
  }

  private static var profiles: [Case] {
    ContextProfile.all.map { profile in
      forward(
        profile.slug, .gqa, ContextTexts([[3, 2, 4, 3]], profile, seed: 401), hunts: hunts(profile),
        clauses: clauses(of: profile))
    }
  }

  private static var shapes: [Case] {
    [
      forward(
        "ragged-merge", .tied, ContextTexts([[3, 2, 2, 2], [2], [1, 3, 2]], .merge, seed: 411),
        hunts: "pads that leak, or a mean over another text's segments", clauses: ["CCM-8", "CCM-17", "CCM-2"]),
      forward(
        "ragged-sink", .gqa, ContextTexts([[2, 3], [3, 2, 1, 3]], .withSink, seed: 412).beginning(is: 0),
        hunts: "pads whose token is BOS seen as sinks", clauses: ["CCM-8", "CCM-16"]),
      forward(
        "three-memory-tokens", .mqa, ContextTexts([[2, 3, 2, 2]], .base, seed: 413),
        hunts: "COMP rows that see each other both ways, or not at all", clauses: ["CCM-7", "CCM-10", "CCM-20"]),
      forward(
        "three-slots", .mqa, ContextTexts([[2, 1, 2, 2]], .merge, seed: 414),
        hunts: "SUM_j the mean of all slots, or of another one", clauses: ["CCM-17"]),
      forward(
        "deep", .deep, ContextTexts([[2, 3, 2, 2]], .mergeSeparate, seed: 415),
        hunts: "the last layer without adapter or merge", clauses: ["CCM-13", "CCM-17", "CCM-20"]),
      forward(
        "no-context", .gqa, ContextTexts([[6], [4]], .base, seed: 416),
        hunts: "an adapter that acts on text", clauses: ["CCM-8", "CCM-9", "CCM-20"]),
      forward(
        "no-context-separate", .tied, ContextTexts([[5]], .mergeSeparate, seed: 417),
        hunts: "a mean over nothing", clauses: ["CCM-5", "CCM-9"]),
      forward(
        "one-context", .gqa, ContextTexts([[4, 3]], .merge, seed: 418),
        hunts: "a SUM row's own key and value counted in the mean", clauses: ["CCM-13", "CCM-15", "CCM-17"]),
      forward(
        "concat-adapter", .concat, ContextTexts([[2, 3, 3]], .separate, seed: 419),
        hunts: "an adapter without SUM rows refused under concat", clauses: ["CCM-12", "CCM-20", "CCM-22"]),
      forward(
        "beginning-again", .gqa,
        ContextTexts([[2, 3, 3]], .mergeSink, seed: 420).beginning(again: [(1, 1), (2, 1)]),
        hunts: "a sink in the first row alone", clauses: ["CCM-4", "CCM-16"]),
    ]
  }

  private static var captures: [Case] {
    let names: [(String, ContextProfile, [String], [String])] = [
      ("hidden", .merge, ["hidden.0", "hidden.1", "hidden.2", "final_norm"], ["MOD-7", "CCM-20"]),
      (
        "attention", .merge,
        ["norm", "query", "key", "value", "probabilities", "context", "output"].map { "layers.1.attention.\($0)" },
        ["MOD-7", "CCM-17", "CCM-20"]
      ),
      (
        "probabilities", .withSink, ["layers.0.attention.probabilities", "layers.1.attention.probabilities"],
        ["MOD-7", "MSK-12", "CCM-10", "CCM-16"]
      ),
      (
        "feed-forward", .base,
        ["layers.0.middle"] + ["norm", "gate", "up", "activation", "output"].map { "layers.0.feed_forward.\($0)" },
        ["MOD-5", "MOD-7"]
      ),
    ]
    return names.map { what, profile, names, clauses in
      forward(
        "captures-\(what)", .gqa, ContextTexts([[2, 2, 2], [3]], profile, seed: 431),
        hunts: "the stage at which a port goes wrong", clauses: clauses, captures: names)
    }
  }

  private static var embedded: [Case] {
    [ContextProfile.base, .merge].map { profile in
      let texts = ContextTexts([[2, 3, 2], [2, 2]], profile, seed: 441)
      return forward(
        "embeddings-\(profile.slug)", .gqa, texts,
        hunts: "embeddings that are given and not used, or used for text alone",
        clauses: ["CCM-33"], arrays: [texts.embeddings(seed: 443)])
    }
  }

  // MARK: - Losses

  private static func loss(
    _ what: String, _ model: ContextCaseModel, _ texts: ContextTexts, hunts: String, more: [String] = []
  ) -> Case {
    .tensors(
      "model.ccm_loss.\(what)", .model, hunts: hunts, clauses: ["CCM-23"] + more,
      texts.with(n: model.memoryTokens).request(.ccmLoss, model: model))
  }

  private static var losses: [Case] {
    [
      loss(
        "base", .gqa, ContextTexts([[3, 2, 5]], outputs: [3], .base, seed: 451),
        hunts: "a loss on all text, or the first token of the output unlabelled"),
      loss(
        "merge", .gqa, ContextTexts([[2, 2, 3, 4]], outputs: [2], .merge, seed: 452),
        hunts: "memory ids in the softmax, or a loss on memory rows", more: ["CCM-2", "CCM-17"]),
      loss(
        "ragged", .tied, ContextTexts([[3, 5], [2], [2, 2, 6]], outputs: [4, 1, 2], .merge, seed: 453),
        hunts: "a mean of means per text, or pads that count", more: ["CCM-8"]),
      loss(
        "single-output", .mqa, ContextTexts([[2, 2, 2]], outputs: [1], .mergeSeparate, seed: 454),
        hunts: "an output of one token that counts twice or not at all"),
      loss(
        "no-output", .gqa, ContextTexts([[2, 3], [4]], .base, seed: 455), hunts: "an empty mean that is not 0"),
      loss(
        "empty-among", .gqa, ContextTexts([[2, 3], [3, 4]], outputs: [0, 2], .separate, seed: 456),
        hunts: "an empty output that counts in the mean"),
      loss(
        "no-context", .tied, ContextTexts([[6]], outputs: [5], .base, seed: 457),
        hunts: "a text without contexts treated as one"),
      loss(
        "sink", .deep, ContextTexts([[2, 2, 4]], outputs: [2], .mergeSink, seed: 458).beginning(again: [(2, 3)]),
        hunts: "an output of BOS unlabelled", more: ["CCM-16"]),
      loss(
        "long-and-short", .deep, longAndShort, hunts: "a mean per text, and then the mean of those"),
    ]
  }

  /// Eight output tokens that the model expects and one that it does not, so that both means are far apart.
  private static var longAndShort: ContextTexts {
    var texts = ContextTexts([[2, 9], [1, 2]], outputs: [8, 1], .base, seed: 459)
    texts.texts = [[[4, 5], [9, 1, 1, 1, 1, 1, 1, 1, 1]], [[4], [9, 10]]]
    return texts
  }
}
