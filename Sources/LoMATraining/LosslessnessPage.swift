// Docs/Losslessness.md: what the sweep measured, as far as it has been run.

import LoMA
import LoMAReference

/// The page as Markdown.
package struct LosslessnessPage: Sendable {
  private let sweep: Sweep
  private let results: [String: SweepResult]
  private let picture: [String]
  private let recitals: (sentence: [Recital], random: [Recital])

  /// A page of the results there are; a part of the sweep gives a page that says what is missing.
  ///
  /// `picture` are the lines of an `AttentionPicture`, `recitals` the same mistakes on both; none where no model was given.
  package init(
    _ sweep: Sweep, results: [String: SweepResult], picture: [String],
    recitals: (sentence: [Recital], random: [Recital]) = ([], [])
  ) {
    self.sweep = sweep
    self.results = results
    self.picture = picture
    self.recitals = recitals
  }

  /// The page.
  package var text: String {
    var lines = LosslessnessText.introduction
    let shape = sweep.base.configuration
    lines += [
      "",
      "\(results.count) of \(sweep.runs.count) runs are done. Each: \(shape.layers) layers, width "
        + "\(shape.hiddenSize), \(shape.heads.query) heads, random text over \(sweep.base.textSize) tokens, texts of",
      "\(sweep.base.chunks) chunks, t = 2, \(sweep.base.settings.learningRate.steps) steps of \(sweep.base.batch) texts, "
        + "losses: \(sweep.base.settings.objective.rawValue). Measured on fresh texts.",
    ]
    lines += ["", "## Compression ratio", "", "Profile `base`.", ""]
    lines += table("c", sweep.settings.filter { $0.profile == .base }.sorted { $0.parameters.c < $1.parameters.c }) {
      "\($0.parameters.c)"
    }
    lines += [""] + LosslessnessText.otherShapes
    lines += ["", "## Alternatives", "", "c = 4. The first line is the default of every axis.", ""]
    lines += table("profile", sweep.settings.filter { $0.parameters.c == 4 }) { "`\($0.profile.name)`" }
    lines += ["", "## On the way", ""]
    lines += [
      "Repetition loss of the batch and tokens right in it, medians over the seeds, after a share of the steps.", "",
    ]
    lines += ["| run | 10% | 25% | 50% | 75% | 100% |", "|---|---|---|---|---|---|"]
    for setting in sweep.settings where !found(setting).isEmpty { lines.append(way(setting)) }
    lines += ["", "## What it saves", ""] + LosslessnessText.savings(sweep)
    if !picture.isEmpty {
      lines +=
        ["", "## Where a trained model looks", ""] + LosslessnessText.picture + ["", "```text"] + picture + ["```"]
    }
    if !recitals.sentence.isEmpty {
      lines +=
        ["", "## What a mistake loses", ""]
        + LosslessnessText.recitals(sentence: recitals.sentence, random: recitals.random)
    }
    lines += [""] + LosslessnessText.limits
    return lines.joined(separator: "\n") + "\n"
  }

  private func found(_ setting: SweepSetting) -> [SweepResult] {
    (1...setting.seeds).compactMap { results["\(setting.name)-seed\($0)"] }
  }

  private func table(_ head: String, _ settings: [SweepSetting], _ name: (SweepSetting) -> String) -> [String] {
    var lines = [
      "| \(head) | runs | tokens right: least, median, most | chunks right: least, median, most |", "|---|---|---|---|",
    ]
    for setting in settings {
      let counts = found(setting).map { $0.repetition.total }
      let tokens = Self.spread(counts.map { Double($0.correctTokens) / Double($0.tokens) })
      let chunks = Self.spread(counts.map { Double($0.correctChunks) / Double($0.chunks) })
      lines.append("| \(name(setting)) | \(counts.count) of \(setting.seeds) | \(tokens) | \(chunks) |")
    }
    return lines
  }

  private static func spread(_ values: [Double]) -> String {
    guard let least = values.min(), let most = values.max() else { return "not run" }
    return [least, median(values), most].map { Fraction.percent($0) }.joined(separator: ", ")
  }

  /// The middle value; of an even number the lower of the two.
  private static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return sorted[(sorted.count - 1) / 2]
  }

  private func way(_ setting: SweepSetting) -> String {
    let curves = found(setting)
    let cells = [10, 25, 50, 75, 100].map { share in
      let points = curves.compactMap { result in result.curve.last { $0.step * 100 <= result.steps * share } }
      guard !points.isEmpty else { return "" }
      let loss = CurvePoint.rounded(Self.median(points.map(\.repetition)))
      return loss + ", " + Fraction.percent(Self.median(points.map(\.tokens)))
    }
    return "| \(setting.name) | " + cells.joined(separator: " | ") + " |"
  }
}
