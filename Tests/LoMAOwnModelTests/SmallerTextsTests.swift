// OWN-9: which smaller texts are looked into, for mistakes that need so many chunks, so large a c, so large a t.

import LoMA
import Testing

@testable import LoMAOwnModel

@Suite("OWN: smaller texts")
struct SmallerTextsTests {
  private func text(c: Int, t: Int, chunks: Int, tail: Int) throws -> OwnText {
    OwnText(
      name: "text0", parameters: try Parameters(c: c, t: t), tokens: Array(0..<chunks * c * t + tail), reason: "")
  }

  /// All texts that are looked into and the last one that showed the mistake, which needs sizes of at least `needed`.
  private func search(_ start: OwnText, _ needed: (c: Int, t: Int, chunks: Int)) -> (asked: [OwnText], best: OwnText?) {
    var texts = SmallerTexts(than: start, for: "M1")
    var (asked, best): ([OwnText], OwnText?) = ([], nil)
    while let text = texts.next() {
      asked.append(text)
      let shows = text.parameters.c >= needed.c && text.parameters.t >= needed.t && text.chunks >= needed.chunks
      if shows { best = text }
      texts.hear(shows: shows)
    }
    #expect(texts.count == asked.count)
    return (asked, best)
  }

  @Test func `OWN-9 smaller texts are texts, none comes twice, and together they have at most twice the rows`() throws {
    for (c, t, chunks, tail) in [
      (4, 2, 10, 3), (4, 32, 2, 1), (8, 1, 2, 1), (1, 2, 2, 1), (2, 16, 5, 1), (1, 4, 40, 2),
    ] {
      let start = try text(c: c, t: t, chunks: chunks, tail: tail)
      for needed in [(1, 1, 2), (2, 1, 2), (1, 2, 2), (3, 2, 7), (c, t, chunks), (c, t, chunks + 1)] {
        let (asked, best) = search(start, needed)
        #expect(Set(asked.map(\.name)).count == asked.count)
        #expect(asked.reduce(0) { $0 + $1.rowCount } <= 2 * start.rowCount)
        for text in asked {
          // What `--tokens` takes (OWN-8): two full chunks and a tail, which here is one token.
          #expect(text.chunks >= 2 && text.parameters.tailLength(text.tokens.count) == 1)
          #expect(text.rowCount < start.rowCount && Array(start.tokens.prefix(text.tokens.count)) == text.tokens)
          #expect(text.parameters.c <= c && text.parameters.t <= t && text.chunks <= chunks)
        }
        // What shows is ever smaller.
        if let best { #expect(best.rowCount <= asked.map(\.rowCount).max() ?? 0) }
        if needed.2 > chunks { #expect(best == nil) }
      }
    }
  }

  @Test func `OWN-9 a mistake that needs one large size is found with the others at their least`() throws {
    let start = try text(c: 8, t: 8, chunks: 20, tail: 5)
    /// The values that are tried: the least, and 1, 3, 7, … above it, then the text's own.
    func tried(_ needed: Int, least: Int, own: Int) -> Int {
      ([0, 1, 3, 7, 15].map { least + $0 }.filter { $0 < own } + [own]).first { $0 >= needed } ?? own
    }
    for needed in 1...8 {
      let size = tried(needed, least: 1, own: 8)
      let (wide, long) = (try Parameters(c: max(2, size), t: 1), try Parameters(c: size == 1 ? 2 : 1, t: size))
      let c = try #require(search(start, (needed, 1, 2)).best)
      #expect(c.parameters == wide && c.chunks == 2, "\(needed)")
      let t = try #require(search(start, (1, needed, 2)).best)
      #expect(t.parameters == long && t.chunks == 2, "\(needed)")
    }
    for needed in 2...20 {
      let chunks = try #require(search(start, (1, 1, needed)).best)
      let expected = tried(needed, least: 2, own: 20)
      #expect(chunks.parameters.chunkLength == 2 && chunks.chunks == expected, "\(needed)")
    }
    // The very least is asked once, and nothing else.
    #expect(search(start, (1, 1, 2)).asked.map(\.rowCount) == [11])
  }
}
