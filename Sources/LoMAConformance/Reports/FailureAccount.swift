// RUN-25: the summary that opens every report: why units are wrong, what to do, and which belong together.

import LoMAJudgement
import LoMAVectors

/// The summary of a run: one line, what to do, the unit to look at, and the wrong units in groups.
package struct FailureAccount: Equatable, Sendable {
  /// Wrong units of one level and operation with the same verdict, and with the same wrong tensor or the same reason.
  package struct Group: Equatable, Sendable {
    package let level: String
    package let op: String
    package let verdict: Verdict
    /// The tensor of the finding; nil without a finding.
    package let tensor: String?
    /// The reason of its first unit.
    package let why: String
    /// The units, by their places in the run.
    package fileprivate(set) var units: [Int]
    /// Their cases, without repetition.
    package fileprivate(set) var cases: [String]
    /// The lines of diagnosis that most of its units share, at most three.
    package fileprivate(set) var diagnosis: [String]
  }

  /// The first line: how much is wrong, and the likely cause if one is known.
  package let headline: String
  /// Further remarks on all wrong answers, and the demands that are not met.
  package let causes: [String]
  /// What to do about it, in order.
  package let advice: [String]
  /// The place of the unit that shows the mistake best; nil if nothing is wrong.
  package let unit: Int?
  /// The wrong units, lowest level first.
  package let groups: [Group]

  /// The summary of a finished run.
  package init(_ run: RunRecord) {
    let results = run.results
    let wrong = results.indices.filter { results[$0].verdict.isWrong }
    let level = wrong.map { Self.rank(results[$0].level) }.min() ?? 0
    let lowest = wrong.filter { Self.rank(results[$0].level) == level }
    groups = Self.groups(wrong, of: results)
    unit = lowest.min { Self.order(results[$0], $0) < Self.order(results[$1], $1) }
    let lines = run.footer.diagnosis + run.notes
    let named = lines.filter { Self.cause($0) != nil }
    let count = Self.count(run, wrong: wrong)
    if named.count == 1, let cause = Self.cause(named[0]) {
      headline = "\(count), most likely one cause: \(cause)"
      causes = lines.filter { $0 != named[0] && !Self.isInstruction($0) }
    } else {
      headline = named.isEmpty ? count : "\(count), most likely \(named.count) causes"
      causes = lines.filter { !Self.isInstruction($0) }
    }
    advice = Self.advice(lines, results, lowest)
  }

  /// The rank of a level, structure first; unknown levels come last.
  private static func rank(_ level: String) -> Int {
    Level.allCases.map(\.rawValue).firstIndex(of: level) ?? Level.allCases.map(\.rawValue).count
  }

  /// Orders units by how well they show the mistake, best first: a clear finding, a picture, few cells, early in the
  /// run.
  private static func order(_ result: CaseResult, _ place: Int) -> (Int, Int, Int, Int) {
    let isClear = (result.finding?.ratio ?? 0) >= CaseResult.clearRatio
    let size = result.divergence.map { $0.rows * $0.columns } ?? .max
    return (result.verdict == .knownFailure ? 1 : 0, isClear ? 0 : 1, size, place)
  }

  /// The cause that a line of diagnosis names (RUN-30); nil if it names none.
  private static func cause(_ line: String) -> String? {
    for start in ["most likely: ", "and most likely: "] where line.hasPrefix(start) {
      return String(line.dropFirst(start.count))
    }
    return nil
  }

  private static func isInstruction(_ line: String) -> Bool {
    line.hasPrefix("every wrong answer that was looked into follows the profile")
  }

  private static func count(_ run: RunRecord, wrong: [Int]) -> String {
    let results = run.results
    let cases = Set(wrong.filter { results[$0].verdict != .knownFailure }.map { results[$0].id }).count
    let known = wrong.count { results[$0].verdict == .knownFailure }
    let open = results.count { $0.verdict == .notRun }
    var parts: [String] = []
    if wrong.count > known { parts.append("\(plural(wrong.count - known, "failure")) in \(plural(cases, "case"))") }
    if known > 0 { parts.append(plural(known, "known failure")) }
    let suspect = results.count { $0.verdict == .suspect }
    if suspect > 0 { parts.append("\(plural(suspect, "unit")) suspect") }
    if open > 0 { parts.append("\(plural(open, "unit")) not asked") }
    let unmet = run.claims.unmetDemands.count
    if unmet > 0 { parts.append("\(plural(unmet, "demand")) not met") }
    if run.footer.interrupted { parts.append("the run was interrupted") }
    if !parts.isEmpty { return parts.joined(separator: ", ") }
    let passed = results.count { $0.verdict == .pass }
    let rest = results.count - passed
    if results.isEmpty { return "no unit was asked" }
    return rest == 0
      ? "nothing is wrong: all \(plural(passed, "unit")) passed"
      : "nothing is wrong: \(plural(passed, "unit")) passed, \(rest) unsupported or indeterminate"
  }

  private static func plural(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

  private static func advice(_ lines: [String], _ results: [CaseResult], _ lowest: [Int]) -> [String] {
    guard let first = lowest.first else { return [] }
    var advice = lines.filter { isInstruction($0) }
    if !advice.isEmpty { return advice }
    let (level, count) = (results[first].level, lowest.count)
    let above = results.count { $0.verdict.isWrong } - count
    advice.append(
      above > 0
        ? "begin with level \(level), \(count == 1 ? "one unit" : "\(count) units") of it "
          + "\(count == 1 ? "is" : "are") wrong: what is wrong above may follow from it"
        : "all that is wrong is of level \(level)")
    let start = "the first stage that diverges is"
    let traced = results.first { $0.verdict.isWrong && $0.diagnosis.contains { $0.hasPrefix(start) } }
    if let traced, let line = traced.diagnosis.first(where: { $0.hasPrefix(start) }),
      !lines.contains(where: { $0.contains(start) })
    {
      advice.append("\(traced.id): \(line)")
    }
    return advice
  }

  private static func groups(_ wrong: [Int], of results: [CaseResult]) -> [Group] {
    struct Key: Hashable {
      let level: String
      let op: String
      let verdict: Verdict
      let what: String
    }
    var order: [Key] = []
    var groups: [Key: Group] = [:]
    var seen: [Key: Set<String>] = [:]
    for place in wrong {
      let result = results[place]
      let key = Key(
        level: result.level, op: result.op, verdict: result.verdict,
        what: result.finding?.tensor ?? String(result.why.unicodeScalars.prefix(200).map(Character.init)))
      if groups[key] == nil { order.append(key) }
      groups[
        key,
        default: Group(
          level: result.level, op: result.op, verdict: result.verdict, tensor: result.finding?.tensor,
          why: result.why, units: [], cases: [], diagnosis: [])
      ].units.append(place)
      if seen[key, default: []].insert(result.id).inserted { groups[key]?.cases.append(result.id) }
    }
    // By level, and within a level in the order of the run.
    let places = order.enumerated().sorted {
      (rank($0.element.level), $0.offset) < (rank($1.element.level), $1.offset)
    }
    return places.compactMap { place in
      guard var group = groups[place.element] else { return nil }
      group.diagnosis = shared(group.units.map { results[$0].diagnosis })
      return group
    }
  }

  /// The lines that occur in most of the lists, at most three.
  private static func shared(_ lists: [[String]]) -> [String] {
    var (counts, order): ([String: Int], [String]) = ([:], [])
    for line in lists.joined() {
      if counts[line] == nil { order.append(line) }
      counts[line, default: 0] += 1
    }
    let ranked = order.enumerated().sorted {
      (-counts[$0.element, default: 0], $0.offset) < (-counts[$1.element, default: 0], $1.offset)
    }
    return ranked.prefix(3).map(\.element)
  }
}

extension FailureAccount.Group {
  /// The group on one line.
  var title: String {
    "\(level), \(op): " + (tensor.map { "\($0) is wrong" } ?? (why.isEmpty ? verdict.rawValue : why.onOneLine))
  }
}

extension FailureAccount {
  /// The group as written in report.json.
  func json(_ run: RunRecord) -> JSONValue {
    .members([
      .init("headline", .string(headline)), .init("advice", .strings(advice)),
      .init(
        "unit",
        unit.map { place in
          let result = run.results[place]
          return .members([
            .init("id", .string(result.id)), .init("dtype", .string(result.dtype)),
            .init("again", .string(run.header.replay(result))),
          ])
        } ?? .null),
      .init("groups", .array(groups.map { $0.json })),
    ])
  }

  /// The summary as text: the first line, the remarks, what to do, and the groups.
  func lines(_ run: RunRecord) -> [String] {
    var lines = [headline] + causes + advice
    if let unit { lines.append("again: \(run.header.replay(run.results[unit]))") }
    for group in groups {
      let units = group.units.count == 1 ? "1 unit" : "\(group.units.count) units"
      lines.append("\(units) \(group.verdict.rawValue), \(group.title); \(group.cases[0])")
    }
    return lines
  }
}

extension FailureAccount.Group {
  var json: JSONValue {
    .members([
      .init("level", .string(level)), .init("op", .string(op)), .init("verdict", .string(verdict.rawValue)),
      .init("tensor", .string(orNull: tensor)), .init("why", .string(why)), .init("units", .integer(units.count)),
      .init("cases", .strings(cases)), .init("diagnosis", .strings(diagnosis)),
    ])
  }
}
