// Spec chapter 4, Mask: MSK-11, ragged batches; and how long a large mask takes.

import LoMA
import Testing

extension MaskTests {
  /// Every batch of three texts with lengths up to 5, the empty ones included.
  private func forEveryBatch(_ body: ([Sample], Batch) throws -> Void) throws {
    for profile in singlesAndPairs() {
      for lengths in (0..<216).map({ [$0 / 36, $0 / 6 % 6, $0 % 6] }) {
        let samples = try lengths.map { try Sample(c: 2, t: 1, n: $0, profile) }
        try body(samples, Batch(try samples.map { try $0.training() }))
      }
    }
  }

  @Test func `MSK-11 a batch is padded on the right to its longest layout`() throws {
    let layouts = try [5, 0, 4].map { try Sample(c: 2, t: 1, n: $0).training() }
    let batch = Batch(layouts)
    #expect(batch.rowCount == 11)
    #expect(batch.texts.map { $0.count } == [11, 11, 11])
    #expect(batch.texts[0] == layouts[0].rows)
    #expect(batch.texts[1].allSatisfy { $0.place == .pad })
    #expect(batch.texts[2].map { $0.place.zone }.suffix(2) == [.repetition, .pad])
  }

  @Test func `MSK-11 a pad has a valid id, position 0 and no chunk, index, label or loss`() throws {
    try forEveryBatch { samples, batch in
      for (sample, rows) in zip(samples, batch.texts) {
        for row in rows.dropFirst(sample.parameters.trainingRows(sample.textLength)) {
          let isPlain = row.position == 0 && row.label == nil && row.lossTerm == nil && row.token == 0
          if row.place != .pad || !isPlain { Issue.record("\(sample): \(row)") }
        }
      }
    }
    let sample = try Sample(c: 2, t: 1, n: 3)
    for numbering in Profile.Numbering.allCases.indices {
      let profile = Profile.base.choosing(.numbering, valueAt: numbering)
      #expect(Positions(parameters: sample.parameters, profile: profile)[.pad] == 0)
    }
    #expect(Targets(text: sample.text, parameters: sample.parameters, profile: .base)[.pad] == nil)
  }

  @Test func `MSK-11 a pad sees only itself and no row sees it; real rows see what they see alone`() throws {
    try forEveryBatch { samples, batch in
      for (sample, rows) in zip(samples, batch.texts) {
        let alone = Mask(rows: try sample.training().rows, profile: sample.profile)
        let padded = Mask(rows: rows, profile: sample.profile)
        let cells = padded.cells()
        for query in rows.indices {
          let expected = query < alone.rows.count ? alone.visibleKeys(of: query) : [query]
          let found = rows.indices.filter { cells[query * rows.count + $0] }
          if found != expected || padded.visibleKeys(of: query) != expected {
            Issue.record("\(sample): row \(query) sees \(found), not \(expected)")
          }
        }
      }
    }
  }

  @Test func `MSK-11 the rule of a pair with a pad cites MSK-11`() throws {
    let rows = Batch(try [2, 1].map { try Sample(c: 2, t: 1, n: $0).training() }).texts[1]
    let mask = Mask(rows: rows, profile: .base)
    #expect(drawing(mask) == ["#....", ".#...", "..#..", "...#.", "....#"])
    for query in rows.indices {
      for key in rows.indices where query > 0 || key > 0 {
        #expect(mask.rule(query: query, key: key).clause == "MSK-11")
      }
    }
  }

  @Test func `MSK-1…MSK-11 a mask of 8,192 rows is built in under a second`() throws {
    // L = 8, 18 rows per full chunk: 455 chunks and a tail of 2.
    let profile = Profile.base
    let text = (0..<455 * 8 + 2).map { $0 % 1009 }
    let layout = try Layout.training(
      text: text, vocabulary: sampleVocabulary(), parameters: Parameters(c: 4, t: 2), profile: profile)
    #expect(layout.rows.count == 8_192)
    let mask = Mask(rows: layout.rows, profile: profile)
    var cells: [Bool] = []
    // The best of three, since other work on the machine can only make one run slower.
    let clock = ContinuousClock()
    let durations = (0..<3).map { _ in clock.measure { cells = mask.cells() } }
    let best = durations.min() ?? .zero
    print("a mask of 8,192 rows: \(best)")
    #expect(cells.count == 8_192 * 8_192)
    #expect(best < .seconds(1))
  }
}
