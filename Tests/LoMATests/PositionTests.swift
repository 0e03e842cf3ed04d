// Spec chapter 3, Positions: POS-1…POS-6 and the axes memory_positions and numbering (D-2).

import LoMA
import Testing

@Suite("3 Positions") struct PositionTests {
  private func positions(of zone: Zone, in rows: [Row]) -> [Int] {
    rows.filter { $0.place.zone == zone }.map { $0.position }
  }

  @Test func `POS-1 reading rows count the text`() throws {
    for n in 0...20 {
      #expect(positions(of: .reading, in: try Sample(c: 2, t: 2, n: n).training().rows) == Array(0..<n))
    }
  }

  @Test func `POS-2 memory rows stand at the end of their span`() throws {
    #expect(positions(of: .memory, in: try Sample(c: 3, t: 2, n: 13).training().rows) == [2, 5, 8, 11])
    #expect(positions(of: .memory, in: try Sample(c: 1, t: 3, n: 6).training().rows) == [0, 1, 2, 3, 4, 5])
  }

  @Test func `POS-2 memory rows stand at the start of their span under span_start`() throws {
    let start = try profile(("memory_positions", "span_start"))
    #expect(positions(of: .memory, in: try Sample(c: 3, t: 2, n: 13, start).training().rows) == [0, 3, 6, 9])
  }

  @Test func `POS-3 repetition rows stand at the token they reproduce`() throws {
    #expect(positions(of: .repetition, in: try Sample(c: 2, t: 2, n: 11).training().rows) == Array(0..<8))
  }

  @Test func `POS-4 sequential numbering is the row index of the training layout`() throws {
    let sequential = try profile(("numbering", "sequential"))
    for n in 0...30 {
      let rows = try Sample(c: 2, t: 3, n: n, sequential).training().rows
      #expect(rows.map { $0.position } == Array(rows.indices))
    }
    // L = 4, t = 2: chunk 1 starts at 10, its memory at 14, its repetition rows at 16; generation jumps over 6…9.
    let sample = try Sample(c: 2, t: 2, n: 9, sequential)
    #expect(try sample.generation().rows.map { $0.position } == [0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 20])
  }

  @Test func `POS-5 generation numbering is the row index of the generation layout, also in training`() throws {
    let generation = try profile(("numbering", "generation"))
    for (c, t) in [(1, 1), (2, 3), (3, 1), (1, 4)] {
      for n in 0...30 {
        let sample = try Sample(c: c, t: t, n: n, generation)
        let rows = try sample.generation().rows
        #expect(rows.map { $0.position } == Array(rows.indices))
        let training = try sample.training().rows.filter { $0.place.zone != .repetition }
        #expect(training.map { $0.position } == rows.map { $0.position })
      }
    }
    // L = 4, t = 2: chunk 1 starts at 6; repetition rows stand where the text stood.
    let rows = try Sample(c: 2, t: 2, n: 9, generation).training().rows
    #expect(rows.map { $0.position } == [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 6, 7, 8, 9, 10, 11, 6, 7, 8, 9, 12])
  }

  @Test func `POS-6 compressed numbering counts what the cache keeps`() throws {
    let compressed = try profile(("numbering", "compressed"))
    // L = 4, t = 2: chunk 1 starts at 2, its memory there too; repetition rows stand where the text stood.
    let rows = try Sample(c: 2, t: 2, n: 9, compressed).training().rows
    #expect(rows.map { $0.position } == [0, 1, 2, 3, 0, 1, 0, 1, 2, 3, 2, 3, 4, 5, 2, 3, 2, 3, 4, 5, 4])
    for (c, t) in [(1, 1), (2, 3), (3, 1), (4, 2)] {
      for n in 1...30 {
        let sample = try Sample(c: c, t: t, n: n, compressed)
        let schedule = try CacheSchedule(fedLength: n, parameters: sample.parameters)
        let positions = try sample.generation().rows.map { $0.position }
        for step in schedule.steps {
          if case .compress = step.event { continue }  // the memory rows stand on the text they replace
          let kept = schedule.entries(after: step).map { positions[$0] }
          #expect(kept == Array(0..<step.cacheSize), "\(sample): \(step)")
        }
      }
    }
  }

  @Test func `POS-6 compressed numbering is text numbering where c is 1`() throws {
    let compressed = try profile(("numbering", "compressed"))
    for t in 1...4 {
      for n in 0...20 {
        #expect(try Sample(c: 1, t: t, n: n, compressed).training().rows == Sample(c: 1, t: t, n: n).training().rows)
      }
    }
  }

  @Test func `POS-4 generation gives every row the position it has in the training layout`() throws {
    try forEverySample { sample in
      let training = Dictionary(
        uniqueKeysWithValues: try sample.training().rows.map { ($0.place, $0.position) })
      for row in try sample.generation().rows where training[row.place] != row.position {
        Issue.record("\(sample): \(row)")
      }
    }
  }

  @Test func `POS-4 a text in a batch keeps the positions it has alone`() throws {
    let layouts = try [5, 0, 13].map { try Sample(c: 2, t: 2, n: $0).training() }
    for (layout, rows) in zip(layouts, Batch(layouts).texts) {
      #expect(rows.prefix(layout.rows.count).map { $0.position } == layout.rows.map { $0.position })
    }
  }

  @Test func `POS-1 POS-6 positions of reading rows rise by one, at a border as numbering says`() throws {
    try forEverySample { sample in
      let (t, length) = (sample.parameters.t, sample.parameters.chunkLength)
      let step =
        switch sample.profile.numbering {
        case .text: 1
        case .sequential: length + t + 1
        case .generation: t + 1
        case .compressed: t - length + 1
        }
      for layout in [try sample.training(), try sample.generation()] {
        let found = positions(of: .reading, in: layout.rows)
        for (index, pair) in zip(found, found.dropFirst()).enumerated() {
          let expected = (index + 1) % length == 0 ? step : 1
          if pair.1 - pair.0 != expected { Issue.record("\(sample): \(found)") }
        }
      }
    }
  }

  @Test func `POS-2 positions of memory rows rise strictly, across chunks too`() throws {
    try forEverySample { sample in
      let found = positions(of: .memory, in: try sample.training().rows)
      for (earlier, later) in zip(found, found.dropFirst()) where earlier >= later {
        Issue.record("\(sample): \(found)")
      }
    }
  }

  @Test func `POS-3 no position leaves its chunk's stretch of text under text numbering`() throws {
    try forEverySample { sample in
      guard sample.profile.numbering == .text else { return }
      for row in try sample.training().rows {
        let start = (row.place.chunk ?? -1) * sample.parameters.chunkLength
        if row.position < start || row.position >= start + sample.parameters.chunkLength {
          Issue.record("\(sample): \(row)")
        }
      }
    }
  }
}
