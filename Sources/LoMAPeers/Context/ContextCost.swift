// CCM-28, CCM-29: the entries that a text needs and the scores that attention computes, in closed form and by counting.

/// How long a text's segments are, and how many of their rows stay as sinks: all that its cost depends on.
package struct ContextCost: Hashable, Sendable {
  /// V, n, BOS and the decisions.
  package let parameters: ContextParameters
  /// l₁ … l_T.
  package let contextLengths: [Int]
  /// The sink rows of each context: under `sink = on` those that hold BOS, else 0. Commonly σ in the first and 0 after
  /// it.
  package let sinks: [Int]
  /// l_F.
  package let finalLength: Int

  /// The cost of a text; throws `PeerError` for one that `ContextText.check` refuses.
  package init(_ text: ContextText, parameters: ContextParameters) throws(PeerError) {
    try text.check(parameters)
    self.parameters = parameters
    self.contextLengths = text.contexts.map { $0.count }
    self.sinks = text.contexts.map { tokens in tokens.count { parameters.isSink(token: $0) } }
    self.finalLength = text.final.count
  }

  /// size(t): the entries held after t segments, σ + n·t under `memory = concat`, σ + n under `merge` for t ≥ 1
  /// (CCM-28).
  ///
  /// σ counts the sink rows of segments 1…t: one, if BOS stands only at the very front.
  package func entries(afterSegments t: Int) -> Int {
    let sinkRows = sinks.prefix(t).reduce(0, +)
    return switch parameters.profile.memory {
    case .concat: sinkRows + parameters.memoryTokens * t
    case .merge: t == 0 ? sinkRows : sinkRows + parameters.memoryTokens
    }
  }

  /// The entries held while segment t is compressed, 1 ≤ t ≤ T: size(t − 1) + l_t + n (CCM-28).
  package func peak(whileCompressing t: Int) -> Int {
    entries(afterSegments: t - 1) + contextLengths[t - 1] + parameters.memoryTokens
  }

  /// The most entries ever held: the largest peak, or size(T) + l_F (CCM-28).
  package var maximum: Int {
    let atTheEnd = entries(afterSegments: contextLengths.count) + finalLength
    return contextLengths.indices.reduce(atTheEnd) { max($0, peak(whileCompressing: $1 + 1)) }
  }

  /// Visible pairs per layer and query head, SUM rows and pads not counted as queries (CCM-29):
  /// Σ_t (l_t·m + l_t(l_t + 1)/2 + n(m + l_t) + n(n + 1)/2) + l_F·size(T) + l_F(l_F + 1)/2.
  ///
  /// m is what segment t sees of the segments before it: size(t − 1), or their sink rows under `recurrence = separate`.
  package var pairs: Int {
    let n = parameters.memoryTokens
    var pairs = finalLength * entries(afterSegments: contextLengths.count) + finalLength * (finalLength + 1) / 2
    for (before, length) in contextLengths.enumerated() {
      let m =
        switch parameters.profile.recurrence {
        case .recurrent: entries(afterSegments: before)
        case .separate: sinks.prefix(before).reduce(0, +)
        }
      pairs += length * m + length * (length + 1) / 2 + n * (m + length) + n * (n + 1) / 2
    }
    return pairs
  }

  /// The pairs of causal attention over the text alone, nothing compressed: with N text rows, N(N + 1)/2.
  package var fullAttention: Int {
    let textRows = contextLengths.reduce(finalLength, +)
    return textRows * (textRows + 1) / 2
  }
}

extension ContextMask {
  /// The visible pairs whose query is a text or COMP row, counted one by one (CCM-29).
  package var countedPairs: Int {
    var pairs = 0
    for (query, row) in rows.enumerated() {
      switch row.place {
      case .text, .comp: pairs += visibleKeys(of: query).count
      case .sum, .pad: break
      }
    }
    return pairs
  }
}
