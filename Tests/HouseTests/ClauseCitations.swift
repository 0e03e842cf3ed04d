// Clause ids both ways: every clause is cited by a test, and every cited id exists.

import Foundation
import Testing

@Suite("House: clause ids")
struct ClauseCitations {
  @Test func `every clause is cited by the name of a test`() throws {
    // A comment may say that a clause is tested elsewhere, and a range may pass over one: neither is evidence.
    let cited = Set(try House.testNames().flatMap { Clauses.cited(in: $0) ?? [] }.filter { !$0.isRange }.map { $0.id })
    House.report(
      try Clauses.ofSpec().filter { !cited.contains($0.id) }.map { "\($0.file): no test's name cites \($0.id)" })
  }

  @Test func `every cited id exists`() throws {
    let living = Set((try Clauses.ofSpec() + Clauses.decisions()).map { $0.id })
    let retired = Set(try House.files(in: "Spec", ending: ["md"]).flatMap { Clauses.retired(in: $0) })
    var problems: [String] = []
    for folder in ["Sources", "Tests", "Docs", "Spec", "README.md"] {
      for file in try House.files(in: folder, ending: ["swift", "md", "py", "c", "sh", "js", "mjs", "css", "html"]) {
        // Only prose may speak of what is gone.
        let known = file.path.hasSuffix(".md") ? living.union(retired) : living
        for (index, line) in file.lines.enumerated() {
          guard let ids = Clauses.cited(in: line) else {
            problems.append("\(file.path):\(index + 1): a range of clauses that is none")
            continue
          }
          for id in ids.map({ $0.id }) where !known.contains(id) {
            problems.append("\(file.path):\(index + 1): \(id) is no clause")
          }
        }
      }
    }
    House.report(problems)
  }

  @Test func `every clause is stated once, in its chapter, in order`() throws {
    let clauses = try Clauses.ofSpec()
    #expect(clauses.count >= 50, "clauses were found at all")
    var problems: [String] = []
    for (prefix, chapter) in Clauses.chapters {
      let ids = clauses.filter { $0.id.hasPrefix(prefix + "-") }
      let number = chapter < 10 ? "0\(chapter)" : "\(chapter)"
      // The run has two chapters: the conversation, and what it leaves behind.
      let starts = prefix == "RUN" ? ["Spec/13-", "Spec/14-"] : ["Spec/\(number)-"]
      for clause in ids where !starts.contains(where: { clause.file.hasPrefix($0) }) {
        problems.append("\(clause.file):\(clause.line): \(clause.id) belongs into chapter \(number)")
      }
      let names = ids.map { $0.id }
      if names != names.sorted(by: { $0.compare($1, options: .numeric) == .orderedAscending }) {
        problems.append("chapter \(number): \(names) are not in order")
      }
      if Set(names).count != names.count { problems.append("chapter \(number): an id is stated twice") }
    }
    for clause in clauses where !Clauses.prefixes.contains(String(clause.id.prefix { $0 != "-" })) {
      problems.append("\(clause.file):\(clause.line): \(clause.id) has no chapter")
    }
    let retired = Set(try House.files(in: "Spec", ending: ["md"]).flatMap { Clauses.retired(in: $0) })
    problems += clauses.filter { retired.contains($0.id) }.map { "\($0.file):\($0.line): \($0.id) is retired" }
    House.report(problems)
  }

  @Test func `ids and ranges of ids are found in text`() throws {
    func ids(_ text: String) -> [String]? { Clauses.cited(in: text)?.map { $0.id } }
    #expect(ids("MSK-1…MSK-3, GEN-7's and NUM-2a") == ["MSK-1", "MSK-2", "MSK-3", "GEN-7", "NUM-2a"])
    #expect(ids("LOS-1 … LOS-2") == ["LOS-1", "LOS-2"])
    #expect(ids("POS-1…4 under D-2") == ["POS-1", "POS-2", "POS-3", "POS-4", "D-2"])
    #expect(ids("MOD-1, SHA-256, UTF-8") == ["MOD-1"])
    #expect(ids("POS-1…" + "MSK-2") == nil)
    let file = SourceFile(path: "x.md", text: "### MSK-5 A title\n\nbody\n## End\nRetired: MSK-4 (0.2), merged\n")
    #expect(Clauses.stated(in: file).map { $0.id } == ["MSK-5"])
    #expect(Clauses.stated(in: file).first?.body == ["", "body"])
    #expect(Clauses.retired(in: file) == ["MSK-4"])
  }
}
