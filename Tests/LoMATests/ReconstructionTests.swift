// Spec chapter 7, Reconstruction and metrics: REC-1, REC-2, REC-4. REC-3 and REC-5 are about numbers.

import LoMA
import Testing

@Suite("7 Reconstruction") struct ReconstructionTests {
  private func reconstruction(_ chunk: Int, n: Int, _ profile: Profile = .base) throws -> Reconstruction {
    try Reconstruction(chunk: chunk, textLength: n, parameters: Parameters(c: 2, t: 2), profile: profile)
  }

  private func counts(_ accuracy: Accuracy?) -> [Int]? { accuracy.map { [$0.correct, $0.total] } }

  @Test func `REC-1 a chunk is reproduced by its L repetition rows from its own memories`() throws {
    let found = try reconstruction(1, n: 13)
    #expect(found.chunk == 1)
    #expect(found.memoryChunks == 1..<2)
    #expect(found.predictingRows == [.repetition(0), .repetition(1), .repetition(2), .repetition(3)])
  }

  @Test func `REC-1 memories of earlier chunks are seen under past_memories, never those of a later one`() throws {
    let past = try profile(("repetition_context", "past_memories"))
    #expect(try (0...2).map { try reconstruction($0, n: 13, past).memoryChunks } == [0..<1, 0..<2, 0..<3])
  }

  @Test func `REC-1 only full chunks can be reproduced`() throws {
    for (chunk, n, fullChunks) in [(0, 3, 0), (0, 0, 0), (2, 11, 2), (3, 13, 3), (-1, 13, 3), (Int.max, 13, 3)] {
      #expect(throws: InputError.noSuchChunk(chunk, fullChunks: fullChunks)) { try reconstruction(chunk, n: n) }
      let cost = try Cost(textLength: n, parameters: Parameters(c: 2, t: 2), profile: .base)
      #expect(throws: InputError.noSuchChunk(chunk, fullChunks: fullChunks)) { try cost.reconstruction(chunk: chunk) }
    }
  }

  @Test func `REC-2 tokens and whole chunks are counted, the tail is not`() throws {
    let parameters = try Parameters(c: 2, t: 1)
    let found = try Metrics(text: [1, 2, 3, 4, 5], reconstruction: [1, 2, 3, 9], parameters: parameters)
    #expect(counts(found.tokenRepetitionAccuracy) == [3, 4])
    #expect(counts(found.repetitionAccuracy) == [1, 2])
    let none = try Metrics(text: [1, 2, 3, 4], reconstruction: [2, 1, 4, 3], parameters: parameters)
    #expect(counts(none.tokenRepetitionAccuracy) == [0, 4])
    #expect(counts(none.repetitionAccuracy) == [0, 2])
    let all = try Metrics(text: [1, 2, 3, 4], reconstruction: [1, 2, 3, 4], parameters: parameters)
    #expect(counts(all.tokenRepetitionAccuracy) == [4, 4])
    #expect(counts(all.repetitionAccuracy) == [2, 2])
  }

  @Test func `REC-2 texts are pooled, not averaged`() throws {
    let found = try Metrics(
      [([1, 2], [1, 2]), ([1, 2, 3, 4, 5, 6, 7], [0, 2, 0, 4, 0, 6]), ([1], [])],
      parameters: Parameters(c: 2, t: 1))
    #expect(counts(found.tokenRepetitionAccuracy) == [5, 8])
    #expect(counts(found.repetitionAccuracy) == [1, 4])
  }

  @Test func `REC-2 without a full chunk there is no accuracy`() throws {
    let parameters = try Parameters(c: 2, t: 2)
    for text in [[], [1, 2, 3]] {
      let found = try Metrics(text: text, reconstruction: [], parameters: parameters)
      #expect(found.tokenRepetitionAccuracy == nil)
      #expect(found.repetitionAccuracy == nil)
    }
    #expect(try Metrics([], parameters: parameters).tokenRepetitionAccuracy == nil)
  }

  @Test func `REC-2 a reconstruction of another length than the full chunks is rejected`() throws {
    let parameters = try Parameters(c: 2, t: 1)
    for count in [0, 3, 5, 6] {
      #expect(throws: InputError.reconstructionLengthMismatch(count, expected: 4)) {
        try Metrics(text: [1, 2, 3, 4, 5], reconstruction: Array(repeating: 0, count: count), parameters: parameters)
      }
    }
  }

  @Test func `REC-2 every single wrong token costs one token and one chunk`() throws {
    let parameters = try Parameters(c: 2, t: 2)
    let text = distinctText(14)
    for wrong in 0..<12 {
      var reconstruction = Array(text.prefix(12))
      reconstruction[wrong] = 1008
      let found = try Metrics(text: text, reconstruction: reconstruction, parameters: parameters)
      #expect(counts(found.tokenRepetitionAccuracy) == [11, 12])
      #expect(counts(found.repetitionAccuracy) == [2, 3])
    }
  }

  @Test func `REC-4 under shifted the last memory row predicts token 0, repetition row i − 1 token i`() throws {
    let shifted = try profile(("repetition_labels", "shifted"))
    let found = try reconstruction(1, n: 13, shifted)
    #expect(found.predictingRows == [.lastMemory, .repetition(0), .repetition(1), .repetition(2)])
  }
}
