// CCM-1, CCM-2, CCM-4: n, the ids of text and memory tokens, and a text in segments.

import LoMA

/// V, n, BOS and the decisions; every id and every count follows from them and a text's segments.
package struct ContextParameters: Hashable, Sendable {
  /// The most rows that a layout may have; every count of this folder then fits an `Int`.
  package static let limit = Parameters.limit

  /// V, the size of the text vocabulary: text tokens are 0..<V, and logits are over them alone (CCM-2).
  package let textSize: Int
  /// n, the memory tokens of a segment (CCM-1).
  package let memoryTokens: Int
  /// The id of BOS; nil if the vocabulary has none (CCM-4).
  package let beginToken: Int?
  /// The decisions.
  package let profile: ContextProfile

  /// Throws `PeerError` unless V ≥ 1, n ≥ 1, every id can be counted, and BOS, if there is one, is a text token.
  package init(textSize: Int, memoryTokens: Int, beginToken: Int?, profile: ContextProfile) throws(PeerError) {
    guard textSize >= 1, textSize <= Self.limit else {
      throw .vocabularySizeOutOfRange(textSize, limit: Self.limit)
    }
    guard memoryTokens >= 1 else { throw .memoryTokensBelowOne(memoryTokens) }
    guard memoryTokens <= Self.limit else { throw .layoutTooLong(limit: Self.limit) }
    if let beginToken, beginToken < 0 || beginToken >= textSize {
      throw .beginTokenOutOfRange(token: beginToken, textVocabulary: textSize)
    }
    self.textSize = textSize
    self.memoryTokens = memoryTokens
    self.beginToken = beginToken
    self.profile = profile
  }

  /// The id of COMP_j: V + j (CCM-2).
  package func compToken(_ j: Int) -> Int { textSize + j }

  /// The id of SUM_j under `memory = merge`: V + n + j (CCM-2).
  package func sumToken(_ j: Int) -> Int { textSize + memoryTokens + j }

  /// The number of ids from V on, each with an embedding of its own: n, or 2n under `memory = merge` (CCM-2).
  package var memoryEmbeddings: Int {
    switch profile.memory {
    case .concat: memoryTokens
    case .merge: 2 * memoryTokens
    }
  }

  /// Whether a text token stays visible to all later rows, and in the cache (CCM-16).
  package func isSink(token: Int) -> Bool {
    switch profile.sink {
    case .off: false
    case .on: token == beginToken
    }
  }

  /// Throws `layoutTooLong` if so many text rows and contexts make more rows than can be counted, a SUM block counted
  /// for each context under `memory = merge`.
  package func check(textRows: Int, segments: Int) throws(PeerError) {
    let (memoryRows, overflow) = segments.multipliedReportingOverflow(by: memoryEmbeddings)
    guard !overflow, textRows <= Self.limit, memoryRows <= Self.limit - textRows else {
      throw .layoutTooLong(limit: Self.limit)
    }
  }

  /// Throws `textTokenOutOfRange` for the first token of a segment outside 0..<V; nothing is clamped (CCM-2).
  package func check(_ tokens: [Int], segment: Int) throws(PeerError) {
    for (index, token) in tokens.enumerated() where token < 0 || token >= textSize {
      throw .textTokenOutOfRange(token: token, segment: segment, index: index, textVocabulary: textSize)
    }
  }
}

/// A text that arrives in pieces: T context segments, then a final one (CCM-1).
package struct ContextText: Hashable, Sendable {
  /// x₁ … x_T, each with at least one token.
  package let contexts: [[Int]]
  /// The first part of x_{T+1}: given, never labelled.
  package let input: [Int]
  /// The second part of x_{T+1}: what is to be said, its end token included (CCM-23).
  package let output: [Int]

  /// Contexts, and the final segment in its two parts.
  package init(contexts: [[Int]], input: [Int], output: [Int]) {
    self.contexts = contexts
    self.input = input
    self.output = output
  }

  /// x_{T+1} = input ++ output.
  package var final: [Int] { input + output }

  /// F = T + 1, the number of the final segment; segments count from 1, as in the formulas of the Spec.
  package var finalSegment: Int { contexts.count + 1 }

  /// Throws for an empty context, a token outside 0..<V, an output after no input, and a layout beyond the limit.
  ///
  /// The final segment may be empty: then the text is a memory and nothing after it.
  package func check(_ parameters: ContextParameters) throws(PeerError) {
    for (t, tokens) in contexts.enumerated() {
      guard !tokens.isEmpty else { throw .segmentEmpty(segment: t + 1) }
      try parameters.check(tokens, segment: t + 1)
    }
    try parameters.check(final, segment: finalSegment)
    try parameters.check(textRows: contexts.reduce(final.count) { $0 + $1.count }, segments: contexts.count)
    guard output.isEmpty || !input.isEmpty else { throw .emptyInput(outputLength: output.count) }
  }
}
