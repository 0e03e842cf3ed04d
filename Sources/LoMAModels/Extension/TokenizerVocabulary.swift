// PAR-5: the ids of a Hugging Face tokenizer, and the id that it gives to the next token.
//
// A tokenizer takes the ids of its model's vocabulary from the file, but gives added tokens the next free id, whatever the
// file says: the number of the model's entries, or one more than the largest id added so far. So a gap renumbers tokens.

import LoMAVectors

/// A token's content, compared byte for byte as tokenizers do.
struct TokenContent: Hashable, Sendable {
  private let bytes: [UInt8]

  init(_ text: String) { bytes = Array(text.utf8) }
}

/// The tokens of one tokenizer as one file lists them.
struct TokenizerVocabulary: Sendable {
  /// The file that lists the added tokens.
  let file: String
  private var ids: [TokenContent: Int]
  /// The number of entries of the model's vocabulary.
  private let entries: Int
  /// One more than the largest id.
  private(set) var size: Int
  private var largestAdded: Int?

  /// A vocabulary without added tokens.
  init(file: String, ids: [TokenContent: Int], entries: Int) {
    self.file = file
    self.ids = ids
    self.entries = entries
    size = ids.values.max().map { $0 + 1 } ?? entries
  }

  /// The same model's vocabulary, whose added tokens another file lists.
  init(file: String, copying other: TokenizerVocabulary) {
    self.init(file: file, ids: other.ids, entries: other.entries)
  }

  /// Adds a token; throws if a tokenizer would give it another id.
  mutating func add(_ content: String, id: Int) throws(ExtensionError) {
    let given = ids[TokenContent(content)] ?? next
    guard given == id else { throw .renumberedToken(file: file, content: content, id: id, given: given) }
    ids[TokenContent(content)] = id
    largestAdded = max(largestAdded ?? id, id)
    size = max(size, id + 1)
  }

  /// The id of a token; nil if there is none.
  func id(_ content: String) -> Int? { ids[TokenContent(content)] }

  /// Throws unless the next token gets the first free id, which is `size`.
  func checkNext() throws(ExtensionError) {
    if next != size { throw .nextToken(file: file, given: next, size: size) }
  }

  /// The id that a tokenizer gives to a token that it does not have.
  private var next: Int {
    if let largestAdded, largestAdded >= entries { return largestAdded + 1 }
    return entries
  }
}
