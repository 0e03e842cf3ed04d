// Spec chapter 5, Targets and losses: LOS-1…LOS-4 and the axis repetition_labels (D-8). LOS-5 is about numbers.

import LoMA
import Testing

@Suite("5 Targets") struct TargetTests {
  private let shifted = { () throws in try profile(("repetition_labels", "shifted")) }

  private func labels(of zone: Zone, in rows: [Row]) -> [Int?] {
    rows.filter { $0.place.zone == zone }.map { $0.label }
  }

  @Test func `LOS-1 a reading row is labelled with the next text token, across a chunk border too`() throws {
    let sample = try Sample(c: 2, t: 1, n: 5)
    let x = sample.text
    #expect(labels(of: .reading, in: try sample.training().rows) == [x[1], x[2], x[3], x[4], nil])
    #expect(labels(of: .reading, in: try sample.generation().rows) == [x[1], x[2], x[3], x[4], nil])
  }

  @Test func `LOS-1 the last text token has no label, a full last chunk's neither`() throws {
    for n in 1...13 {
      let found = labels(of: .reading, in: try Sample(c: 2, t: 2, n: n).training().rows)
      #expect(found.count == n)
      #expect(found.indices.filter { found[$0] == nil } == [n - 1])
    }
  }

  @Test func `LOS-2 memory rows have no label`() throws {
    #expect(labels(of: .memory, in: try Sample(c: 2, t: 2, n: 9).training().rows) == [nil, nil, nil, nil])
  }

  @Test func `LOS-2 the last memory row has the chunk's token 0 under shifted`() throws {
    let sample = try Sample(c: 2, t: 2, n: 9, try shifted())
    let x = sample.text
    #expect(labels(of: .memory, in: try sample.training().rows) == [nil, x[0], nil, x[4]])
  }

  @Test func `LOS-3 a repetition row is labelled with the token at its own place`() throws {
    let sample = try Sample(c: 2, t: 2, n: 9)
    #expect(labels(of: .repetition, in: try sample.training().rows) == sample.text.prefix(8).map { $0 })
  }

  @Test func `LOS-3 a repetition row is labelled with the token after its place under shifted`() throws {
    let sample = try Sample(c: 2, t: 1, n: 5, try shifted())
    let x = sample.text
    #expect(labels(of: .repetition, in: try sample.training().rows) == [x[1], nil, x[3], nil])
  }

  @Test func `LOS-4 reading rows count in one mean, every other labelled row in the other`() throws {
    for profile in [Profile.base, try shifted()] {
      for row in try Sample(c: 2, t: 2, n: 9, profile).training().rows {
        let expected: LossTerm? =
          row.label == nil ? nil : row.place.zone == .reading ? .languageModelling : .repetition
        #expect(row.lossTerm == expected)
      }
    }
  }

  @Test func `LOS-4 the repetition mean pools L rows per full chunk`() throws {
    try forEverySample { sample in
      let batch = Batch([try sample.training()])
      let chunks = sample.parameters.fullChunks(sample.textLength)
      let expected = [max(sample.textLength - 1, 0), chunks * sample.parameters.chunkLength]
      let found = [batch.labelledRows(.languageModelling), batch.labelledRows(.repetition)]
      if found != expected { Issue.record("\(sample): \(found), not \(expected)") }
    }
  }

  @Test func `LOS-4 a mean pools the labelled rows of all texts of a batch`() throws {
    let batch = Batch(try [0, 1, 5, 8].map { try Sample(c: 2, t: 2, n: $0).training() })
    #expect(batch.labelledRows(.languageModelling) == 0 + 0 + 4 + 7)
    #expect(batch.labelledRows(.repetition) == 0 + 0 + 4 + 8)
  }
}
