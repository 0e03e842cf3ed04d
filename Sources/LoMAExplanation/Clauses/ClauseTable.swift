// Spec/index.md: a line per clause with what is about it, as Markdown.
//
// It links to files and counts, and names no line, so that it changes only where something is added or goes.

import LoMAVectors

/// The table of all clauses.
package enum ClauseTable {
  /// Where it stands in the project.
  package static let path = "Spec/index.md"

  /// The whole page.
  package static func page(_ index: ClauseIndex) -> String {
    let tables = index.chapters.map { chapter in
      let rows = index.entries.filter { $0.statement.path == chapter.path }.map { row($0) }
      let head = "| clause | code | tests | cases | mutants | breaks |\n|---|---|---|---|---|---|\n"
      return "## \(chapter.title)\n\n" + head + rows.map { $0 + "\n" }.joined()
    }
    return EmbeddedText(PackageResources.clauses_template_md).filled(["tables": tables.joined(separator: "\n")])
  }

  private static func row(_ entry: ClauseIndex.Entry) -> String {
    let statement = entry.statement
    let page = "\(lastPart(of: statement.path))#\(statement.anchor)"
    let cells = [
      "[\(statement.id)](\(page)) \(statement.title)", files(entry.code).joined(separator: ", "), tests(entry),
      number(entry.cases.count), number(entry.mutants.count), number(entry.breaks.count),
    ]
    return "| " + cells.joined(separator: " | ") + " |"
  }

  /// How many, and the file of the first.
  private static func tests(_ entry: ClauseIndex.Entry) -> String {
    guard let file = files(entry.tests).first else { return "" }
    return "\(entry.tests.count): \(file)"
  }

  /// Each file once, as a link from the folder of the Spec.
  private static func files(_ places: [ClauseIndex.CitedPlace]) -> [String] {
    var (seen, links): (Set<String>, [String]) = ([], [])
    for place in places where seen.insert(place.path).inserted {
      links.append("[\(lastPart(of: place.path))](../\(place.path))")
    }
    return links
  }

  private static func number(_ count: Int) -> String { count == 0 ? "" : "\(count)" }

  private static func lastPart(of path: String) -> String { path.split(separator: "/").last.map { String($0) } ?? path }
}
