// Spec chapter 2, Layout: LAY-1…LAY-6.

import LoMA
import Testing

@Suite("2 Layout") struct LayoutTests {
  /// A row's zone, chunk and index in short: x reading, m memory, r repetition.
  private func brief(_ rows: [Row]) -> String {
    let words = rows.map { row in
      switch row.place {
      case .reading(let chunk, let index): "x\(chunk).\(index)"
      case .memory(let chunk, let index): "m\(chunk).\(index)"
      case .repetition(let chunk, let index): "r\(chunk).\(index)"
      case .pad: "p"
      }
    }
    return words.joined(separator: " ")
  }

  @Test func `LAY-1 a text is cut into full chunks and a tail`() throws {
    let parameters = try Parameters(c: 2, t: 3)
    #expect((0...13).map { parameters.fullChunks($0) } == [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2])
    #expect((0...13).map { parameters.tailLength($0) } == [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1])
  }

  @Test func `LAY-1 a negative or too long text is rejected`() throws {
    let (parameters, limit) = (try Parameters(c: 2, t: 2), Parameters.limit)
    #expect(throws: Never.self) { try Parameters.check(textLength: limit) }
    for (n, error) in [
      (-1, InputError.negativeTextLength(-1)), (Int.min, .negativeTextLength(Int.min)),
      (limit + 1, .textTooLong(limit + 1, limit: limit)), (Int.max, .textTooLong(Int.max, limit: limit)),
    ] {
      #expect(throws: error) { try Parameters.check(textLength: n) }
      #expect(throws: error) { try CacheSchedule(fedLength: n, parameters: parameters) }
      #expect(throws: error) { try Cost(textLength: n, parameters: parameters, profile: .base) }
      #expect(throws: error) {
        try Reconstruction(chunk: 0, textLength: n, parameters: parameters, profile: .base)
      }
    }
  }

  @Test func `LAY-2 a full chunk is reading, memory, repetition rows, and the tail is reading rows only`() throws {
    let layout = try Sample(c: 2, t: 1, n: 5).training()
    #expect(brief(layout.rows) == "x0.0 x0.1 m0.0 r0.0 r0.1 x1.0 x1.1 m1.0 r1.0 r1.1 x2.0")
    let wide = try Sample(c: 1, t: 2, n: 3).training()
    #expect(brief(wide.rows) == "x0.0 x0.1 m0.0 m0.1 r0.0 r0.1 x1.0")
    #expect(brief(try Sample(c: 3, t: 2, n: 5).training().rows) == "x0.0 x0.1 x0.2 x0.3 x0.4")
  }

  @Test func `LAY-3 reading rows hold the text, memory rows the memory token, repetition rows the other`() throws {
    let vocabulary = try sampleVocabulary()
    let sample = try Sample(c: 2, t: 2, n: 6)
    let (x, m, r) = (sample.text, vocabulary.memoryToken, vocabulary.repetitionToken)
    let rows = try sample.training().rows
    #expect(rows.map { $0.token } == [x[0], x[1], x[2], x[3], m, m, r, r, r, r, x[4], x[5]])
    #expect(rows[5] == Row(token: m, place: .memory(chunk: 0, index: 1), position: 3, label: nil))
    #expect(rows[7].place.zone == .repetition)
    #expect(rows[7].place.chunk == 0)
    #expect(rows[7].place.index == 1)
    #expect((rows[10].place.zone, rows[10].place.chunk, rows[10].place.index) == (.reading, 1, 0))
    #expect((Place.pad.zone, Place.pad.chunk, Place.pad.index) == (.pad, nil, nil))
  }

  @Test func `LAY-4 a training layout has n + F(t + L) rows, the last full chunk complete`() throws {
    let parameters = try Parameters(c: 2, t: 2)
    for (n, rows) in [(0, 0), (3, 3), (4, 10), (5, 11), (7, 13), (8, 20), (9, 21)] {
      #expect(parameters.trainingRows(n) == rows)
      #expect(try Sample(c: 2, t: 2, n: n).training().rows.count == rows)
    }
    let last = try Sample(c: 2, t: 2, n: 8).training().rows.suffix(6)
    #expect(brief(Array(last)) == "m1.0 m1.1 r1.0 r1.1 r1.2 r1.3")
  }

  @Test func `LAY-5 a generation layout is the training layout without repetition rows`() throws {
    let layout = try Sample(c: 2, t: 1, n: 5).generation()
    #expect(brief(layout.rows) == "x0.0 x0.1 m0.0 x1.0 x1.1 m1.0 x2.0")
    try forEverySample { sample in
      let (training, generation) = (try sample.training().rows, try sample.generation().rows)
      let rest = training.filter { $0.place.zone != .repetition }
      guard generation == rest, sample.parameters.generationRows(sample.textLength) == generation.count else {
        Issue.record("\(sample)")
        return
      }
    }
  }

  @Test func `LAY-6 rows stand chunk by chunk, zone by zone, index by index`() throws {
    let order: [Zone] = [.reading, .memory, .repetition, .pad]
    for n in 0...30 {
      for layout in [try Sample(c: 2, t: 3, n: n).training(), try Sample(c: 2, t: 3, n: n).generation()] {
        let keys = layout.rows.map { row in
          [row.place.chunk ?? -1, order.firstIndex(of: row.place.zone) ?? -1, row.place.index ?? -1]
        }
        for (earlier, later) in zip(keys, keys.dropFirst()) {
          #expect(earlier.lexicographicallyPrecedes(later))
        }
        #expect(layout.textLength == n)
      }
    }
  }
}
