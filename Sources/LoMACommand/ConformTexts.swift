// The output of `loma conform`: what went wrong and where, the claims, and a summary in one line.

import LoMAConformance
import LoMAJudgement
import LoMASuite
import LoMAVectors

/// The text on a judged run.
struct ConformTexts {
  /// The number of wrong units shown in full; each further one takes one line.
  private static let fullLimit = 20
  private let results: [CaseResult]
  private let options: ConformOptions
  private let diagnosis: [String]
  private let claims: Claims
  private let notes: [String]
  private let lastLine: String
  /// The part of the vectors.
  private let part: Part

  init(_ run: RunRecord, options: ConformOptions) {
    diagnosis = run.footer.diagnosis
    results = run.results
    self.options = options
    claims = run.claims
    notes = run.notes
    lastLine = run.lastLine
    part = run.header.part
  }

  /// One line of progress.
  static func line(of progress: Runner.Progress) -> String {
    let left = progress.secondsLeft.map { " · \(Int($0.rounded(.up))) s left" } ?? ""
    return "\(progress.done)/\(progress.total)\(left) · \(progress.current)"
  }

  private var exitCode: ExitCode { ExitCode(rawValue: claims.exitCode) ?? .fault }

  /// The complete output and the exit code.
  var outcome: Outcome {
    let wrong = results.filter { $0.verdict.isWrong }
    var output = wrong.prefix(Self.fullLimit).map { block(of: $0) }.joined()
    for result in wrong.dropFirst(Self.fullLimit) {
      output += "\(result.verdict.rawValue)  \(result.id) \(result.dtype): \(result.why.onOneLine)\n"
    }
    if !wrong.isEmpty { output += "\n" }
    output += table
    if !diagnosis.isEmpty { output += "\n" + diagnosis.map { $0.whole + "\n" }.joined() }
    output += "\n" + (notes + [lastLine]).map { $0.whole + "\n" }.joined()
    var outcome = Outcome(output: output, exitCode: exitCode)
    if results.isEmpty { outcome.complaint = "loma: conform: no unit is selected" }
    return outcome
  }

  /// A wrong unit: the mistake it hunts, where it is wrong, and how to ask it again.
  private func block(of result: CaseResult) -> String {
    var lines = ["\(result.verdict.rawValue)  \(result.id) \(result.dtype)", "  hunts: \(result.hunts)"]
    if !result.why.isEmpty { lines.append("  why: \(result.why.onOneLine)") }
    if let finding = result.finding {
      lines.append("  where: \(finding.tensor)\(finding.index) \(finding.place)")
      lines += ["  got:  \(finding.got)", "  want: \(finding.want)"]
      if let (count, all) = result.wrongElements {
        if all > 1 { lines.append("  wrong: \(count) of \(all)") }
      } else if finding.ratio.isFinite {
        lines.append("  error / bound: \(finding.ratio)")
      }
    }
    lines += result.diagnosis.map { "  \($0.onOneLine)" }
    lines.append("  clauses: \(result.orderedClauses.joined(separator: " "))")
    let said = result.standardError.split(whereSeparator: \.isNewline).suffix(5)
    if result.finding == nil, !said.isEmpty { lines += ["  it said:"] + said.map { "    \(String($0).onOneLine)" } }
    lines.append("  again: \(replay(of: result))")
    return lines.joined(separator: "\n") + "\n\n"
  }

  private func replay(of result: CaseResult) -> String {
    options.replay(options.source(of: result, part), keep: "/tmp/\(result.id)").line(result.id, result.dtype)
  }

  /// One line for all profiles of a level and element type whose claims have the same status, unless it is `not met` or
  /// `open`; one line for every other claim.
  /// for every other claim.
  private var table: String {
    struct Key: Hashable {
      let level: String
      let dtype: String
      let status: Claims.Status
      let profile: String?
    }
    var order: [Key] = []
    var groups: [Key: (profiles: [String], counts: [Verdict: Int])] = [:]
    for cell in claims.cells {
      let isTrouble = cell.status == .notMet || cell.status == .open
      let key = Key(
        level: cell.level, dtype: cell.dtype, status: cell.status, profile: isTrouble ? cell.profile : nil)
      if groups[key] == nil { order.append(key) }
      groups[key, default: ([], [:])].profiles.append(cell.profile)
      groups[key, default: ([], [:])].counts.merge(cell.counts) { $0 + $1 }
    }
    let rows = order.map { key in
      let (profiles, counts) = groups[key] ?? ([], [:])
      let text = Verdict.allCases.compactMap { verdict in counts[verdict].map { "\($0) \(verdict.rawValue)" } }
      let name = profiles.count == 1 ? profiles[0] : "\(profiles.count) profiles"
      return [key.level, key.dtype, name, key.status.rawValue, text.joined(separator: ", ")]
    }
    return columns([["level", "dtype", "profile", "claim", "units"]] + rows).map { $0 + "\n" }.joined()
  }
}

extension ConformOptions {
  /// The options that find the vectors of part II again, none for part I, whose vectors are the usual ones; and those
  /// that draw a fresh case again.
  func source(of result: CaseResult, _ part: Part) -> [String] {
    let vectors = part == .loma ? [] : arguments["--vectors"].map { ["--vectors", $0] } ?? []
    return vectors
      + (FreshCases.named(result.id).map { ["--fresh", "\($0.cases.seed)", "--cases", "\($0.index + 1)"] } ?? [])
  }

  /// The command that asks a unit again with this candidate.
  func replay(_ source: [String], keep: String?) -> Replay { Replay(source: source, keep: keep, command: command) }
}
