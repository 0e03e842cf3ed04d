// How far a mistyped id is from a right one.

import Testing

@testable import LoMAVectors

@Suite("Edit distance")
struct EditDistanceTests {
  @Test(arguments: [("", "", 0), ("", "ab", 2), ("ab", "", 2), ("kitten", "sitting", 3), ("flaw", "lawn", 2)])
  func `edits are insertions, removals and replacements`(_ one: String, _ other: String, _ count: Int) {
    #expect(EditDistance.between(Array(one.utf8), Array(other.utf8)) == count)
  }
}
