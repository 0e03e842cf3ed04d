// CCM-1…CCM-4: n, the ids of text and memory tokens, the share of a segment in a merge, and a text in segments.

import LoMA

/// V, n, BOS, the decisions and a; every id and every count follows from them and a text's segments.
package struct ContextParameters: Hashable, Sendable {
  /// The most rows that a layout may have, and the most ids; every count of this folder then fits an `Int`.
  package static let limit = Parameters.limit

  /// V, the size of the text vocabulary: text tokens are 0..<V, and logits are over them alone (CCM-2).
  package let textSize: Int
  /// n, the memory tokens of a context segment (CCM-1).
  package let memoryTokens: Int
  /// The id of BOS; nil if the vocabulary has none (CCM-4).
  package let beginningToken: Int?
  /// The decisions.
  package let profile: ContextProfile
  /// How a segment enters the running means; the mean where nothing is merged (CCM-3).
  package let mergeRate: MergeRate

  /// Throws `PeerError` unless the share a fits the profile, n ≥ 1, V ≥ 1, and BOS, if there is one, is a text token.
  ///
  /// `rate` is a; it is read under `memory=merge,merge_rate=exponential` alone.
  package init(
    textSize: Int, memoryTokens: Int, beginningToken: Int?, profile: ContextProfile, rate: Double?
  ) throws(PeerError) {
    self.mergeRate = try MergeRate(profile.canonical.mergeRate, share: rate)
    guard memoryTokens >= 1 else { throw .memoryTokensOutOfRange(memoryTokens) }
    guard textSize >= 1, textSize <= Self.limit else {
      throw .vocabularySizeOutOfRange(textSize, limit: Self.limit)
    }
    if let beginningToken, beginningToken < 0 || beginningToken >= textSize {
      throw .beginningTokenOutOfRange(beginningToken, textVocabulary: textSize)
    }
    self.textSize = textSize
    self.memoryTokens = memoryTokens
    self.beginningToken = beginningToken
    self.profile = profile.canonical
  }

  /// The id of COMP_j: V + j (CCM-2).
  package func compToken(_ j: Int) -> Int { textSize + j }

  /// The id of SUM_j under `memory = merge`: V + n + j (CCM-2).
  package func sumToken(_ j: Int) -> Int { textSize + memoryTokens + j }

  /// The number of ids from V on: n, or 2n under `memory = merge` (CCM-2).
  package var memoryIds: Int {
    switch profile.memory {
    case .concat: memoryTokens
    case .merge: 2 * memoryTokens
    }
  }

  /// Whether a text token stays visible to all later rows, and in the cache (CCM-16).
  package func isSink(token: Int) -> Bool {
    switch profile.sink {
    case .off: false
    case .on: token == beginningToken
    }
  }

  /// The COMP and SUM blocks of a layout of so many context segments (CCM-5).
  private func memoryBlocks(contexts: Int) -> (partialValue: Int, overflow: Bool) {
    switch (profile.memory, profile.recurrence) {
    case (.concat, _): (contexts, false)
    case (.merge, .recurrent): contexts.multipliedReportingOverflow(by: 2)
    case (.merge, .separate): contexts.addingReportingOverflow(contexts == 0 ? 0 : 1)
    }
  }

  /// The rows of a layout of so many text rows and contexts, which `check` has accepted (CCM-5).
  package func rows(textRows: Int, contexts: Int) -> Int {
    textRows + memoryBlocks(contexts: contexts).partialValue * memoryTokens
  }

  /// Throws `textTooLong` if n, or the rows of a layout of so many text rows and contexts, exceed the limit (CCM-5).
  package func check(textRows: Int, contexts: Int) throws(PeerError) {
    let blocks = memoryBlocks(contexts: contexts)
    let rows = blocks.partialValue.multipliedReportingOverflow(by: memoryTokens)
    guard memoryTokens <= Self.limit, !blocks.overflow, !rows.overflow, textRows <= Self.limit,
      rows.partialValue <= Self.limit - textRows
    else { throw .textTooLong(limit: Self.limit) }
  }

  /// Throws `textTokenOutOfRange` for the first token of a segment outside 0..<V; nothing is clamped (CCM-2).
  package func check(_ tokens: [Int], segment: Int) throws(PeerError) {
    for (index, token) in tokens.enumerated() where token < 0 || token >= textSize {
      throw .textTokenOutOfRange(token: token, segment: segment, index: index, textVocabulary: textSize)
    }
  }
}

/// How the entries h_t of the t-th segment enter the running mean M_t (CCM-3).
package enum MergeRate: Hashable, Sendable {
  /// M_t = (1 − 1/t)·M_{t−1} + h_t/t, the mean of all.
  case mean
  /// M_t = (1 − a)·M_{t−1} + a·h_t with M_1 = h_1.
  case exponential(Double)

  /// The rate of an axis value; throws `mergeRateOutOfRange` unless 0 < a ≤ 1 where a is asked for.
  package init(_ rate: ContextProfile.Rate, share a: Double?) throws(PeerError) {
    switch rate {
    case .mean: self = .mean
    case .exponential:
      guard let a, a > 0, a <= 1 else { throw .mergeRateOutOfRange }
      self = .exponential(a)
    }
  }
}

/// A text that arrives in pieces: T context segments, then a final one, an input and an output (CCM-1).
package struct ContextText: Hashable, Sendable {
  /// x_0 … x_T, each with at least one token; the last is the final segment.
  package let segments: [[Int]]
  /// How many tokens at the end of x_T are the output, fewer than all of them (CCM-23).
  package let outputLength: Int

  /// Segments, of which the last ends in an output.
  package init(segments: [[Int]], outputLength: Int) {
    self.segments = segments
    self.outputLength = outputLength
  }

  /// T: the number of context segments, and the final segment's own.
  package var finalSegment: Int { segments.count - 1 }

  /// x_0 … x_{T−1}.
  package var contexts: ArraySlice<[Int]> { segments.dropLast() }

  /// x_T.
  package var final: [Int] { segments.last ?? [] }

  /// Throws for an empty segment, no segment, a layout beyond the limit, a token outside 0..<V, and an output that is
  /// not a part of the final segment with a token before it.
  package func check(_ parameters: ContextParameters) throws(PeerError) {
    for (segment, tokens) in segments.enumerated() where tokens.isEmpty { throw .segmentEmpty(segment: segment) }
    guard !segments.isEmpty else { throw .noSegment }
    try parameters.check(textRows: segments.reduce(0) { $0 + $1.count }, contexts: finalSegment)
    for (segment, tokens) in segments.enumerated() { try parameters.check(tokens, segment: segment) }
    guard outputLength >= 0, outputLength < final.count else {
      throw .outputLengthOutOfRange(outputLength, finalLength: final.count)
    }
  }
}
