// CCM-28, CCM-29: the entries that a text needs and the scores that attention computes, in closed form and by counting.

/// How long a text's segments are, and how many of their rows stay as sinks: all that its cost depends on.
package struct ContextCost: Hashable, Sendable {
  /// V, n, BOS and the decisions.
  package let parameters: ContextParameters
  /// l_0 … l_T.
  package let lengths: [Int]
  /// The sink rows of each segment: under `sink = on` those that hold BOS, else 0.
  private let sinks: [Int]

  /// The cost of a text; throws `PeerError` for one that `ContextText.check` refuses.
  package init(_ text: ContextText, parameters: ContextParameters) throws(PeerError) {
    try text.check(parameters)
    self.parameters = parameters
    self.lengths = text.segments.map { $0.count }
    self.sinks = text.segments.map { tokens in tokens.count { parameters.isSink(token: $0) } }
  }

  /// T.
  private var contexts: Int { lengths.count - 1 }

  /// σ_t: the sink rows of the first t segments (CCM-28).
  private func sinkRows(ofFirst t: Int) -> Int { sinks.prefix(t).reduce(0, +) }

  /// size(t): the entries held after t segments, σ_t + n·t, or σ_t + n·min(t, 1) under `memory = merge` (CCM-28).
  package func entries(afterSegments t: Int) -> Int {
    switch parameters.profile.memory {
    case .concat: sinkRows(ofFirst: t) + parameters.memoryTokens * t
    case .merge: sinkRows(ofFirst: t) + parameters.memoryTokens * min(t, 1)
    }
  }

  /// size(0) … size(T).
  package var sizes: [Int] { (0...contexts).map { entries(afterSegments: $0) } }

  /// The most entries while segment k is read and compressed: size(k) + l_k + n, or size(T) + l_T (CCM-28).
  package var peaks: [Int] {
    lengths.indices.map { k in
      entries(afterSegments: k) + lengths[k] + (k < contexts ? parameters.memoryTokens : 0)
    }
  }

  /// The most entries ever held.
  package var maximum: Int { peaks.reduce(0, max) }

  /// The entries held at the end: size(T) + l_T.
  package var finalSize: Int { entries(afterSegments: contexts) + lengths[contexts] }

  /// Visible pairs by segment, per layer and query head, SUM rows and pads not counted as queries (CCM-29):
  /// l·m + l(l + 1)/2, and for a context n·(m + l) + n(n + 1)/2 more.
  ///
  /// m is what segment k sees of the segments before it: size(k), or their sink rows under `recurrence = separate`.
  package var pairs: [Int] {
    let n = parameters.memoryTokens
    return lengths.enumerated().map { k, l in
      let m =
        switch (parameters.profile.recurrence, k < contexts) {
        case (.recurrent, _), (.separate, false): entries(afterSegments: k)
        case (.separate, true): sinkRows(ofFirst: k)
        }
      let ofText = l * m + l * (l + 1) / 2
      return k < contexts ? ofText + n * (m + l) + n * (n + 1) / 2 : ofText
    }
  }

  /// The pairs of causal attention over the text alone, nothing compressed: with N text rows, N(N + 1)/2.
  package var fullAttention: Int {
    let textRows = lengths.reduce(0, +)
    return textRows * (textRows + 1) / 2
  }
}

extension ContextMask {
  /// The visible pairs of each segment's text and COMP rows, counted one by one (CCM-29).
  package var countedPairs: [Int] {
    var pairs: [Int] = []
    for (query, row) in rows.enumerated() {
      switch row.place {
      case .text(let segment, _), .comp(let segment, _):
        if segment == pairs.count { pairs.append(0) }
        pairs[segment] += visibleKeys(of: query).count
      case .sum, .pad: break
      }
    }
    return pairs
  }
}
