// EQB-2, EQB-3, EQB-7: the results of all seeds beside each other: methods in groups, their settings, and who stands
// where.

import LoMA
import LoMAPeers
import LoMAVectors

/// The three groups of a comparison, and the lines that all are held against (EQB-3).
package enum BudgetKind: Int, CaseIterable, Hashable, Sendable {
  /// Everything, nothing, and the last entries.
  case line
  /// One recipe, another memory or attention.
  case trained
  /// On the twin, after training.
  case twin
  /// One method's storage of another one's entries.
  case composition

  /// The group of a method by its name.
  package init(method: String) {
    if method == "full" || method == "last" {
      self = .line
    } else if method.contains("∘") || method.hasPrefix("quantised-") {
      self = .composition
    } else {
      self = TrainedGroup(rawValue: method) == nil ? .twin : .trained
    }
  }

  /// Above its lines in a table.
  package var title: String {
    switch self {
    case .line: "lines"
    case .trained: "trained"
    case .twin: "on the twin"
    case .composition: "compositions"
    }
  }
}

/// One setting with the results of its seeds.
package struct SeedLines: Hashable, Sendable {
  /// By rising seed.
  package let lines: [BudgetLine]

  /// The bits of the setting; where calibration gave seeds different ones, the most.
  package var bits: Int { lines.reduce(0) { max($0, $1.bits) } }
  package var peak: Int { lines.reduce(0) { max($0, $1.peak) } }
  package var parameters: String { lines.first?.parameters ?? "" }

  /// A measure of every seed, from the least to the most.
  package func fractions(_ measure: (RepetitionCount) -> (Int, Int)) -> [Fraction] {
    lines.map { line in
      let (correct, total) = measure(line.measured.recited)
      return Fraction(correct: correct, total: total)
    }.sorted { $0.value < $1.value }
  }

  /// Tokens recited.
  package var tokens: [Fraction] { fractions { ($0.correctTokens, $0.tokens) } }
  /// Chunks recited.
  package var chunks: [Fraction] { fractions { ($0.correctChunks, $0.chunks) } }
  /// The next chunk's losses, from the least.
  package var losses: [Double] { lines.compactMap { $0.measured.loss }.sorted() }
}

/// The place of the middle of sorted values; of an even number the lower of the two.
func middle(of count: Int) -> Int { (count - 1) / 2 }

/// A method with all its settings at one moment.
package struct MethodFigures: Hashable, Sendable {
  package let method: String
  /// In the order of the list.
  package let settings: [SeedLines]

  package var kind: BudgetKind { BudgetKind(method: method) }

  /// The setting that stands at a point; nil if none does.
  package func standing(at point: BudgetPoint, ofFull full: Int) -> SeedLines? {
    point.standing(settings.map { $0.bits }, ofFull: full).map { settings[$0] }
  }

  /// The least bits at which a setting and all larger ones recite at least a share of the tokens, in the median; nil if
  /// the largest does not.
  package func leastBits(reciting hundredths: Int) -> Int? {
    var least: Int?
    for setting in settings.sorted(by: { ($0.bits, $0.parameters) > ($1.bits, $1.parameters) }) {
      let tokens = setting.tokens
      let median = tokens[middle(of: tokens.count)]
      guard median.correct * 100 >= median.total * hundredths else { break }
      least = setting.bits
    }
    return least
  }
}

/// Every method at one moment of one text.
package struct MomentFigures: Sendable {
  package let plan: BudgetPlan
  package let moment: BudgetMoment
  /// The bits of the full twin.
  package let full: Int
  /// By group, then in the order of the runs and lists.
  package let methods: [MethodFigures]

  /// What the results say of a moment.
  package init(
    _ plan: BudgetPlan, _ moment: BudgetMoment, results: [String: BudgetResult]
  ) throws(TrainingError) {
    self.plan = plan
    self.moment = moment
    let old = plan.basis.configuration
    do {
      full = try moment.fullBits(
        layers: old.layers, keyValueHeads: old.heads.keyValue, dimension: old.heads.dimension)
    } catch { throw .latent(.peer(error)) }
    var order: [String] = []
    var found: [String: (parameters: [String], lines: [String: [BudgetLine]])] = [:]
    for run in plan.runs {
      for line in results[run.name]?.lines ?? [] where line.length == moment.length {
        if found[line.method] == nil { order.append(line.method) }
        var entry = found[line.method] ?? ([], [:])
        if entry.lines[line.parameters] == nil { entry.parameters.append(line.parameters) }
        entry.lines[line.parameters, default: []].append(line)
        found[line.method] = entry
      }
    }
    let all = order.map { method in
      let entry = found[method] ?? ([], [:])
      return MethodFigures(
        method: method, settings: entry.parameters.map { SeedLines(lines: entry.lines[$0] ?? []) })
    }
    methods = BudgetKind.allCases.flatMap { kind in all.filter { $0.kind == kind } }
  }

  /// A method by its name.
  package func method(_ name: String) -> MethodFigures? { methods.first { $0.method == name } }
}
