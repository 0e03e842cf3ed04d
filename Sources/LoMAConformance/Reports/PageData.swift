// RUN-25: a run as stored in report.html for its script to draw; every text is stored once.

import LoMAJudgement
import LoMAVectors

struct PageData {
  /// The maximum size of the pictures in bytes; there is one per case, of its first wrong element type, in the order of
  /// groups.
  static let pictureLimit = 160 << 10
  /// The maximum size in bytes of findings, diagnoses and standard error.
  static let textLimit = 1 << 20
  /// The number of characters shown of the end of standard error.
  static let errorLimit = 2000

  private var words = WordList()
  private var pictureSize = 0
  private let run: RunRecord
  private let account: FailureAccount
  private let texts: @Sendable (String) -> CaseLayout?

  init(_ run: RunRecord, _ account: FailureAccount, texts: @escaping @Sendable (String) -> CaseLayout?) {
    self.run = run
    self.account = account
    self.texts = texts
  }

  /// The data as JSON that can be embedded in an HTML element.
  mutating func markup() -> Markup {
    let failures = self.failures()
    let cases = self.cases()
    let units = self.units(cases.places, failures.places)
    let groups = account.groups.map { group in
      JSONValue.array([.string(group.title.printable), .array(group.diagnosis.map { words.add($0) })])
    }
    let value = JSONValue.members([
      .init("words", .array(words.words.map { .string($0.printable) })), .init("cases", .array(cases.values)),
      .init("units", .array(units)), .init("failures", .array(failures.values)),
      .init("groups", .array(groups)),
      .init("unit", .integer(orNull: account.unit)), .init("again", .string(run.header.replay.end.printable)),
    ])
    return Markup(json: value.line)
  }

  private mutating func cases() -> (values: [JSONValue], places: [String: Int]) {
    var places: [String: Int] = [:]
    var values: [JSONValue] = []
    for result in run.results where places[result.id] == nil {
      places[result.id] = values.count
      values.append(
        .array([
          words.add(result.id), words.add(result.level), words.add(result.op), words.add(result.profile),
          words.add(result.hunts), words.add(result.clauses.joined(separator: " ")),
          words.add(run.header.replay.start(result.id)),
        ]))
    }
    return (values, places)
  }

  /// Every unit: case, element type, verdict, its colour, error/bound, seconds, reason, group and failure.
  private mutating func units(_ cases: [String: Int], _ failures: [Int: Int]) -> [JSONValue] {
    var groups: [Int: Int] = [:]
    for (group, value) in account.groups.enumerated() {
      for unit in value.units { groups[unit] = group }
    }
    return run.results.enumerated().map { place, result in
      let worst = result.tensors.map { $0.ratio }.max()
      return .array([
        .integer(cases[result.id] ?? 0), words.add(result.dtype), words.add(result.verdict.rawValue),
        words.add(result.verdict.tone), words.add(worst.map { short($0) } ?? ""), words.add(decimal(result.seconds)),
        words.add(result.why), .integer(orNull: groups[place]), .integer(orNull: failures[place]),
      ])
    }
  }

  private mutating func failures() -> (values: [JSONValue], places: [Int: Int]) {
    var (values, places): ([JSONValue], [Int: Int]) = ([], [:])
    var drawn: Set<String> = []
    // The failure that is shown in full comes first, so that it always has room.
    let all = account.groups.flatMap(\.units)
    for unit in [account.unit].compactMap({ $0 }) + all where places[unit] == nil && words.size < Self.textLimit {
      places[unit] = values.count
      values.append(failure(run.results[unit], isDrawn: drawn.insert(run.results[unit].id).inserted))
    }
    return (values, places)
  }

  private mutating func failure(_ result: CaseResult, isDrawn: Bool) -> JSONValue {
    var members: [JSONObject.Member] = []
    if let finding = result.finding {
      let index = finding.index.map(String.init).joined(separator: ", ")
      let finding = ["\(finding.tensor)[\(index)]", finding.place, finding.got, finding.want, short(finding.ratio)]
      members.append(.init("finding", .array(finding.map { words.add($0) })))
    }
    if !result.diagnosis.isEmpty {
      members.append(.init("diagnosis", .array(result.diagnosis.map { words.add($0) })))
    }
    if !result.standardError.isEmpty {
      let end = String(String.UnicodeScalarView(result.standardError.unicodeScalars.suffix(Self.errorLimit)))
      members.append(.init("errors", words.add(end)))
    }
    if isDrawn, pictureSize < Self.pictureLimit {
      let texts = texts(result.id)
      if let caption = texts?.caption { members.append(.init("texts", words.add(caption))) }
      if let drawing = Drawing(result, texts: texts)?.json(&words) {
        pictureSize += drawing.line.utf8.count
        members.append(.init("drawing", drawing))
      }
    }
    return .members(members)
  }
}
