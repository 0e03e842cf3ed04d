// What `loma clause` says: all about one clause, or a line for every clause.

import LoMAVectors

/// Clauses for a person.
package enum ClauseText {
  /// The longest line of a listing.
  private static let width = 120
  /// How many cases are named.
  private static let caseCount = 5

  /// A line per clause and decision: id and title.
  package static func list(_ index: ClauseIndex) -> String {
    let width = index.entries.map { $0.statement.id.count }.max() ?? 0
    return index.entries.map { entry in
      padded(entry.statement.id, to: width) + "  " + entry.statement.title + "\n"
    }.joined()
  }

  /// All about one clause, or nil if there is none of this id.
  package static func text(of id: String, in index: ClauseIndex) -> String? {
    guard let entry = index[id] else { return nil }
    let statement = entry.statement
    var text = "\(statement.id) \(statement.title)\n\(statement.path):\(statement.line)\n\n"
    text += statement.body.map { $0.isEmpty ? "\n" : "  \($0)\n" }.joined()
    text += section("code", entry.code)
    text += section("tests", entry.tests)
    text += cases(entry)
    text += section("mutants", entry.mutants.map { "\($0.id)  \($0.sentence)" })
    text += section("breaks", entry.breaks)
    return text
  }

  /// The clauses that a case or a mutant cites, or nil if there is none of this id.
  package static func text(citedBy id: String, in index: ClauseIndex) -> String? {
    guard let cited = index.cited(by: id) else { return nil }
    let sentence = cited.sentence.map { ": " + $0 } ?? ""
    let lines = cited.clauses.map { id in id + (index[id].map { "  " + $0.statement.title } ?? "") }
    return "\(id) is the id of a \(cited.kind)\(sentence)\n" + section("it cites clauses", lines)
  }

  private static func cases(_ entry: ClauseIndex.Entry) -> String {
    var lines: [String] = []
    for part in Part.allCases {
      let own = entry.cases.filter { $0.part == part }
      lines += own.prefix(caseCount).map { $0.id }
      guard own.count > caseCount else { continue }
      let option = part == .loma ? "" : " --part \(part.rawValue)"
      lines.append("… loma list\(option) --clause \(entry.statement.id) lists all \(own.count)")
    }
    if !entry.idleCases.isEmpty {
      let count = entry.idleCases.count
      lines.append("\(count) more \(count == 1 ? "cites" : "cite") it and cannot fail it:")
      lines += entry.idleCases.map { "  " + $0 }
    }
    return section("cases", lines, count: entry.cases.count)
  }

  /// Places below each other, their texts beside them.
  private static func section(_ title: String, _ places: [ClauseIndex.CitedPlace]) -> String {
    let names = places.map { "\($0.path):\($0.line)" }
    let width = names.map { $0.count }.max() ?? 0
    return section(title, zip(names, places).map { padded($0, to: width) + "  " + $1.text })
  }

  private static func section(_ title: String, _ lines: [String], count: Int? = nil) -> String {
    let listed = lines.isEmpty ? ["none"] : lines
    return "\n\(title): \(count ?? lines.count)\n" + listed.map { "  " + cut($0) + "\n" }.joined()
  }

  private static func cut(_ line: String) -> String {
    line.count <= width - 2 ? line : line.prefix(width - 3) + "…"
  }

  private static func padded(_ text: String, to width: Int) -> String {
    text + String(repeating: " ", count: width - text.count)
  }
}
