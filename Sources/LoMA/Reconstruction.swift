// REC-1, REC-4: which rows reproduce a chunk from the cache, and which of them predicts which token.

/// The row whose logits predict one token of a chunk.
public enum PredictingRow: Hashable, Sendable {
  /// Repetition row i of the chunk.
  case repetition(Int)
  /// The chunk's last memory row; its logits are kept when it is fed (REC-4).
  case lastMemory
}

/// The reconstruction of one full chunk of a text of n tokens.
public struct Reconstruction: Hashable, Sendable {
  /// k, the chunk to reproduce.
  public let chunk: Int
  /// The chunks whose memory entries the repetition rows see; a later chunk's are never seen (MSK-8).
  public let memoryChunks: Range<Int>
  /// The row that predicts each of the L tokens.
  public let predictingRows: [PredictingRow]

  /// Rejects a chunk that is not one of the F full chunks; the tail never is (REC-1).
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
