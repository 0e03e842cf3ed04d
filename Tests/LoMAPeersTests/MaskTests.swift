// Spec chapter 16: the mask, CCM-9…CCM-16, by hand, clause by clause, and against a second derivation.

import LoMA
import LoMAPeers
import Testing

@Suite("16 CCM: mask") struct ContextMaskTests {
  private func layout(_ profile: String, _ contexts: [Int], final: Int = 1, n: Int = 1) throws -> ContextLayout {
    try ContextLayout(
      plainText(contexts: contexts, final: final), parameters: sampleParameters(n: n, profile))
  }

  @Test func `CCM-9…CCM-15 whole masks of two segments and one token after them, drawn by hand`() throws {
    #expect(
      drawing(try layout("base", [1, 1]).mask) == [
        "#....",  // a
        "##...",  // C
        ".##..",  // b
        ".###.",  // C
        ".#.##",  // d
      ])
    #expect(
      drawing(try layout("recurrence=separate", [1, 1]).mask) == [
        "#....",  // a
        "##...",  // C
        "..#..",  // b
        "..##.",  // C
        ".#.##",  // d
      ])
    #expect(
      drawing(try layout("memory=merge", [1, 1]).mask) == [
        "#......",  // a
        "##.....",  // C
        "###....",  // S
        "..##...",  // b
        "..###..",  // C
        "..####.",  // S
        ".....##",  // d
      ])
    #expect(
      drawing(try layout("memory=merge,recurrence=separate", [1, 1]).mask) == [
        "#.....",  // a
        "##....",  // C
        "..#...",  // b
        "..##..",  // C
        ".#.##.",  // S
        "....##",  // d
      ])
  }

  @Test func `CCM-9…CCM-16 the mask is the second derivation's, cell by cell`() throws {
    var cells = 0
    for (text, n) in someTexts(ofEach: 8, seed: 9) {
      for profile in meanProfiles {
        let layout = try ContextLayout(text, parameters: sampleParameters(n: n, profile))
        let reader = SimulatedReader(text, n: n, begin: sampleBegin, profile: profile)
        let mask = layout.mask
        guard mask.rows.indices.map(mask.visibleKeys) == reader.sees else {
          Issue.record("\(text) n \(n) under \(profile.name)")
          return
        }
        cells += mask.rows.count * mask.rows.count
      }
    }
    #expect(cells > 500_000)
  }

  /// The cells of a mask that a clause decides, by roles and whether they are visible.
  private func cells(_ clause: String, _ profile: String) throws -> (seen: Set<String>, hidden: Set<String>) {
    let layout = try layout(profile, [2, 2, 2], final: 2, n: 2)
    var (seen, hidden): (Set<String>, Set<String>) = ([], [])
    for query in layout.rows.indices {
      for key in 0...query {
        let rule = layout.mask.rule(query: query, key: key)
        guard rule.clause == clause else { continue }
        let (q, k) = (layout.rows[query].place, layout.rows[key].place)
        let name = "\(q.role)\(q.segment ?? -1) \(k.role)\(k.segment ?? -1)"
        if rule.isVisible { seen.insert(name) } else { hidden.insert(name) }
      }
    }
    return (seen, hidden)
  }

  @Test func `CCM-9 text and COMP rows see the text of their own segment up to themselves`() throws {
    for profile in meanProfiles where profile.sink == .off {
      let (seen, hidden) = try cells("CCM-9", profile.name)
      #expect(
        seen == [
          "text0 text0", "text1 text1", "text2 text2", "text3 text3", "comp0 text0", "comp1 text1", "comp2 text2",
        ])
      #expect(hidden.count == 9 && hidden.isDisjoint(with: seen))
    }
  }

  @Test func `CCM-10 under concat recurrent all earlier COMP rows are seen`() throws {
    let (seen, hidden) = try cells("CCM-10", "base")
    #expect(
      seen == [
        "comp0 comp0", "text1 comp0", "comp1 comp0", "comp1 comp1", "text2 comp0", "text2 comp1", "comp2 comp0",
        "comp2 comp1", "comp2 comp2", "text3 comp0", "text3 comp1", "text3 comp2",
      ])
    #expect(hidden == [])
  }

  @Test func `CCM-11 elsewhere a context's COMP rows see only those of their block, causally`() throws {
    for profile in ["recurrence=separate", "memory=merge", "memory=merge,recurrence=separate"] {
      let (seen, hidden) = try cells("CCM-11", profile)
      #expect(seen == ["comp0 comp0", "comp1 comp1", "comp2 comp2"])
      #expect(hidden == ["text1 comp0", "comp1 comp0", "text2 comp0", "text2 comp1", "comp2 comp0", "comp2 comp1"])
      let mask = try layout(profile, [1], n: 2).mask
      #expect(mask.visibleKeys(of: 1) == [0, 1] && mask.visibleKeys(of: 2) == [0, 1, 2])
    }
  }

  @Test func `CCM-12 under concat separate the final segment sees every COMP row`() throws {
    let (seen, hidden) = try cells("CCM-12", "recurrence=separate")
    #expect(seen == ["text3 comp0", "text3 comp1", "text3 comp2"] && hidden == [])
  }

  @Test func `CCM-13 a merged memory is seen by the segment after it, or by the final one`() throws {
    let recurrent = try cells("CCM-13", "memory=merge")
    #expect(recurrent.seen == ["text1 sum0", "comp1 sum0", "text2 sum1", "comp2 sum1", "text3 sum2"])
    #expect(recurrent.hidden == ["text2 sum0", "comp2 sum0", "text3 sum0", "text3 sum1"])
    let separate = try cells("CCM-13", "memory=merge,recurrence=separate")
    #expect(separate.seen == ["text3 sum3"] && separate.hidden == [])
  }

  @Test func `CCM-14 SUM rows see what the released code shows them`() throws {
    let recurrent = try cells("CCM-14", "memory=merge")
    #expect(
      recurrent.seen == [
        "sum0 text0", "sum0 comp0", "sum0 sum0", "sum1 text1", "sum1 comp1", "sum1 sum0", "sum1 sum1", "sum2 text2",
        "sum2 comp2", "sum2 sum1", "sum2 sum2",
      ])
    let separate = try cells("CCM-14", "memory=merge,recurrence=separate")
    #expect(separate.seen == ["sum3 comp0", "sum3 comp1", "sum3 comp2", "sum3 sum3"])
    #expect(separate.hidden == ["sum3 text0", "sum3 text1", "sum3 text2"])
  }

  @Test func `CCM-15 under merge the final segment sees no COMP row, not even the last block`() throws {
    for profile in ["memory=merge", "memory=merge,recurrence=separate"] {
      let (seen, hidden) = try cells("CCM-15", profile)
      #expect(seen == [] && hidden == ["text3 comp0", "text3 comp1", "text3 comp2"])
    }
  }

  @Test func `CCM-16 with a sink every later row sees BOS, wherever it stands`() throws {
    let text = ContextText(segments: [[1, 4], [5, 1, 6], [7, 1, 8]], outputLength: 0)
    for profile in ContextProfile.all {
      let layout = try ContextLayout(text, parameters: sampleParameters(n: 2, profile))
      var without = profile
      without.sink = .off
      let plain = try ContextLayout(text, parameters: sampleParameters(n: 2, without)).mask
      for query in layout.rows.indices {
        for key in layout.rows.indices {
          let rule = layout.mask.rule(query: query, key: key)
          let isBegin = layout.rows[key].token == sampleBegin && layout.rows[key].place.role == .text
          if profile.sink == .on, isBegin, key <= query {
            #expect(rule.isVisible && (plain.allows(query: query, key: key) || rule.clause == "CCM-16"))
          } else {
            #expect(rule.isVisible == plain.allows(query: query, key: key))
            #expect(rule.clause == plain.rule(query: query, key: key).clause || isBegin && profile.sink == .on)
          }
        }
      }
    }
  }

  @Test func `CCM-10 under base the mask is LoMA's for chunks of one length with a causal memory`() throws {
    for (c, t) in [(1, 1), (2, 1), (1, 2), (3, 2), (2, 3)] {
      for textLength in 1...4 * t * c - 1 {
        let given = try Parameters(c: c, t: t)
        let causal = try Profile(name: "memory_attention=causal")
        let tokens = (0..<textLength).map { $0 % sampleTextSize }
        let loma = try Layout.generation(
          text: tokens, vocabulary: Vocabulary(textSize: sampleTextSize), parameters: given, profile: causal)
        let cut = given.fullChunks(textLength)
        // A text that ends with a chunk has no tail, and CCM no text without a final segment.
        guard textLength > cut * given.chunkLength else { continue }
        let text = ContextText(
          segments: (0..<cut).map { Array(tokens[$0 * given.chunkLength..<($0 + 1) * given.chunkLength]) }
            + [Array(tokens[(cut * given.chunkLength)...])], outputLength: 0)
        let layout = try ContextLayout(text, parameters: sampleParameters(n: t, .base))
        #expect(layout.rows.count == loma.rows.count)
        let (own, theirs) = (layout.mask, Mask(rows: loma.rows, profile: causal))
        for query in layout.rows.indices { #expect(own.visibleKeys(of: query) == theirs.visibleKeys(of: query)) }
      }
    }
  }

  @Test func `CCM-3 gist is one segment: no profile but merge's SUM rows tells it apart`() throws {
    for n in 1...3 {
      let base = drawing(try layout("base", [5], final: 3, n: n).mask)
      #expect(drawing(try layout("recurrence=separate", [5], final: 3, n: n).mask) == base)
      // The final rows see the memory and themselves, and none of the five tokens before.
      for line in base.suffix(3) { #expect(line.hasPrefix("....." + String(repeating: "#", count: n))) }
    }
  }

  @Test func `CCM-9 no row sees a later one, and every row sees itself`() throws {
    for (text, n) in someTexts(ofEach: 1, seed: 12) {
      for profile in ContextProfile.all {
        let mask = try ContextLayout(text, parameters: sampleParameters(n: n, profile)).mask
        for query in mask.rows.indices { #expect(mask.visibleKeys(of: query).last == query) }
      }
    }
  }
}
