// Docs/Attacks.md: the tests that it names are there.

import Foundation
import Testing

@Suite("House: attacks")
struct AttackTable {
  @Test func `every test that the page of attacks names is there`() throws {
    let page = try House.files(in: "Docs/Attacks.md", ending: ["md"]).map { $0.text }.joined()
    let tests = try House.files(in: "Tests", ending: ["swift", "py"]).map { $0.text }.joined(separator: "\n")
    let rows = page.split(separator: "\n").filter { $0.hasPrefix("| D") }
    #expect(rows.count > 30 && Set(rows.map { $0.split(separator: " ")[1] }).count == 28)
    var problems: [String] = []
    for row in rows {
      let last = row.split(separator: "|").last ?? ""
      let names = last.matches(of: /`([^`]+)`/).map { $0.1 }
      if names.isEmpty, !last.contains("Tests/"), !last.contains("check_hostile") { problems.append("no test: \(row)") }
      for name in names where !tests.contains(name) { problems.append("no such test: \(name)") }
    }
    House.report(problems)
  }
}
