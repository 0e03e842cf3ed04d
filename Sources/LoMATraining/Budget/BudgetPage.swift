// EQB-2, EQB-6, EQB-7, EQB-9: Docs/Budget.md and its plots, from results alone. The words are in the templates beside
// this file.

import LoMA
import LoMAPeers
import LoMAReference
import LoMAVectors

/// A plot as a file.
package struct PlotFile: Sendable {
  /// The name of the file in the page's folder.
  package let name: String
  /// Its content.
  package let source: String
}

/// The page of a comparison.
package struct BudgetPage: Sendable {
  let plans: [BudgetPlan]
  let results: [String: BudgetResult]
  /// The page's folder, as its links name it.
  let link: String
  /// Every moment that has results.
  let figures: [MomentFigures]

  /// A page of the results in a folder; runs without one are listed as missing.
  package init(_ plans: [BudgetPlan], folder: String, link: String) throws(TrainingError) {
    self.plans = plans
    self.link = link
    var (results, figures): ([String: BudgetResult], [MomentFigures]) = ([:], [])
    for plan in plans {
      let found = try plan.results(in: folder)
      results.merge(found) { one, _ in one }
      for moment in plan.moments {
        let made = try MomentFigures(plan, moment, results: found)
        if !made.methods.isEmpty { figures.append(made) }
      }
    }
    self.results = results
    self.figures = figures
  }

  /// The Markdown.
  package var text: String {
    EmbeddedText(PackageResources.budget_template_md).filled([
      "state": state, "worth": worth, "moments": figures.map { section($0) }.joined(separator: "\n"),
      "ranking": ranking, "losses": losses, "noise": noise, "systems": systems, "calibration": calibration,
      "seed": "\(CalibrationTexts.seed)", "commands": commands,
    ])
  }

  /// Two plots of tokens recited, and two of the loss where it is measured: methods on the twin, and the others.
  package var plots: [PlotFile] { figures.flatMap { plots($0) } }

  /// The moment with the longest texts of each plan.
  private var longest: [MomentFigures] {
    plans.compactMap { plan in figures.last { $0.plan.text == plan.text } }
  }

  // MARK: - What was run

  /// A paragraph for each text, and what is missing.
  private var state: String {
    plans.map { plan in
      let done = plan.runs.filter { results[$0.name] != nil }
      let basis = plan.basis
      let shape = basis.configuration
      let seeds = TrainedGroup.allCases.map { group in done.count { $0.group == group } }
      let text =
        switch basis.data {
        case .random(let alphabet): "random text over \(alphabet) tokens"
        case .bytes(let file, _, _): "the bytes of `\(file)`, measured on what is held out"
        }
      let missing = TrainedGroup.allCases.filter { group in !done.contains { $0.group == group } }
      let (least, most) = (seeds.filter { $0 > 0 }.min() ?? 0, seeds.max() ?? 0)
      var words =
        "**\(plan.words.capitalised)**: \(text). \(shape.layers) layers, width \(shape.hiddenSize), "
        + "\(shape.heads.query) heads of \(shape.heads.dimension), texts of \(basis.chunks) chunks of "
        + "\(basis.parameters.chunkLength), \(basis.settings.learningRate.steps) steps of \(basis.batch) texts, "
        + "losses: \(basis.settings.objective.rawValue). \(done.count) run\(done.count == 1 ? "" : "s"), "
        + (least == most ? "\(most)" : "\(least) to \(most)") + " seed\(most == 1 ? "" : "s") a group"
      words += most == 1 ? ", which is provisional." : most < 5 ? " where five would be wanted." : "."
      if !missing.isEmpty { words += " Not run: \(missing.map { $0.rawValue }.joined(separator: ", "))." }
      return words
    }.joined(separator: "\n\n")
  }

  /// What a token's entry holds against what it is worth (EQB-9).
  private var worth: String {
    let sentences = plans.compactMap { plan -> String? in
      guard let figure = longest.first(where: { $0.plan.text == plan.text }) else { return nil }
      let entry = figure.full / figure.moment.length
      switch plan.basis.data {
      case .random(let alphabet):
        return "a random token is worth \(Self.bits(of: alphabet)) bits and its full entry holds \(entry)"
      case .bytes:
        let loss = figures.compactMap {
          $0.plan.text == plan.text ? $0.method("full")?.settings.first?.losses.first : nil
        }
        let isFirst = plan.text == plans.first { $0.text.hasSuffix("bytes") }?.text
        guard isFirst, let nats = loss.first else { return nil }
        return "a byte of this text is worth about \(decimals(nats / 0.6931471805599453, 1)) bits to the full twin and "
          + "its entry holds \(entry)"
      }
    }
    return sentences.joined(separator: ", ") + "."
  }

  private static func bits(of alphabet: Int) -> String {
    let whole = Int.bitWidth - 1 - alphabet.leadingZeroBitCount
    return alphabet == 1 << whole ? "\(whole)" : "\(whole) to \(whole + 1)"
  }

  /// The commands that give the results again.
  private var commands: String {
    let runs = plans.map { plan -> String in
      let seeds = plan.runs.filter { results[$0.name] != nil }.map { $0.seed }.max() ?? 0
      let options = (0 < seeds && seeds < 5 ? " --seeds \(seeds)" : "") + plan.published.options
      return "loma budget run --recipe Docs/Recipes/\(plan.published.recipe) --results Docs/Budget --work /tmp/budget"
        + (options.isEmpty ? "" : " \\\n " + options)
    }
    let recipes = plans.map { "--recipe Docs/Recipes/\($0.published.recipe)" }
    return
      (runs + ["loma budget page \(recipes.joined(separator: " ")) \\\n  --results Docs/Budget --output Docs/Budget.md"])
      .joined(separator: "\n")
  }

  // MARK: - Who is ahead

  /// At every point of the longest texts, the method of each group that recites most, and LoMA.
  private var ranking: String {
    var rows: [[String]] = []
    for figure in longest {
      for point in BudgetPoint.all.dropFirst() {
        func best(_ isIn: (MethodFigures) -> Bool) -> String {
          var found: (name: String, tokens: Fraction, side: Bool)?
          for method in figure.methods where isIn(method) {
            guard let setting = method.standing(at: point, ofFull: figure.full) else { continue }
            let tokens = setting.tokens
            let median = tokens[middle(of: tokens.count)]
            if let found, found.tokens.value >= median.value { continue }
            found = (method.method, median, setting.lines.contains { $0.side * 10 > figure.full })
          }
          return found.map { "\(Self.shown($0.name)) \($0.tokens.percent)" + ($0.side ? ", dictionary aside" : "") }
            ?? "–"
        }
        rows.append([
          "\(figure.plan.words), n = \(figure.moment.length)", point.name, best { $0.method == "last" },
          best { $0.kind == .twin }, best { $0.kind == .trained && !$0.method.hasPrefix("loma") },
          best { $0.kind == .composition && !$0.method.contains("∘ loma") },
          best { $0.method.hasPrefix("loma") || $0.method.contains("∘ loma") },
        ])
      }
    }
    let head = [
      "text", "point", "last entries", "on the twin", "trained, not LoMA", "composition", "LoMA, composed or not",
    ]
    return MarkdownTable(head: head, rows: rows).text
  }

  // MARK: - What was lost

  /// One sentence a method, with how far its settings go.
  private var losses: String {
    var order: [String] = []
    for figure in longest {
      for method in figure.methods where method.method != "full" && !order.contains(method.method) {
        order.append(method.method)
      }
    }
    let head =
      ["method", "what it throws away"]
      + longest.flatMap { figure in
        ["all but 1 %, \(figure.plan.words)", "half of the tokens, \(figure.plan.words)"]
      }
    let rows = order.map { name in
      [Self.shown(name), MethodWords.lost(name)]
        + longest.flatMap { figure -> [String] in
          guard let method = figure.method(name) else { return ["not run", "not run"] }
          return [99, 50].map { share in
            method.leastBits(reciting: share).map { percentage($0, of: figure.full) } ?? "never"
          }
        }
    }
    return MarkdownTable(head: head, rows: rows).text
  }

  private var noise: String {
    let head = ["text", "held"] + BudgetPlan.noises.map { "σ = 0.\($0)" }
    var rows: [[String]] = []
    for plan in plans {
      for group in TrainedGroup.allCases {
        let found = plan.runs.filter { $0.group == group }.compactMap { results[$0.name]?.noise }
        guard !found.isEmpty else { continue }
        rows.append(
          [
            "\(plan.words), n = \(found[0].first?.length ?? 0)",
            group == .twin ? "full entries of the twin" : group.rawValue,
          ]
            + BudgetPlan.noises.map { sigma in
              let fractions = found.compactMap { lines in
                lines.first { $0.hundredths == sigma }.map {
                  Fraction(correct: $0.recited.correctTokens, total: $0.recited.tokens)
                }
              }.sorted { $0.value < $1.value }
              return Self.spread(fractions)
            })
      }
    }
    return MarkdownTable(head: head, rows: rows).text
  }

  private var systems: String {
    MarkdownTable(
      head: ["system", "here"],
      rows: MethodWords.systems.map { system in
        let measured = system.methods.filter { name in figures.contains { $0.method(name) != nil } }
        return [
          system.name,
          (measured.isEmpty ? "" : "measured as " + measured.map { Self.shown($0) }.joined(separator: ", ") + ". ")
            + system.words,
        ]
      }
    ).text
  }

  private var calibration: String {
    plans.flatMap { plan -> [String] in
      plan.runs.filter { $0.group == .twin }.compactMap { results[$0.name] }.prefix(1).map { result in
        "\(plan.words.capitalised), the same for every seed:\n\n```text\n"
          + result.calibration.joined(separator: "\n") + "\n```"
      }
    }.joined(separator: "\n\n")
  }

  /// A method's name in a table.
  static func shown(_ method: String) -> String { "`\(method)`" }

  /// The least, the median and the most of seeds; of one, with Wilson's interval.
  static func spread(_ fractions: [Fraction]) -> String {
    guard let least = fractions.first, let most = fractions.last else { return "–" }
    if fractions.count == 1 {
      let interval = least.interval
      return "\(least.percent) [\(Fraction.percent(interval.low)), \(Fraction.percent(interval.high))]"
    }
    return [least, fractions[middle(of: fractions.count)], most].map { $0.percent }.joined(separator: ", ")
  }
}

extension String {
  /// With a capital at its beginning.
  fileprivate var capitalised: String { prefix(1).uppercased() + dropFirst() }
}
