// What a trained model recites when it is run with one mistake: a row of Docs/Losslessness.md.

/// A recitation with one mistake.
package struct Recital: Sendable {
  /// The mistake's id, or axis=value.
  package let name: String
  /// The mistake in words; empty if the name says it.
  package let words: String
  /// How many tokens a right port brings back.
  package let total: Int
  /// How many of them are right; nil if an answer has another number of tokens.
  package let correct: Int?
  /// The tokens that came back, chunk after chunk.
  package let tokens: [Int]

  /// A recitation that was judged.
  package init(name: String, words: String, total: Int, correct: Int?, tokens: [Int]) {
    self.name = name
    self.words = words
    self.total = total
    self.correct = correct
    self.tokens = tokens
  }

  /// As text: what is no printable ASCII is `~`.
  package var text: String {
    String(decoding: tokens.map { 0x20..<0x7F ~= $0 ? UInt8($0) : UInt8(ascii: "~") }, as: UTF8.self)
  }
}
