// The catalogue as a whole: ids, clauses, answers, size.

import LoMA
import LoMAReference
import LoMASuite
import LoMAVectors
import Testing

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
    #expect(Set(Catalogue.cases.map(\.request.operation)) == Set(LoMASuite.Operation.allCases))
  }
}
