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
    let start = try #require(page.range(of: "## What these say\n"))
    let end = try #require(page.range(of: "## What these do not say\n"))
    let named = Set((Clauses.cited(in: String(page[start.upperBound..<end.lowerBound])) ?? []).map { $0.id })
    let paper = try Clauses.ofSpec().filter { $0.body.contains { $0.hasPrefix("Origin: paper") } }.map { $0.id }
    #expect(named == Set(paper) && paper.count >= 10)
  }

  @Test func `D-2 what is said of position identifiers stands on the page and in the registry`() throws {
    let decision = try #require(try Clauses.decisions().first { $0.id == "D-2" })
    for text in [try page(), decision.body.joined(separator: "\n")] {
      #expect(text.contains("position identifiers") && text.contains("the paper's text"))
    }
    #expect(decision.body.contains { $0.contains("(../Docs/WhatWasRead.md)") })
  }
}
