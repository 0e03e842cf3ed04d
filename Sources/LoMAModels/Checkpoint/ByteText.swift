// PAR-2: text as bytes, for models whose text vocabulary is the 256 bytes.

import LoMAVectors

/// A model that knows how many text tokens it has.
package protocol TextVocabulary {
  /// V: text tokens are 0..<V.
  var textSize: Int { get }
}

extension LoadedModel: TextVocabulary {
  package var textSize: Int { vocabulary.textSize }
}

extension ContextCheckpoint: TextVocabulary {
  package var textSize: Int { parameters.textSize }
}

extension LatentCheckpoint: TextVocabulary {
  package var textSize: Int { file.loma?.textVocabulary ?? configuration.shape.vocabularySize }
}

extension TextVocabulary {
  /// Whether every text token is a byte.
  package var hasByteVocabulary: Bool { textSize == 256 }

  /// The tokens of a string: its UTF-8 bytes.
  package func tokens(of text: String) throws(CheckpointError) -> [Int] {
    guard hasByteVocabulary else { throw .notByteVocabulary(textVocabulary: textSize) }
    return text.utf8.map(Int.init)
  }

  /// The tokens of a file of at most 16 MiB: its bytes.
  package func tokens(ofFile path: String) throws(CheckpointError) -> [Int] {
    guard hasByteVocabulary else { throw .notByteVocabulary(textVocabulary: textSize) }
    do { return try Files.contents(of: path, byteLimit: 16 << 20).map(Int.init) } catch { throw .file(error) }
  }

  /// The tokens as text; each byte that is not part of valid UTF-8 becomes U+FFFD.
  package func text(of tokens: [Int]) -> String {
    String(decoding: tokens.map { UInt8(truncatingIfNeeded: $0) }, as: UTF8.self)
  }
}
