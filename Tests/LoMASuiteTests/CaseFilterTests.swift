// How cases are asked for: patterns, and the ids nearest to a mistyped one.

import LoMAVectors
import Testing

@testable import LoMACatalogue
@testable import LoMASuite

@Suite("Chapter 11: asking for cases")
struct CaseFilterTests {
  @Test(arguments: [
    ("*", "a.b", true), ("", "", true), ("", "a", false), ("a.b", "a.b", true), ("a.b", "a.bc", false),
    ("?.b", "a.b", true), ("?", "", false), ("*b*", "abc", true), ("*.c2-*-n?", "structure.mask.c2-t2-n5", true),
    ("*.c2-*-n?", "structure.mask.c2-t2-n13", false), ("a*b*b", "abab", true), ("a*b*b", "ab", false),
    ("**", "x", true),
    ("*aab", "aaab", true),
  ])
  func `a pattern's star is any text and its question mark one character`(
    _ pattern: String, _ id: String, _ matches: Bool
  ) {
    #expect(Glob(pattern).matches(id) == matches)
  }

  /// Every seventh: each is compared with all.
  @Test func `an id is nearest to itself`() {
    for (place, item) in Catalogue.cases.enumerated() where place % 7 == 0 {
      #expect(Catalogue.ids(nearest: item.id, count: 1) == [item.id])
    }
  }
}
