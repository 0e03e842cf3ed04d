// EQB-2, EQB-5…EQB-7: the tables and plots of one moment.

import LoMAPeers
import LoMAVectors

extension BudgetPage {
  /// The section of a moment: who stands where, plots, and on the longest texts every setting.
  func section(_ figure: MomentFigures) -> String {
    let (plan, moment) = (figure.plan, figure.moment)
    let isLongest = plan.moments.last == moment
    let hasLoss = plan.hasLoss(at: moment)
    var parts = [
      "## \(Self.title(plan)), n = \(moment.length)",
      "A full cache holds \(figure.full) bits for \(moment.chunks) chunks of \(moment.chunkLength). "
        + "Tokens recited, by the largest setting that does not exceed the point"
        + (seeds(figure) == 1
          ? "; one seed, which is provisional, with its 95 % interval." : "; least, median and most of seeds."),
      points(figure) { Self.spread($0.tokens) },
    ]
    if hasLoss {
      parts += [
        "The mean loss of the next \(moment.chunkLength) tokens, in nats, at the same settings; the lines that every "
          + "method is held against come first"
          + (nothing(figure).map { "; with nothing held it is \(decimals($0, 3))" } ?? "") + ".",
        points(figure) { setting in
          Self.median(setting.losses).map { decimals($0, 3) } ?? "–"
        },
      ]
    } else {
      parts.append(
        plan.basis.settings.objective == .both
          ? "The loss of the next chunk is measured at the shorter n: training knew no chunk behind this one."
          : "There is no loss of the next chunk: the text is random, and training had no such loss.")
    }
    parts += plots(figure).map { file in "![\(alternative(figure, file))](\(link)/\(file.name))" }
    if isLongest { parts += ["### Every setting, n = \(moment.length), \(plan.words)", settings(figure)] }
    return parts.joined(separator: "\n\n") + "\n"
  }

  private static func title(_ plan: BudgetPlan) -> String {
    switch plan.text {
    case "random": "Random text"
    case "bytes": "Bytes"
    default: "Long bytes"
    }
  }

  private func seeds(_ figure: MomentFigures) -> Int {
    figure.methods.flatMap { $0.settings }.map { $0.lines.count }.max() ?? 0
  }

  /// A table of methods and points.
  private func points(_ figure: MomentFigures, _ cell: (SeedLines) -> String) -> String {
    let head = ["group", "method"] + BudgetPoint.all.map { $0.name }
    let rows = figure.methods.map { method in
      [method.kind.title, Self.shown(method.method)]
        + BudgetPoint.all.map { point in method.standing(at: point, ofFull: figure.full).map(cell) ?? "–" }
    }
    return MarkdownTable(head: head, rows: rows).text
  }

  /// A table of every setting.
  private func settings(_ figure: MomentFigures) -> String {
    var rows: [[String]] = []
    for method in figure.methods {
      for setting in method.settings {
        let found = setting.lines.map { $0.found }.filter { !$0.isEmpty }
        rows.append([
          Self.shown(method.method),
          [setting.parameters, found.isEmpty ? "" : "(" + Self.unique(found).joined(separator: "; ") + ")"]
            .filter { !$0.isEmpty }.joined(separator: " "),
          percentage(setting.bits, of: figure.full), percentage(setting.peak, of: figure.full),
          setting.lines.first.map { $0.side == 0 ? "0" : percentage($0.side, of: figure.full) } ?? "",
          Self.spread(setting.tokens), Self.spread(setting.chunks),
        ])
      }
    }
    return MarkdownTable(
      head: ["method", "setting", "bits", "peak", "side", "tokens recited", "chunks recited"], rows: rows
    ).text
  }

  private static func unique(_ words: [String]) -> [String] {
    words.indices.filter { !words[..<$0].contains(words[$0]) }.map { words[$0] }
  }

  // MARK: - Plots

  /// The groups that have plots of their own; the last entries and LoMA are in each.
  private static let plotted: [(kind: BudgetKind, name: String, words: String)] = [
    (.twin, "twin", "methods on the twin"), (.trained, "trained", "trained groups"),
    (.composition, "compositions", "compositions"),
  ]

  /// The plots of a moment.
  func plots(_ figure: MomentFigures) -> [PlotFile] {
    let measures: [(name: String, words: String, isLoss: Bool)] =
      [("tokens", "tokens recited, in per cent, median of seeds", false)]
      + (figure.plan.hasLoss(at: figure.moment)
        ? [("loss", "loss of the next \(figure.moment.chunkLength) tokens, in nats, median of seeds", true)] : [])
    return measures.flatMap { measure in
      Self.plotted.compactMap { side -> PlotFile? in
        let methods = figure.methods.filter { method in
          let kind = method.kind
          return kind == side.kind || method.method == "last" || method.method == TrainedGroup.loma.rawValue
        }
        let lines = methods.map { line($0, figure, isLoss: measure.isLoss) }.filter { !$0.points.isEmpty }
        guard !lines.isEmpty else { return nil }
        let title =
          Self.title(figure.plan) + ", n = \(figure.moment.length): "
          + side.words
        let losses = lines.flatMap { $0.points.map { $0.value } }
        let plot = BudgetPlot(
          title: title, measure: measure.words,
          values: measure.isLoss ? Self.range(of: losses, marks(figure).map { $0.value }) : 0...100,
          marks: measure.isLoss ? marks(figure) : [], lines: lines)
        return PlotFile(
          name: "\(figure.plan.text)-\(figure.moment.length)-\(measure.name)-\(side.name).svg",
          source: plot.source)
      }
    }
  }

  /// The loss of the next chunk with nothing held, in the median of seeds.
  private func nothing(_ figure: MomentFigures) -> Double? {
    Self.median(figure.method("last")?.settings.first { $0.bits == 0 }?.losses ?? [])
  }

  /// The lines of the full twin and of nothing held.
  private func marks(_ figure: MomentFigures) -> [(value: Double, words: String)] {
    let full = Self.median(figure.method("full")?.settings.first?.losses ?? [])
    return [(full, "full twin"), (nothing(figure), "nothing held")].compactMap { value, words in
      value.map { ($0, words) }
    }
  }

  /// The lower median of ascending numbers; nil if there are none.
  private static func median(_ ascending: [Double]) -> Double? {
    ascending.isEmpty ? nil : ascending[middle(of: ascending.count)]
  }

  private static func range(of values: [Double], _ marks: [Double]) -> ClosedRange<Double> {
    let all = values + marks
    let (least, most) = (all.min() ?? 0, all.max() ?? 1)
    return (least * 20).rounded(.down)
      / 20...max((most * 20).rounded(.up) / 20, (least * 20).rounded(.down) / 20 + 0.05)
  }

  private func line(_ method: MethodFigures, _ figure: MomentFigures, isLoss: Bool) -> PlotLine {
    let points = method.settings.filter { $0.bits > 0 }.compactMap { setting -> (share: Double, value: Double)? in
      let share = Double(setting.bits) / Double(figure.full)
      if isLoss {
        let losses = setting.losses
        return losses.isEmpty ? nil : (share, losses[middle(of: losses.count)])
      }
      let tokens = setting.tokens
      return (share, 100 * tokens[middle(of: tokens.count)].value)
    }
    return PlotLine(name: method.method, kind: method.kind, points: points)
  }

  private func alternative(_ figure: MomentFigures, _ file: PlotFile) -> String {
    let isLoss = file.name.contains("-loss-")
    return (isLoss ? "Loss of the next chunk" : "Tokens recited") + " against bits held, n = \(figure.moment.length), "
      + (Self.plotted.first { file.name.hasSuffix("-\($0.name).svg") }?.words ?? "")
      + "; the numbers are in the table above"
  }
}
