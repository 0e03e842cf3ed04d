// What an explanation is asked about (PAR-1, PAR-2, GEN-5): the inputs of `loma explain`, before they are checked.

import LoMA

/// A text to explain: so many tokens written x0 x1 …, or ids.
public enum ExplainedText: Hashable, Sendable {
  /// n tokens whose ids do not matter; token g is written xg.
  case length(Int)
  /// The ids themselves.
  case tokens([Int])

  /// n, the number of text tokens.
  public var length: Int {
    switch self {
    case .length(let length): length
    case .tokens(let tokens): tokens.count
    }
  }

  /// How text token g is written; a token beyond the given ids, one still to be generated, is written xg.
  public func name(ofTextIndex g: Int) -> String {
    switch self {
    case .length: "x\(g)"
    case .tokens(let tokens): g < tokens.count ? "\(tokens[g])" : "x\(g)"
    }
  }
}

/// Which rows are laid out.
public enum LayoutKind: String, CaseIterable, Hashable, Sendable {
  /// LAY-2: reading, memory and repetition rows.
  case training
  /// LAY-5: without repetition rows.
  case generation
}

/// The four factors of COST-1.
public struct CacheEntryFactors: Hashable, Sendable {
  /// Decoder layers.
  public let layers: Int
  /// Key/value heads of a layer.
  public let keyValueHeads: Int
  /// Width of a head.
  public let headDimension: Int
  /// Bytes of one stored number.
  public let bytesPerElement: Int

  /// The four, unchecked.
  public init(layers: Int, keyValueHeads: Int, headDimension: Int, bytesPerElement: Int) {
    self.layers = layers
    self.keyValueHeads = keyValueHeads
    self.headDimension = headDimension
    self.bytesPerElement = bytesPerElement
  }
}

/// Everything `loma explain` may be told; `Explanation` checks it.
public struct ExplanationInputs: Hashable, Sendable {
  /// Compression ratio.
  public var c: Int
  /// Memory length.
  public var t: Int
  /// One text, or a batch to be padded on the right.
  public var texts: [ExplainedText]
  /// V; none means the largest id plus one.
  public var textVocabulary: Int?
  /// `<m>`; none means V.
  public var memoryToken: Int?
  /// `<r>`; none means V + 1.
  public var repetitionToken: Int?
  /// V'; none means just room enough for both special tokens.
  public var modelVocabulary: Int?
  /// The decisions.
  public var profile = Profile.base
  /// The layout of the sections `rows` and `mask`.
  public var layout = LayoutKind.training
  /// m tokens to generate after each text (GEN-5).
  public var generationLength: Int?
  /// The one chunk to reconstruct; none means every full chunk.
  public var chunk: Int?
  /// COST-1's factors, for bytes beside entries.
  public var cacheEntry: CacheEntryFactors?
  /// What each text's full chunks were reproduced as, for the metrics (REC-2).
  public var reconstructed: [[Int]] = []
  /// One score per id of the model's vocabulary, for the greedy choice (GEN-5).
  public var scores: [Int] = []

  /// c, t and the texts; everything else is at its default until set.
  public init(c: Int, t: Int, texts: [ExplainedText]) {
    self.c = c
    self.t = t
    self.texts = texts
  }
}

extension ExplanationInputs {
  /// Takes a profile written as `base` or as axis=value pairs joined by commas, in canonical form.
  ///
  /// Throws `unknownAxis`, `unknownAlternative` or `repeatedAxis`.
  public mutating func choose(profile name: String) throws(InputError) {
    guard name != "base" else { return profile = .base }
    profile = try Profile(
      name.split(separator: ",", omittingEmptySubsequences: false).map { pair in
        let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        return (axis: String(halves[0]), value: halves.count == 2 ? String(halves[1]) : "")
      })
  }
}
