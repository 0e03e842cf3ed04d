// REC-2: the paper's two metrics, as counts.

/// A fraction of two counts; a metric over nothing is nil instead.
public struct Accuracy: Hashable, Sendable {
  /// The number of right ones.
  public let correct: Int
  /// The number of all, at least one.
  public let total: Int
}

/// Token repetition accuracy and repetition accuracy of one or more texts, pooled (REC-2).
public struct Metrics: Hashable, Sendable {
  /// Tokens reproduced in their place / L·F; nil if there is no full chunk.
  public let tokenRepetitionAccuracy: Accuracy?
  /// Chunks reproduced without an error / F; nil if there is no full chunk.
  public let repetitionAccuracy: Accuracy?

  /// Compares a text's full chunks with their reconstruction, L·F tokens in order.
  public init(text: [Int], reconstruction: [Int], parameters: Parameters) throws(InputError) {
    try self.init([(text, reconstruction)], parameters: parameters)
  }

  /// Pools several texts: every token counts once, every chunk counts once.
  public init(_ pairs: [(text: [Int], reconstruction: [Int])], parameters: Parameters) throws(InputError) {
    let length = parameters.chunkLength
    var (tokens, correctTokens, chunks, correctChunks) = (0, 0, 0, 0)
    for (text, reconstruction) in pairs {
      let fullChunks = parameters.fullChunks(text.count)
      guard reconstruction.count == fullChunks * length else {
        throw .reconstructionLengthMismatch(reconstruction.count, expected: fullChunks * length)
      }
      for chunk in 0..<fullChunks {
        var correct = 0
        for index in chunk * length..<(chunk + 1) * length where text[index] == reconstruction[index] { correct += 1 }
        tokens += length
        correctTokens += correct
        chunks += 1
        if correct == length { correctChunks += 1 }
      }
    }
    self.tokenRepetitionAccuracy = tokens == 0 ? nil : Accuracy(correct: correctTokens, total: tokens)
    self.repetitionAccuracy = chunks == 0 ? nil : Accuracy(correct: correctChunks, total: chunks)
  }
}
