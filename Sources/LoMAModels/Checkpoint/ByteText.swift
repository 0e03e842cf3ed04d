// PAR-2: text as bytes, for models whose text vocabulary is the 256 bytes.

import LoMAVectors

extension LoadedModel {
  /// Whether every text token is a byte.
  package var hasByteVocabulary: Bool { vocabulary.textSize == 256 }

  /// The tokens of a string: its UTF-8 bytes.
  package func tokens(of text: String) throws(CheckpointError) -> [Int] {
    guard hasByteVocabulary else { throw .notByteVocabulary(textVocabulary: vocabulary.textSize) }
    return text.utf8.map(Int.init)
  }

  /// The tokens of a file of at most 16 MiB: its bytes.
  package func tokens(ofFile path: String) throws(CheckpointError) -> [Int] {
    guard hasByteVocabulary else { throw .notByteVocabulary(textVocabulary: vocabulary.textSize) }
    do { return try Files.contents(of: path, byteLimit: 16 << 20).map(Int.init) } catch { throw .file(error) }
  }

  /// The tokens as text; each byte that is not part of valid UTF-8 becomes U+FFFD.
  package func text(of tokens: [Int]) -> String {
    String(decoding: tokens.map { UInt8(truncatingIfNeeded: $0) }, as: UTF8.self)
  }
}
