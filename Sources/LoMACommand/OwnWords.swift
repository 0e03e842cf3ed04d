// The words of a run on a model: what is decidable, what was found, and how far a port is right (OWN-8).

import LoMAConformance
import LoMAJudgement
import LoMAOwnModel
import LoMAOwnRun
import LoMAVectors

/// The text on a judged run.
struct OwnWords {
  private let record: RunRecord
  private let run: OwnRun

  init(_ record: RunRecord, _ run: OwnRun) {
    self.record = record
    self.run = run
  }

  /// One line of progress of a yardstick.
  static func line(of progress: OwnProgress, _ elapsed: Duration) -> String {
    let share = min(max(progress.done, 0), 1)
    let seconds = Double(elapsed.components.seconds)
    let left = share > 0.01 ? " · \(duration(seconds / share * (1 - share))) left" : ""
    return "\(progress.text): \(progress.step) · \(Int(share * 100)) %\(left)"
  }

  /// Which alternatives a right port's roundings leave visible, by element type.
  static func table(_ computation: OwnComputation, capturing: Bool) -> String {
    let types = computation.plan.types
    let tables = types.map { type in computation.yardsticks.map { $0.decidability(type) } }
    var lines = types.compactMap { type in
      computation.yardsticks.compactMap { $0.isChaotic(type) }.first.map {
        "\(type.word): the whole model is chaotic in this type, single layers decide: \($0)"
      }
    }
    let rows = computation.plan.alternatives.map { alternative in
      [alternative.id]
        + tables.map { texts in
          let cells = texts.compactMap { table in table.first { $0.alternative == alternative } }
          if cells.isEmpty { return "–" }
          if cells.contains(where: { $0.isDecidable(capturing: capturing) }) { return "yes" }
          return cells.compactMap { $0.smallestSigma(capturing: capturing) }.min().map { "no, σ \(significant($0, 2))" }
            ?? "no"
        } + [alternative.sentence]
    }
    if !rows.isEmpty {
      lines += columns([["decidable"] + types.map(\.word) + ["a port that says"]] + rows)
    }
    return lines.joined(separator: "\n")
  }

  /// The complete output and the exit code.
  var outcome: Outcome {
    let results = record.results
    let wrong = results.filter { $0.verdict.isWrong || $0.verdict == .suspect }
    var output = wrong.prefix(Self.fullLimit).map { block(of: $0) }.joined()
    if wrong.count > Self.fullLimit { output += "\(wrong.count - Self.fullLimit) more are wrong or suspect\n\n" }
    output += units + "\n"
    output += record.footer.diagnosis.map { $0.whole + "\n" }.joined()
    output += "\n" + (record.notes + [record.lastLine]).map { $0.whole + "\n" }.joined()
    return Outcome(output: output, exitCode: ExitCode(rawValue: record.claims.exitCode) ?? .fault)
  }

  /// The number of wrong units shown in full.
  private static let fullLimit = 4

  private func block(of result: CaseResult) -> String {
    var lines = ["\(result.verdict.rawValue)  \(result.id) \(result.dtype)"]
    // Where nothing was answered, the question is not to blame.
    let isJudged = result.verdict == .fail || result.verdict == .suspect
    if isJudged, !result.hunts.isEmpty { lines.append("  hunts: \(result.hunts)") }
    if !result.why.isEmpty { lines.append("  why: \(result.why.whole)") }
    if let finding = result.finding {
      lines.append("  where: \(finding.tensor.onOneLine)\(finding.index) \(finding.place)")
      lines += ["  got:  \(finding.got)", "  want: \(finding.want)"]
      lines.append("  error / bound: \(finding.ratio.isFinite ? significant(finding.ratio, 2) : "infinite")")
    }
    // What is said of all answers together stands in the last lines.
    if result.id != OwnRun.together { lines += result.diagnosis.map { "  \($0.onOneLine)" } }
    let said = result.standardError.split(whereSeparator: \.isNewline).suffix(5)
    if result.finding == nil, !said.isEmpty { lines += ["  it said:"] + said.map { "    \(String($0).onOneLine)" } }
    if result.id != OwnRun.together { lines.append("  again: \(record.header.again(result))") }
    return lines.joined(separator: "\n") + "\n\n"
  }

  /// One line per question, one column per element type.
  private var units: String {
    let types = run.computation.dtypes
    var order: [String] = []
    var cells: [String: [String: String]] = [:]
    for result in record.results {
      if cells[result.id] == nil { order.append(result.id) }
      cells[result.id, default: [:]][result.dtype] = Self.cell(result)
    }
    let rows = order.map { id in [id] + types.map { cells[id]?[$0] ?? "" } }
    return columns([["unit"] + types] + rows).map { $0 + "\n" }.joined()
  }

  private static func cell(_ result: CaseResult) -> String {
    let word =
      switch result.verdict {
      case .pass: "right"
      case .fail: "wrong"
      default: result.verdict.rawValue
      }
    guard let worst = result.tensors.map(\.ratio).max() else { return word }
    return "\(word) \(worst.isFinite ? significant(worst, 2) : "infinite")"
  }
}

extension OwnDecidability {
  /// The smallest σ that counts; nil if the alternative changes nothing.
  func smallestSigma(capturing: Bool) -> Double? { [logits, capturing ? contexts : nil].compactMap { $0 }.min() }
}
