// The reconstructions of a trained model that is run with one mistake: a row of Docs/Losslessness.md.

/// The reconstruction of known chunks under one mistake.
package struct Recital: Sendable {
  /// The mistake's id, or axis=value.
  package let name: String
  /// The mistake in words; empty if the name says it.
  package let words: String
  /// The number of tokens that a right port reconstructs.
  package let total: Int
  /// The number of right tokens; nil if an answer has the wrong number of tokens.
  package let correct: Int?
  /// The reconstructed tokens, chunk after chunk.
  package let tokens: [Int]

  package init(name: String, words: String, total: Int, correct: Int?, tokens: [Int]) {
    self.name = name
    self.words = words
    self.total = total
    self.correct = correct
    self.tokens = tokens
  }

  /// The tokens as text, with `~` for a byte that is not printable ASCII.
  package var text: String {
    String(decoding: tokens.map { 0x20..<0x7F ~= $0 ? UInt8($0) : UInt8(ascii: "~") }, as: UTF8.self)
  }
}
