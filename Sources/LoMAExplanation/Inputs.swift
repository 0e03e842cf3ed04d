// The inputs of `loma explain` before they are checked (PAR-1, PAR-2, GEN-5).

import LoMA

/// A text to explain, given by its length, by its ids, or as it is.
package enum ExplainedText: Hashable, Sendable {
  /// n tokens whose ids do not matter; token g is written xg.
  case length(Int)
  case tokens([Int])
  /// Its UTF-8, a token a byte; a token is written as its character.
  case string(String)

  /// n, the number of text tokens.
  package var length: Int {
    switch self {
    case .length(let length): length
    case .tokens(let tokens): tokens.count
    case .string(let string): string.utf8.count
    }
  }

  /// The ids; nil for a text given by its length.
  package var ids: [Int]? {
    switch self {
    case .length: nil
    case .tokens(let tokens): tokens
    case .string(let string): string.utf8.map { Int($0) }
    }
  }

  /// How text token g is written; a token beyond the given ids, which is still to be generated, is written xg.
  package func name(ofTextIndex g: Int) -> String {
    switch self {
    case .length: "x\(g)"
    case .tokens(let tokens): g < tokens.count ? "\(tokens[g])" : "x\(g)"
    case .string:
      if let ids, g < ids.count { name(ofId: ids[g]) } else { "x\(g)" }
    }
  }

  /// How an id of this text is written: a byte as its character, a blank as ␣, another byte as two digits to base 16.
  package func name(ofId id: Int) -> String {
    guard case .string = self else { return "\(id)" }
    if id == 0x20 { return "␣" }
    if id > 0x20, id < 0x7F { return String(UnicodeScalar(UInt8(id))) }
    return (id < 16 ? "0" : "") + String(id, radix: 16)
  }
}

/// The four factors of COST-1.
package struct CacheEntryFactors: Hashable, Sendable {
  /// The number of decoder layers.
  package let layers: Int
  /// The number of key/value heads per layer.
  package let keyValueHeads: Int
  /// The width of a head.
  package let headDimension: Int
  /// The bytes of one stored number.
  package let bytesPerElement: Int

  package init(layers: Int, keyValueHeads: Int, headDimension: Int, bytesPerElement: Int) {
    self.layers = layers
    self.keyValueHeads = keyValueHeads
    self.headDimension = headDimension
    self.bytesPerElement = bytesPerElement
  }
}

/// All options of `loma explain`; `Explanation` checks them.
package struct ExplanationInputs: Hashable, Sendable {
  /// The compression ratio.
  package var c: Int
  /// The memory length.
  package var t: Int
  /// One text, or a batch to be padded on the right.
  package var texts: [ExplainedText]
  /// V; nil means the largest id plus one.
  package var textVocabulary: Int?
  /// The id of `<m>`; nil means V.
  package var memoryToken: Int?
  /// The id of `<r>`; nil means V + 1.
  package var repetitionToken: Int?
  /// V'; nil means the smallest size that includes both special tokens.
  package var modelVocabulary: Int?
  /// The decisions.
  package var profile = Profile.base
  /// The layout of the sections `rows` and `mask`.
  package var layout = LayoutKind.training
  /// m tokens to generate after each text (GEN-5).
  package var generationLength: Int?
  /// The only chunk to reconstruct; nil means every full chunk.
  package var chunk: Int?
  /// The factors of COST-1, to show bytes besides entries.
  package var cacheEntry: CacheEntryFactors?
  /// What the full chunks of each text were reproduced as, for the metrics (REC-2).
  package var reconstructed: [[Int]] = []
  /// One score per id of the model's vocabulary, for the greedy choice (GEN-5).
  package var scores: [Int] = []

  /// c, t and the texts; everything else has its default.
  package init(c: Int, t: Int, texts: [ExplainedText]) {
    self.c = c
    self.t = t
    self.texts = texts
  }
}

extension ExplanationInputs {
  /// Sets the profile from `base` or from axis=value pairs joined by commas, in canonical form.
  ///
  /// Throws `unknownAxis`, `unknownAlternative` or `repeatedAxis`.
  package mutating func choose(profile name: String) throws(InputError) { profile = try Profile(name: name) }
}
