// PAR, LAY, GEN, REC, COST and the registry: why an input is rejected. `code` is one of the Spec's rejection codes.

/// Why an input is rejected, with the offending value and the limit it breaks.
public enum InputError: Error, Hashable, Sendable {
  /// PAR-1: c < 1.
  case ratioBelowOne(Int)
  /// PAR-1: t < 1.
  case memoryLengthBelowOne(Int)
  /// PAR-1: t·c overflows or exceeds this implementation's limit.
  case chunkTooLong(c: Int, t: Int, limit: Int)
  /// PAR-2: V < 1, or V' beyond this implementation's limit.
  case vocabularySizeOutOfRange(Int, limit: Int)
  /// PAR-2: a special token's id lies below V.
  case specialTokenInTextVocabulary(id: Int, textVocabulary: Int)
  /// PAR-2: `<m>` and `<r>` have the same id.
  case equalSpecialTokens(Int)
  /// PAR-2: a special token's id is not below V'; the checkpoint must be extended.
  case noRoomForSpecialToken(id: Int, modelVocabulary: Int)
  /// PAR-3: a text token outside 0..<V.
  case textTokenOutOfRange(token: Int, index: Int, textVocabulary: Int)
  /// LAY-1: n < 0.
  case negativeTextLength(Int)
  /// LAY-1: n exceeds this implementation's limit.
  case textTooLong(Int, limit: Int)
  /// GEN-5: a negative number of tokens was asked for.
  case negativeGenerationLength(Int)
  /// GEN-5: tokens were asked for after an empty prompt.
  case emptyPrompt(generationLength: Int)
  /// REC-1: the chunk is not one of the F full chunks.
  case noSuchChunk(Int, fullChunks: Int)
  /// REC-2: reconstructed tokens do not fill the F full chunks exactly.
  case reconstructionLengthMismatch(Int, expected: Int)
  /// COST-1: a factor below one, or a product that does not fit an integer.
  case cacheSizeOutOfRange(layers: Int, keyValueHeads: Int, headDimension: Int, bytesPerElement: Int)
  /// Registry: no axis has this name.
  case unknownAxis(String)
  /// Registry: the axis has no such value.
  case unknownAlternative(axis: String, value: String)
  /// Registry: a profile names one axis twice.
  case repeatedAxis(String)
}

extension InputError {
  /// The code in the Spec's list of rejection codes.
  public var code: String {
    switch self {
    case .ratioBelowOne: "ratio-below-one"
    case .memoryLengthBelowOne: "memory-length-below-one"
    case .chunkTooLong: "chunk-too-long"
    case .vocabularySizeOutOfRange: "vocabulary-size-out-of-range"
    case .specialTokenInTextVocabulary: "special-token-in-text-vocabulary"
    case .equalSpecialTokens: "equal-special-tokens"
    case .noRoomForSpecialToken: "no-room-for-special-token"
    case .textTokenOutOfRange: "text-token-out-of-range"
    case .negativeTextLength: "negative-text-length"
    case .textTooLong: "text-too-long"
    case .negativeGenerationLength: "negative-generation-length"
    case .emptyPrompt: "empty-prompt"
    case .noSuchChunk: "no-such-chunk"
    case .reconstructionLengthMismatch: "reconstruction-length-mismatch"
    case .cacheSizeOutOfRange: "cache-size-out-of-range"
    case .unknownAxis: "unknown-axis"
    case .unknownAlternative: "unknown-alternative"
    case .repeatedAxis: "repeated-axis"
    }
  }
}

extension InputError: CustomStringConvertible {
  /// The code and the numbers, on one line.
  public var description: String { code + ": " + numbers }

  private var numbers: String {
    switch self {
    case .ratioBelowOne(let c): "c is \(c), must be at least 1"
    case .memoryLengthBelowOne(let t): "t is \(t), must be at least 1"
    case .chunkTooLong(let c, let t, let limit): "t·c with t = \(t), c = \(c) is over \(limit)"
    case .vocabularySizeOutOfRange(let size, let limit): "vocabulary size is \(size), must be in 1...\(limit)"
    case .specialTokenInTextVocabulary(let id, let size): "special id \(id) is in the text vocabulary 0..<\(size)"
    case .equalSpecialTokens(let id): "<m> and <r> both have id \(id)"
    case .noRoomForSpecialToken(let id, let size): "special id \(id) is not in the model's vocabulary 0..<\(size)"
    case .textTokenOutOfRange(let token, let index, let size):
      "token \(token) at text index \(index) is not in 0..<\(size)"
    case .negativeTextLength(let length): "text length is \(length), must be at least 0"
    case .textTooLong(let length, let limit): "text length is \(length), must be at most \(limit)"
    case .negativeGenerationLength(let length): "\(length) tokens asked for, must be at least 0"
    case .emptyPrompt(let length): "\(length) tokens asked for after an empty prompt"
    case .noSuchChunk(let chunk, let count): "chunk \(chunk) is not in 0..<\(count)"
    case .reconstructionLengthMismatch(let length, let expected):
      "\(length) reconstructed tokens, the full chunks have \(expected)"
    case .cacheSizeOutOfRange(let layers, let heads, let width, let bytes):
      "2 · \(layers) layers · \(heads) heads · \(width) · \(bytes) bytes is not a positive size this machine can count"
    case .unknownAxis(let axis): "no axis is named \(escaped(axis))"
    case .unknownAlternative(let axis, let value): "axis \(escaped(axis)) has no value \(escaped(value))"
    case .repeatedAxis(let axis): "axis \(escaped(axis)) is given twice"
    }
  }

  /// A name from the input with its control characters escaped, so that it stays on one line.
  private func escaped(_ name: String) -> String {
    name.unicodeScalars.reduce("") { $0 + $1.escaped(asASCII: true) }
  }
}
