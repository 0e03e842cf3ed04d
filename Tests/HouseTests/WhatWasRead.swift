// Docs/WhatWasRead.md names what is the paper's, and the Spec calls nothing else so.

import Foundation
import Testing

@Suite("House: what was read")
struct WhatWasRead {
  private func page() throws -> String {
    try House.files(in: "Docs/WhatWasRead.md", ending: ["md"]).map { $0.text }.joined()
  }

  @Test func `the page names the clauses whose origin is the paper, and no other`() throws {
    let page = try page()
    let paper = try Clauses.ofSpec().filter { $0.body.contains { $0.hasPrefix("Origin: paper") } }
    let ofLoMA = paper.filter { !$0.isOfPeers }.map { $0.id }
    #expect(try named(in: page, after: "## What these say\n") == Set(ofLoMA) && ofLoMA.count >= 10)
    let ofPeers = paper.filter { $0.isOfPeers }.map { $0.id }
    let named = try named(in: page, after: "| what the abstract says | clauses |\n").union(
      named(in: page, after: "| what the abstracts say | clauses |\n"))
    #expect(named == Set(ofPeers) && !ofPeers.isEmpty)
  }

  /// The clauses that the page names from a line on, up to the next heading or the end of the table there.
  private func named(in page: String, after line: String) throws -> Set<String> {
    let rest = page[try #require(page.range(of: line)).upperBound...]
    let end = line.hasPrefix("#") ? "\n## " : "\n\n"
    let part = rest[..<(rest.range(of: end)?.lowerBound ?? rest.endIndex)]
    return Set((Clauses.cited(in: String(part)) ?? []).map { $0.id })
  }

  @Test func `D-2 what is said of position identifiers stands on the page and in the registry`() throws {
    let decision = try #require(try Clauses.decisions().first { $0.id == "D-2" })
    for text in [try page(), decision.body.joined(separator: "\n")] {
      #expect(text.contains("position identifiers") && text.contains("the paper's text"))
    }
    #expect(decision.body.contains { $0.contains("(../Docs/WhatWasRead.md)") })
  }
}
