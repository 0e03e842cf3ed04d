// REC-2, REC-3: both accuracies of a model over texts, by chunk, read off the training layout's repetition rows.

import LoMA
import NaiveLlama

/// Right tokens and right chunks of those that stand at one index in their texts.
package struct RepetitionCount: Hashable, Sendable {
  /// Tokens reproduced at their place.
  package var correctTokens = 0
  /// Tokens to reproduce.
  package var tokens = 0
  /// Chunks reproduced without one error.
  package var correctChunks = 0
  /// Chunks to reproduce.
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

/// What a model reproduces of texts, chunk index by chunk index.
package struct Repetition: Hashable, Sendable {
  /// By chunk index, the first chunks of all texts first.
  package private(set) var byChunk: [RepetitionCount] = []

  /// Nothing counted.
  package init() {}

  /// Counts made before.
  init(_ byChunk: [RepetitionCount]) { self.byChunk = byChunk }

  /// All chunks together.
  package var total: RepetitionCount { byChunk.reduce(RepetitionCount(), +) }

  /// Counts one text from the logits of its training layout.
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
