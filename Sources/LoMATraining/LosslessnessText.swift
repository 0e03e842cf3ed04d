// The prose of Docs/Losslessness.md and its table of costs.

import LoMA
import LoMAReference

enum LosslessnessText {
  static let introduction = [
    "# Losslessness, measured",
    "",
    "Does a model learn to recite what it compressed? Small models are trained from nothing, by `loma sweep`, in the",
    "reference's own arithmetic: every number here comes back bit for bit when the runs are repeated. Seeds differ much, so a",
    "line gives the least, the median and the most of its seeds, and says how many of them were run. The files this page is",
    "made of are in [Losslessness](Losslessness); `loma lossless` makes it again from them.",
  ]

  static let otherShapes = [
    "What is short of everything here is short of it in this shape and in this many steps. A wider model with a layer and",
    "heads more and faster rotations recites at c = 8 too: `random-c8` of the [recipes](Recipes/README.md).",
  ]

  static let picture = [
    "Attention from the repetition rows r0, r1, … of a chunk to its memory rows, in per cent, averaged over texts; what is",
    "missing to 100 goes to repetition rows.",
  ]

  /// What came back, worst first; mistakes that lose nothing of either are only named.
  static func recitals(sentence: [Recital], random: [Recital]) -> [String] {
    let (bytes, tokens) = (sentence.first?.total ?? 0, random.first?.total ?? 0)
    let both = zip(sentence, random).sorted {
      let (a, b) = ($0.1.correct ?? -1, $1.1.correct ?? -1)
      return (a, $0.0.correct ?? -1, $0.0.name) < (b, $1.0.correct ?? -1, $1.0.name)
    }
    let harmless = both.filter { $0.correct == bytes && $1.correct == tokens }.map(\.0.name)
    var lines = [
      "The trained models of Vectors read their texts back with one mistake at inference: `text-c4` a sentence of \(bytes)",
      "bytes, `random-c4` \(tokens) random tokens. Without a mistake everything comes back. `~` is no printable byte.",
      "",
      "| | the mistake | random tokens right | bytes right | what comes back |", "|---|---|---|---|---|",
    ]
    for (text, random) in both where !harmless.contains(text.name) {
      let back = text.correct == nil ? "another number of tokens" : "`\(text.text.filter { $0 != "`" && $0 != "|" })`"
      func share(_ correct: Int?) -> String { correct.map(String.init) ?? "–" }
      lines.append("| \(text.name) | \(text.words) | \(share(random.correct)) | \(share(text.correct)) | \(back) |")
    }
    return lines + [
      "", "Nothing of either is lost by " + harmless.joined(separator: ", ") + ".",
      "So accuracy alone does not tell a right port from a wrong one: comparing logits does, as every case of Vectors does.",
    ]
  }

  static let limits = [
    "## What this agrees with, and what it cannot show",
    "",
    "The paper reports a repetition loss near zero for c ≤ 8 and token accuracies above chunk accuracies, since one wrong",
    "token spoils a chunk. Both can be looked for above. A toy cannot show what the paper's scale does: its text is random",
    "and its vocabulary small, so each memory row has a few dozen bits to keep and nothing can be guessed from language;",
    "it reads one or two chunks, not thousands of tokens; and how well compressed text is *used*, beyond being recited,",
    "is not measured here at all. Alternatives are compared at one size, one length of training and one learning rate:",
    "one that is behind here may only be slower.",
  ]

  /// Entries and scores of a long text against full attention (COST-2, GEN-6).
  static func savings(_ sweep: Sweep) -> [String] {
    var lines = [
      "Of a text of 4,096 tokens, by the closed forms of chapter 9, profile `base`, t = 2.", "",
      "| c | cached entries | of full attention's | scores evaluated | of full attention's |", "|---|---|---|---|---|",
    ]
    let n = 4096
    for setting in sweep.settings.filter({ $0.profile == .base }).sorted(by: { $0.parameters.c < $1.parameters.c }) {
      guard let cost = try? Cost(textLength: n, parameters: setting.parameters, profile: .base) else { continue }
      let entries = setting.parameters.t * setting.parameters.fullChunks(n) + setting.parameters.tailLength(n)
      lines.append(
        "| \(setting.parameters.c) | \(entries) | \(Fraction.costPercent(entries, of: n)) | "
          + "\(cost.generation) | \(Fraction.costPercent(cost.generation, of: cost.fullAttention)) |")
    }
    return lines
  }
}
