// What an explanation is asked about (PAR-1, PAR-2, GEN-5): the inputs of `loma explain`, before they are checked.

import LoMA

/// A text to explain: so many tokens written x0 x1 …, or ids.
package enum ExplainedText: Hashable, Sendable {
  /// n tokens whose ids do not matter; token g is written xg.
  case length(Int)
  /// The ids themselves.
  case tokens([Int])

  /// n, the number of text tokens.
  package var length: Int {
    switch self {
    case .length(let length): length
    case .tokens(let tokens): tokens.count
    }
  }

  /// How text token g is written; a token beyond the given ids, one still to be generated, is written xg.
  package func name(ofTextIndex g: Int) -> String {
    switch self {
    case .length: "x\(g)"
    case .tokens(let tokens): g < tokens.count ? "\(tokens[g])" : "x\(g)"
    }
  }
}

/// The four factors of COST-1.
package struct CacheEntryFactors: Hashable, Sendable {
  /// Decoder layers.
  package let layers: Int
  /// Key/value heads of a layer.
  package let keyValueHeads: Int
  /// Width of a head.
  package let headDimension: Int
  /// Bytes of one stored number.
  package let bytesPerElement: Int

  /// The four, unchecked.
  package init(layers: Int, keyValueHeads: Int, headDimension: Int, bytesPerElement: Int) {
    self.layers = layers
    self.keyValueHeads = keyValueHeads
    self.headDimension = headDimension
    self.bytesPerElement = bytesPerElement
  }
}

/// Everything `loma explain` may be told; `Explanation` checks it.
package struct ExplanationInputs: Hashable, Sendable {
  /// Compression ratio.
  package var c: Int
  /// Memory length.
  package var t: Int
  /// One text, or a batch to be padded on the right.
  package var texts: [ExplainedText]
  /// V; none means the largest id plus one.
  package var textVocabulary: Int?
  /// `<m>`; none means V.
  package var memoryToken: Int?
  /// `<r>`; none means V + 1.
  package var repetitionToken: Int?
  /// V'; none means just room enough for both special tokens.
  package var modelVocabulary: Int?
  /// The decisions.
  package var profile = Profile.base
  /// The layout of the sections `rows` and `mask`.
  package var layout = LayoutKind.training
  /// m tokens to generate after each text (GEN-5).
  package var generationLength: Int?
  /// The one chunk to reconstruct; none means every full chunk.
  package var chunk: Int?
  /// COST-1's factors, for bytes beside entries.
  package var cacheEntry: CacheEntryFactors?
  /// What each text's full chunks were reproduced as, for the metrics (REC-2).
  package var reconstructed: [[Int]] = []
  /// One score per id of the model's vocabulary, for the greedy choice (GEN-5).
  package var scores: [Int] = []

  /// c, t and the texts; everything else is at its default until set.
  package init(c: Int, t: Int, texts: [ExplainedText]) {
    self.c = c
    self.t = t
    self.texts = texts
  }
}

extension ExplanationInputs {
  /// Takes a profile written as `base` or as axis=value pairs joined by commas, in canonical form.
  ///
  /// Throws `unknownAxis`, `unknownAlternative` or `repeatedAxis`.
  package mutating func choose(profile name: String) throws(InputError) { profile = try Profile(name: name) }
}
