// Spec chapter 16: layout, positions, batches and labels, CCM-5…CCM-8 and CCM-23.

import LoMAPeers
import Testing

@Suite("16 CCM: layout") struct ContextLayoutTests {
  private func layout(_ profile: String, _ contexts: [Int], final: Int, n: Int) throws -> ContextLayout {
    try ContextLayout(
      plainText(contexts: contexts, final: final), parameters: sampleParameters(n: n, profile))
  }

  /// x0 C0 S0 …: role and segment of each row.
  private func order(_ layout: ContextLayout) -> String {
    layout.rows.map { row in
      let letter = ["text": "x", "comp": "C", "sum": "S"][row.place.role.rawValue] ?? "?"
      return letter + "\(row.place.segment ?? -1)"
    }.joined(separator: " ")
  }

  @Test func `CCM-5 blocks follow their segments, and SUM blocks stand where a merge needs them`() throws {
    let contexts = [2, 1]
    #expect(order(try layout("base", contexts, final: 1, n: 2)) == "x0 x0 C0 C0 x1 C1 C1 x2")
    #expect(order(try layout("recurrence=separate", contexts, final: 1, n: 2)) == "x0 x0 C0 C0 x1 C1 C1 x2")
    #expect(order(try layout("memory=merge", contexts, final: 1, n: 2)) == "x0 x0 C0 C0 S0 S0 x1 C1 C1 S1 S1 x2")
    #expect(
      order(try layout("memory=merge,recurrence=separate", contexts, final: 1, n: 2))
        == "x0 x0 C0 C0 x1 C1 C1 S2 S2 x2")
    for profile in ContextProfile.all { #expect(order(try layout(profile.name, [], final: 2, n: 2)) == "x0 x0") }
  }

  @Test func `CCM-6 a row says its token, role, segment, index and position`() throws {
    let text = ContextText(segments: [[1, 7], [8]], outputLength: 0)
    let layout = try ContextLayout(text, parameters: sampleParameters(n: 2, "memory=merge"))
    func row(_ token: Int, _ place: ContextPlace, _ position: Int) -> ContextRow {
      ContextRow(token: token, place: place, position: position, label: nil)
    }
    #expect(
      layout.rows == [
        row(1, .text(segment: 0, index: 0), 0), row(7, .text(segment: 0, index: 1), 1),
        row(11, .comp(segment: 0, index: 0), 2), row(12, .comp(segment: 0, index: 1), 3),
        row(13, .sum(segment: 0, index: 0), 2), row(14, .sum(segment: 0, index: 1), 3),
        row(8, .text(segment: 1, index: 0), 2),
      ])
    #expect(layout.finalSegment == 1)
    #expect(layout.onlineRows == layout.rows.filter { $0.token < 13 })
  }

  @Test func `CCM-7 memory rows never push text away, and stand after the text before them`() throws {
    // Written by hand: three tokens, three tokens, two tokens, n = 1.
    #expect(try layout("base", [3, 3], final: 2, n: 1).rows.map { $0.position } == [0, 1, 2, 3, 3, 4, 5, 6, 6, 7])
    #expect(
      try layout("memory=merge", [3, 3], final: 2, n: 1).rows.map { $0.position }
        == [0, 1, 2, 3, 3, 3, 4, 5, 6, 6, 6, 7])
    #expect(
      try layout("memory=merge,recurrence=separate", [2, 1], final: 2, n: 3).rows.map { $0.position }
        == [0, 1, 2, 3, 4, 2, 3, 4, 5, 3, 4, 5, 3, 4])
  }

  @Test func `CCM-7 text positions count text rows alone, in every layout`() throws {
    for (text, n) in someTexts(ofEach: 2, seed: 7) {
      for profile in ContextProfile.all {
        let rows = try ContextLayout(text, parameters: sampleParameters(n: n, profile)).rows
        let textRows = rows.filter { $0.place.role == .text }
        #expect(textRows.map { $0.position } == Array(textRows.indices))
        #expect(textRows.map { $0.token } == text.segments.flatMap { $0 })
        for (r, row) in rows.enumerated() where row.place.role != .text {
          let before = rows[..<r].count { $0.place.role == .text }
          #expect(row.position == before + (row.place.index ?? -1))
        }
      }
    }
  }

  @Test func `CCM-8 shorter texts are padded on the left with rows that see themselves`() throws {
    for profile in ContextProfile.all {
      let parameters = try sampleParameters(n: 2, profile)
      let layouts = try [[3, 2], [1], []].map { lengths in
        try ContextLayout(sampleText(contexts: lengths, input: 2, output: 1, seed: 3), parameters: parameters)
      }
      let batch = ContextBatch(layouts, parameters: parameters)
      let longest = layouts[0].rows.count
      #expect(batch.texts.map { $0.count } == [longest, longest, longest])
      for (index, layout) in layouts.enumerated() {
        let pads = longest - layout.rows.count
        #expect(Array(batch.texts[index].dropFirst(pads)) == layout.rows)
        for row in batch.texts[index].prefix(pads) {
          #expect(row.place == .pad && row.position == 1 && row.label == nil)
        }
        let (mask, plain) = (batch.mask(index), layout.mask)
        for query in 0..<longest {
          for key in 0..<longest {
            let rule = mask.rule(query: query, key: key)
            if query < pads || key < pads {
              #expect(rule.clause == "CCM-8" && rule.isVisible == (query == key))
            } else {
              #expect(rule == plain.rule(query: query - pads, key: key - pads))
            }
          }
        }
      }
      #expect(batch.labelledRows == 3)
    }
  }

  @Test func `CCM-23 an output is shorter than its segment, and not shorter than 0`() throws {
    let parameters = try sampleParameters(n: 1, .base)
    for length in [-1, 2, 3] {
      #expect(throws: PeerError.outputLengthOutOfRange(length, finalLength: 2)) {
        _ = try ContextLayout(ContextText(segments: [[1], [2, 3]], outputLength: length), parameters: parameters)
      }
    }
  }

  @Test func `CCM-23 the output's tokens are the labels of the rows before them, and nothing else is`() throws {
    for profile in ContextProfile.all {
      let text = ContextText(segments: [[1, 4], [5], [6, 7, 8, 9, 2]], outputLength: 3)
      let rows = try ContextLayout(text, parameters: sampleParameters(n: 2, profile)).rows
      #expect(rows.suffix(5).map { $0.label } == [nil, 8, 9, 2, nil])
      #expect(rows.dropLast(5).allSatisfy { $0.label == nil })
      let silent = ContextText(segments: [[1, 4], [6, 7]], outputLength: 0)
      #expect(
        try ContextLayout(silent, parameters: sampleParameters(n: 2, profile)).rows.allSatisfy { $0.label == nil })
    }
  }
}
