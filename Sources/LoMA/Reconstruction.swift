// REC-1, REC-4: which rows reproduce a chunk from the cache, and which of them predicts which token.

/// The row whose logits predict one token of a chunk.
public enum PredictingRow: Hashable, Sendable {
  /// Repetition row i of the chunk.
  case repetition(Int)
  /// The chunk's last memory row, whose logits are kept when it is fed (REC-4).
  case lastMemory
}

/// The reconstruction of one full chunk of a text of n tokens.
public struct Reconstruction: Hashable, Sendable {
  /// k, the chunk that is reconstructed.
  public let chunk: Int
  /// The chunks whose memory entries the repetition rows see; never a later chunk (MSK-8).
  public let memoryChunks: Range<Int>
  /// For each of the L tokens, the row that predicts it.
  public let predictingRows: [PredictingRow]

  /// Throws `InputError` unless the chunk is one of the F full chunks; the tail is none of them (REC-1).
  public init(chunk: Int, textLength: Int, parameters: Parameters, profile: Profile) throws(InputError) {
    try Parameters.check(textLength: textLength)
    let fullChunks = parameters.fullChunks(textLength)
    guard chunk >= 0, chunk < fullChunks else { throw .noSuchChunk(chunk, fullChunks: fullChunks) }
    self.chunk = chunk
    self.memoryChunks =
      switch profile.repetitionContext {
      case .ownMemory: chunk..<chunk + 1
      case .pastMemories: 0..<chunk + 1
      }
    self.predictingRows = (0..<parameters.chunkLength).map { index in
      switch profile.repetitionLabels {
      case .aligned: .repetition(index)
      case .shifted: index == 0 ? .lastMemory : .repetition(index - 1)  // REC-4
      }
    }
  }
}
