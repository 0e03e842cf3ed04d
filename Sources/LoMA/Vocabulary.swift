// PAR-2, PAR-3: the ids of text tokens, the two special ids, and the size of the model's vocabulary.

/// The text vocabulary 0..<V, the special tokens `<m>` and `<r>`, and the model's vocabulary 0..<V'.
public struct Vocabulary: Hashable, Sendable {
  /// V, the size of the text vocabulary: text tokens are 0..<V.
  public let textSize: Int
  /// The id of `<m>`; V by default.
  public let memoryToken: Int
  /// The id of `<r>`; V + 1 by default.
  public let repetitionToken: Int
  /// V', the number of rows of the model's embedding: `vocab_size` in config.json.
  public let modelSize: Int

  /// Throws `InputError` unless V ≤ `<m>`, `<r>` < V' and `<m>` ≠ `<r>` (PAR-2).
  public init(textSize: Int, memoryToken: Int, repetitionToken: Int, modelSize: Int) throws(InputError) {
    for size in [textSize, modelSize] where size < 1 || size > Parameters.limit {
      throw .vocabularySizeOutOfRange(size, limit: Parameters.limit)
    }
    for id in [memoryToken, repetitionToken] {
      guard id >= textSize else { throw .specialTokenInTextVocabulary(id: id, textVocabulary: textSize) }
    }
    guard memoryToken != repetitionToken else { throw .equalSpecialTokens(memoryToken) }
    for id in [memoryToken, repetitionToken] {
      guard id < modelSize else { throw .noRoomForSpecialToken(id: id, modelVocabulary: modelSize) }
    }
    self.textSize = textSize
    self.memoryToken = memoryToken
    self.repetitionToken = repetitionToken
    self.modelSize = modelSize
  }

  /// The default vocabulary of PAR-2: `<m>` = V, `<r>` = V + 1, V' = V + 2.
  public init(textSize: Int) throws(InputError) {
    guard textSize >= 1, textSize <= Parameters.limit - 2 else {
      throw .vocabularySizeOutOfRange(textSize, limit: Parameters.limit - 2)
    }
    try self.init(
      textSize: textSize, memoryToken: textSize, repetitionToken: textSize + 1, modelSize: textSize + 2)
  }

  /// Throws `InputError` for the first token outside 0..<V; nothing is clamped (PAR-3).
  public func check(text: [Int]) throws(InputError) {
    try Parameters.check(textLength: text.count)
    for (index, token) in text.enumerated() where token < 0 || token >= textSize {
      throw .textTokenOutOfRange(token: token, index: index, textVocabulary: textSize)
    }
  }
}
