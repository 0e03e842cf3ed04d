// Docs/Losslessness.md: the results of the sweep, complete or not. Its words are in the templates beside this file.

import LoMA
import LoMAReference
import LoMAVectors

package struct LosslessnessPage: Sendable {
  private let sweep: Sweep
  private let results: [String: SweepResult]
  private let picture: [String]
  private let recitals: (sentence: [Recital], random: [Recital])

  /// A page of the results that exist; if some of the sweep's are missing, the page says which.
  ///
  /// `picture` are the lines of an `AttentionPicture`, `recitals` the same mistakes on both models; empty without a
  /// model.
  package init(
    _ sweep: Sweep, results: [String: SweepResult], picture: [String],
    recitals: (sentence: [Recital], random: [Recital]) = ([], [])
  ) {
    self.sweep = sweep
    self.results = results
    self.picture = picture
    self.recitals = recitals
  }

  package var text: String {
    let (base, shape) = (sweep.base, sweep.base.configuration)
    return EmbeddedText(PackageResources.losslessness_template_md).filled([
      "done": "\(results.count)", "runs": "\(sweep.runs.count)", "layers": "\(shape.layers)",
      "width": "\(shape.hiddenSize)", "heads": "\(shape.heads.query)", "vocabulary": "\(base.textSize)",
      "chunks": "\(base.chunks)", "steps": "\(base.settings.learningRate.steps)", "batch": "\(base.batch)",
      "losses": base.settings.objective.rawValue,
      "ratios": table("c", ofBase) { "\($0.parameters.c)" },
      "alternatives": table("profile", sweep.settings.filter { $0.parameters.c == 4 }) { "`\($0.profile.name)`" },
      "ways": ways, "savings": savings, "attention": attention, "recitals": mistakes,
    ])
  }

  /// The settings that differ from each other only in c.
  private var ofBase: [SweepSetting] {
    sweep.settings.filter { $0.profile == .base }.sorted { $0.parameters.c < $1.parameters.c }
  }

  private func found(_ setting: SweepSetting) -> [SweepResult] {
    (1...setting.seeds).compactMap { results["\(setting.name)-seed\($0)"] }
  }

  private func table(_ head: String, _ settings: [SweepSetting], _ name: (SweepSetting) -> String) -> String {
    let rows = settings.map { setting in
      let counts = found(setting).map { $0.repetition.total }
      return [
        name(setting), "\(counts.count) of \(setting.seeds)",
        Self.spread(counts.map { Fraction(correct: $0.correctTokens, total: $0.tokens) }),
        Self.spread(counts.map { Fraction(correct: $0.correctChunks, total: $0.chunks) }),
      ]
    }
    let spread = "right: least, median, most"
    return MarkdownTable(head: [head, "runs", "tokens " + spread, "chunks " + spread], rows: rows).text
  }

  private static func spread(_ fractions: [Fraction]) -> String {
    let sorted = fractions.sorted { $0.value < $1.value }
    guard let least = sorted.first, let most = sorted.last else { return "not run" }
    return [least, sorted[middle(of: sorted.count)], most].map { $0.percent }.joined(separator: ", ")
  }

  /// The median; of an even number of values the lower of the middle two.
  private static func median(_ values: [Double]) -> Double { values.sorted()[middle(of: values.count)] }

  /// The place of the middle value among sorted ones; of an even number the lower of the two.
  private static func middle(of count: Int) -> Int { (count - 1) / 2 }

  private var ways: String {
    let shares = [10, 25, 50, 75, 100]
    return MarkdownTable(
      head: ["run"] + shares.map { "\($0)%" },
      rows: sweep.settings.filter { !found($0).isEmpty }.map { [$0.name] + way($0, to: shares) }
    ).text
  }

  /// Where the runs of a setting stood after these shares of their steps, in percent.
  private func way(_ setting: SweepSetting, to shares: [Int]) -> [String] {
    let curves = found(setting)
    return shares.map { share in
      let points = curves.compactMap { result in result.curve.last { $0.step * 100 <= result.steps * share } }
      guard !points.isEmpty else { return "" }
      let loss = CurvePoint.rounded(Self.median(points.map(\.repetition)))
      return loss + ", " + Fraction.percent(Self.median(points.map(\.tokens)))
    }
  }

  /// Cache entries and scores of a long text, compared with full attention (COST-2, GEN-6).
  private var savings: String {
    let n = 4096
    let rows: [[String]] = ofBase.compactMap { setting in
      guard let cost = try? Cost(textLength: n, parameters: setting.parameters, profile: .base) else { return nil }
      let entries = setting.parameters.t * setting.parameters.fullChunks(n) + setting.parameters.tailLength(n)
      return [
        "\(setting.parameters.c)", "\(entries)", percentage(entries, of: n), "\(cost.generation)",
        percentage(cost.generation, of: cost.fullAttention),
      ]
    }
    let share = "of full attention's"
    return MarkdownTable(head: ["c", "cached entries", share, "scores evaluated", share], rows: rows).text
  }

  private var attention: String {
    guard !picture.isEmpty else { return "" }
    let template = EmbeddedText(PackageResources.losslessness_attention_template_md)
    return "\n" + template.filled(["picture": picture.joined(separator: "\n")])
  }

  /// The recitals, worst first; mistakes that lose nothing on either text are only named.
  private var mistakes: String {
    guard !recitals.sentence.isEmpty else { return "" }
    let (bytes, tokens) = (recitals.sentence.first?.total ?? 0, recitals.random.first?.total ?? 0)
    let both = zip(recitals.sentence, recitals.random).sorted {
      let (a, b) = ($0.1.correct ?? -1, $1.1.correct ?? -1)
      return (a, $0.0.correct ?? -1, $0.0.name) < (b, $1.0.correct ?? -1, $1.0.name)
    }
    let harmless = both.filter { $0.correct == bytes && $1.correct == tokens }.map(\.0.name)
    var rows: [[String]] = []
    for (text, random) in both where !harmless.contains(text.name) {
      let back = text.correct == nil ? "another number of tokens" : "`\(text.text.filter { $0 != "`" && $0 != "|" })`"
      func share(_ correct: Int?) -> String { correct.map(String.init) ?? "–" }
      rows.append([text.name, text.words, share(random.correct), share(text.correct), back])
    }
    let head = ["", "the mistake", "random tokens right", "bytes right", "what comes back"]
    let template = EmbeddedText(PackageResources.losslessness_recitals_template_md)
    return "\n"
      + template.filled([
        "bytes": "\(bytes)", "tokens": "\(tokens)", "recitals": MarkdownTable(head: head, rows: rows).text,
        "harmless": harmless.joined(separator: ", "),
      ])
  }
}
