// CCM-33: the training level of chapter 16: gradients of the loss by every tensor of the adapter.

import LoMACatalogue
import LoMAPeers
import LoMAVectors

/// Gradients.
enum ContextTrainingCases {
  private static func gradients(
    _ what: String, _ model: ContextCaseModel, _ texts: ContextTexts, hunts: String, more: [String] = []
  ) -> Case {
    .tensors(
      "training.ccm_gradients.\(what)", .training, hunts: hunts, clauses: ["CCM-20", "CCM-21", "CCM-23"] + more,
      texts.with(n: model.memoryTokens).request(.ccmGradients, model: model))
  }

  static var all: [Case] {
    [
      gradients(
        "base", .gqa, ContextTexts([[3, 2, 3, 4]], outputs: [3], .base, seed: 501),
        hunts: "a gradient that is cut at the memory", more: ["CCM-10"]),
      gradients(
        "separate", .gqa, ContextTexts([[2, 3, 2, 3]], outputs: [2], .separate, seed: 502),
        hunts: "gradients of the recurrent layout", more: ["CCM-12"]),
      gradients(
        "merge", .gqa, ContextTexts([[2, 2, 3, 4]], outputs: [3], .merge, seed: 503),
        hunts: "a gradient that is cut at the merge, or goes into the SUM rows", more: ["CCM-17", "CCM-18"]),
      gradients(
        "merge-separate", .tied, ContextTexts([[2, 2, 2, 3]], outputs: [2], .mergeSeparate, seed: 504),
        hunts: "weights of the mean that are those of each block", more: ["CCM-17"]),
      gradients(
        "exponential", .gqa, ContextTexts([[2, 1, 2, 3]], outputs: [2], .mergeExponential, seed: 505),
        hunts: "the mean's weights under the exponential rate", more: ["CCM-3", "CCM-17"]),
      gradients(
        "sink", .mqa, ContextTexts([[3, 2, 3]], outputs: [2], .mergeSink, seed: 506),
        hunts: "a sink through which nothing flows back", more: ["CCM-16"]),
      gradients(
        "ragged", .deep, ContextTexts([[2, 3, 3], [3], [2, 2]], outputs: [2, 2, 1], .merge, seed: 507),
        hunts: "gradients of means per text, or of pads", more: ["CCM-8"]),
      gradients(
        "concat-adapter", .concat, ContextTexts([[2, 2, 4]], outputs: [3], .base, seed: 508),
        hunts: "gradients of SUM embeddings that the adapter lacks", more: ["CCM-22"]),
      gradients(
        "no-context", .gqa, ContextTexts([[4]], outputs: [2], .base, seed: 509),
        hunts: "a gradient that is missing where it is 0"),
      gradients(
        "no-output", .tied, ContextTexts([[2, 3]], .merge, seed: 510), hunts: "a division by no labelled row"),
    ]
  }
}
