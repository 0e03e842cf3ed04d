// MSK-1…MSK-11: a case cites only clauses that it can fail, but for the published cases listed here.

import LoMA
import LoMAReference
import LoMAVectors
import Testing

@testable import LoMAAnswers
@testable import LoMACatalogue
@testable import LoMASuite

@Suite("04 Mask: clauses of cases")
struct IdleClauseTests {
  /// Published citations of clauses that decide no cell: the manifest and its digest stay as they are. Nothing is added.
  private static let published: [String: ClosedRange<Int>] = [
    "structure.mask.c2-t2-n0": 1...10, "structure.mask.c2-t2-n1": 2...9, "structure.mask.c2-t2-n3": 2...9,
  ]

  /// The generation layout has no repetition rows (LAY-5).
  private static let publishedOfGeneration = [
    "structure.mask.generation.memory-attention-causal.c2-t2",
    "structure.mask.generation.memory-context-own-chunk.c2-t2", "structure.mask.generation.c2-t2",
  ]

  @Test func `MSK-1 to MSK-11 are cited where they decide a cell, but for published cases`() {
    var expected = Self.published.mapValues { $0.map { "MSK-\($0)" } }
    for id in Self.publishedOfGeneration { expected[id] = [3, 6, 7, 8, 9].map { "MSK-\($0)" } }
    let idle = Catalogue.cases.filter { !$0.idleClauses.isEmpty }
    #expect(Dictionary(idle.map { ($0.id, $0.idleClauses) }) { first, _ in first } == expected)
  }

  @Test func `MSK-5 decides a cell where, and only where, a chunk is full`() throws {
    for length in [0, 1, 3, 4, 5, 8, 13] {
      let item = try #require(Catalogue.item("structure.mask.c2-t2-n\(length)"))
      #expect(item.shownClauses.contains("MSK-5") == (length >= 4), "\(item.id)")
    }
  }

  @Test func `MSK-1 the clauses of a mask's cells are those of all its pairs`() throws {
    for item in Catalogue.cases where item.request.operation == .mask && item.level == .structure {
      let batch = try item.request.batch(try item.request.layoutKind(), rows: RowsOfLayout.right)
      guard batch.rowCount <= 80 else { continue }
      var clauses: Set<String> = []
      for rows in batch.texts {
        let mask = Mask(rows: rows, profile: try item.request.profile())
        for query in rows.indices {
          for key in rows.indices { clauses.insert(mask.rule(query: query, key: key).clause) }
        }
      }
      let cited = Set(item.clauses.filter { $0.hasPrefix("MSK-") && $0 != "MSK-10" })
      #expect(cited.subtracting(clauses) == Set(item.idleClauses).subtracting(["MSK-10"]), "\(item.id)")
    }
  }
}
