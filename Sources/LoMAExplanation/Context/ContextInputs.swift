// The inputs of `loma explain --method ccm` before they are checked (CCM-1…CCM-4, CCM-23, CCM-27).

import LoMAPeers

/// A text to explain: its tokens by number or by id, and where its segments end.
package struct SegmentedText: Hashable, Sendable {
  /// The number of tokens of each segment, the final one last.
  package var lengths: [Int]
  /// The ids of all segments' tokens; nil in a text of which only the lengths are known, where token g has id g.
  package var ids: [Int]?
  /// How many tokens at the end of the final segment are its output.
  package var outputLength = 0

  /// A text of which the lengths of the segments are known.
  package init(lengths: [Int]) { self.lengths = lengths }
}

/// All options of `loma explain --method ccm`; `ContextExplanation` checks them.
package struct ContextInputs: Hashable, Sendable {
  /// n.
  package var memoryTokens: Int
  /// One text, or a batch to be padded on the left.
  package var texts: [SegmentedText]
  /// V; nil means the largest id plus one.
  package var textVocabulary: Int?
  /// The id of BOS; nil or −1 means none.
  package var beginningToken: Int?
  /// The decisions.
  package var profile = ContextProfile.base
  /// a, for `merge_rate = exponential`.
  package var rate: Double?
  /// m tokens to generate after each text.
  package var generationLength: Int?
  /// The factors of COST-1, to show bytes besides entries.
  package var cacheEntry: CacheEntryFactors?

  /// n and the texts; everything else has its default.
  package init(memoryTokens: Int, texts: [SegmentedText]) {
    self.memoryTokens = memoryTokens
    self.texts = texts
  }

  /// Sets the profile from `base` or from axis=value pairs joined by commas, in canonical form.
  ///
  /// Throws `unknownAxis`, `unknownAlternative` or `repeatedAxis`.
  package mutating func choose(profile name: String) throws(PeerError) { profile = try ContextProfile(name: name) }

  /// Whether the profile reads a.
  package var needsRate: Bool { profile.mergeRate == .exponential }
}
