// PAR-2, PAR-3: which ids are text, which two are special, and what a model has room for.

/// The text vocabulary 0..<V, the special tokens `<m>` and `<r>`, and the model's vocabulary 0..<V'.
public struct Vocabulary: Hashable, Sendable {
  /// V: text tokens are 0..<V.
  public let textSize: Int
  /// The id of `<m>`, V where nothing else is said.
  public let memoryToken: Int
  /// The id of `<r>`, V + 1 where nothing else is said.
  public let repetitionToken: Int
  /// V': rows of the model's embedding, `vocab_size` in config.json.
  public let modelSize: Int

  /// Checks V ≤ `<m>`, `<r>` < V' and `<m>` ≠ `<r>` (PAR-2).
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

  /// The default of PAR-2: `<m>` = V, `<r>` = V + 1, V' = V + 2.
  public init(textSize: Int) throws(InputError) {
    guard textSize >= 1, textSize <= Parameters.limit - 2 else {
      throw .vocabularySizeOutOfRange(textSize, limit: Parameters.limit - 2)
    }
    try self.init(
      textSize: textSize, memoryToken: textSize, repetitionToken: textSize + 1, modelSize: textSize + 2)
  }

  /// Rejects the first token outside 0..<V; nothing is clamped (PAR-3).
  public func check(text: [Int]) throws(InputError) {
    try Parameters.check(textLength: text.count)
    for (index, token) in text.enumerated() where token < 0 || token >= textSize {
      throw .textTokenOutOfRange(token: token, index: index, textVocabulary: textSize)
    }
  }
}
