// REC-2, REC-3: both accuracies of a model by chunk index, from the repetition rows of the training layout.

import LoMA
import NaiveLlama

/// The counts of right tokens and right chunks over the chunks with one index in their texts.
package struct RepetitionCount: Hashable, Sendable {
  /// Tokens reproduced in their place.
  package var correctTokens = 0
  /// All tokens.
  package var tokens = 0
  /// Chunks reproduced without an error.
  package var correctChunks = 0
  /// All chunks.
  package var chunks = 0

  static func + (left: RepetitionCount, right: RepetitionCount) -> RepetitionCount {
    var sum = left
    sum.correctTokens += right.correctTokens
    sum.tokens += right.tokens
    sum.correctChunks += right.correctChunks
    sum.chunks += right.chunks
    return sum
  }
}

/// Counts of what a model reproduces, by chunk index.
package struct Repetition: Hashable, Sendable {
  /// The counts by chunk index; the first are over the first chunks of all texts.
  package private(set) var byChunk: [RepetitionCount] = []

  package init() {}

  init(_ byChunk: [RepetitionCount]) { self.byChunk = byChunk }

  package var total: RepetitionCount { byChunk.reduce(RepetitionCount(), +) }

  /// Adds the counts of one text, from the logits of its training layout.
  ///
  /// They equal those of reconstruction from the compressed cache (REC-3), so nothing is fed twice. Under `shifted` the
  /// first token is read from the last memory row (REC-4).
  package mutating func count(
    text: [Int], rows: [Row], logits: Tensor, vocabulary: Vocabulary, parameters: Parameters, profile: Profile
  ) throws(InputError) {
    var places: [Place: Int] = [:]
    for (r, row) in rows.enumerated() { places[row.place] = r }
    for chunk in 0..<parameters.fullChunks(text.count) {
      let plan = try Reconstruction(chunk: chunk, textLength: text.count, parameters: parameters, profile: profile)
      var count = RepetitionCount()
      for (index, source) in plan.predictingRows.enumerated() {
        let place: Place =
          switch source {
          case .repetition(let i): .repetition(chunk: chunk, index: i)
          case .lastMemory: .memory(chunk: chunk, index: parameters.t - 1)
          }
        guard let r = places[place] else { preconditionFailure("a full chunk has all its rows") }
        let token = vocabulary.greedyToken(Array(logits.row(r)))
        count.tokens += 1
        if token == text[chunk * parameters.chunkLength + index] { count.correctTokens += 1 }
      }
      count.chunks = 1
      count.correctChunks = count.correctTokens == count.tokens ? 1 : 0
      while byChunk.count <= chunk { byChunk.append(RepetitionCount()) }
      byChunk[chunk] = byChunk[chunk] + count
    }
  }
}
