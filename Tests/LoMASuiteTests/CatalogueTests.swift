// The catalogue as a whole: ids, clauses, answers, size.

import Foundation
import LoMA
import LoMAReference
import LoMAVectors
import Testing

@testable import LoMAAnswers
@testable import LoMACatalogue
@testable import LoMAMutants

@Suite("Chapter 11: the catalogue")
struct CatalogueTests {
  @Test func `OPS-1 ids are unique, name level and operation, and every case says what it hunts`() {
    var ids: Set<String> = []
    for item in Catalogue.cases {
      #expect(ids.insert(item.id).inserted, "\(item.id)")
      let middle =
        if case .property(let property) = item.expectation { property.rawValue } else {
          item.request.operation.rawValue
        }
      #expect(item.id.hasPrefix("\(item.level.rawValue).\(middle)."))
      #expect(!item.hunts.isEmpty && !item.clauses.isEmpty)
      #expect(item.id.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") })
    }
    #expect(ids.count >= 250)
    #expect(Set(Catalogue.cases.map(\.level)) == Set(Level.allCases))
    #expect(Set(Catalogue.cases.map(\.request.operation)) == Set(Operation.all(of: .loma)))
  }

  /// Were `since` the suite's own version, the next suite would change every published case.
  @Test func `OPS-1 the cases of the first published suite keep its version in every later one`() {
    #expect(Versions.isPublished && Versions.frozen == "1.0")
    #expect(Catalogue.cases.contains { $0.since == Versions.frozen })
    let numbers = { (version: String) in version.split(separator: ".").compactMap { Int($0) } }
    for since in Set(Catalogue.cases.map(\.since)) {
      #expect(!numbers(Versions.suite).lexicographicallyPrecedes(numbers(since)), "\(since)")
    }
  }

  @Test func `README counts the cases and the wrong ports as they are`() throws {
    let page = try String(contentsOfFile: projectRoot + "/README.md", encoding: .utf8)
    #expect(page.contains(": \(Catalogue.cases.count) cases, "))
    #expect(page.contains("[\(Mutant.all.count) wrong ones]"))
  }
}
