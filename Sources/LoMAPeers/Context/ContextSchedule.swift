// CCM-24, CCM-28: what enters the cache while a text is read segment by segment, what leaves it, and when.

/// Something that happens to the cache.
package enum ContextEvent: Hashable, Sendable {
  /// One text row is fed and its entry appended; text tokens count through all segments.
  case read(textIndex: Int)
  /// C_k, n COMP rows, are fed in one pass and their entries appended.
  case compress(segment: Int)
  /// The entries of x_k leave the cache, except those of sink rows.
  case drop(segment: Int)
  /// `memory = merge`: the n entries of C_k leave the cache, folded into the n running means.
  case fold(segment: Int)
}

/// Which entries stay when a segment is dropped; the Spec's rule, or a deliberately wrong one.
package struct ContextCacheRule: Sendable {
  /// Whether an entry stays once a segment has been compressed.
  package var keeps: @Sendable (ContextRow, _ segment: Int, ContextParameters) -> Bool

  /// CCM-24: all text goes but sink rows.
  package static let spec = ContextCacheRule { row, _, parameters in
    row.place.role != .text || parameters.isSink(token: row.token)
  }
}

/// The cache as rows, in the order of the online rows: sinks before memory before text where BOS stands in front.
///
/// Each change that removes entries answers which stay, so that keys and values can follow.
package struct ContextEntries: Hashable, Sendable {
  /// Place, token and position of every entry; a running mean has those of the SUM row it would replace (CCM-18).
  package private(set) var rows: [ContextRow] = []
  /// The number of every entry's row among the online rows; that of a running mean is the last COMP row folded into it.
  package private(set) var numbers: [Int] = []
  /// The online rows fed so far.
  package private(set) var fedRows = 0

  /// No entries.
  package init() {}

  /// Appends the entries of rows just fed.
  package mutating func append(_ fed: [ContextRow]) {
    rows += fed
    numbers += fedRows..<fedRows + fed.count
    fedRows += fed.count
  }

  /// CCM-24: x_k is dropped; answers the indices of the entries that stay.
  package mutating func drop(segment: Int, parameters: ContextParameters, rule: ContextCacheRule) -> [Int] {
    keep(rows.indices.filter { rule.keeps(rows[$0], segment, parameters) })
  }

  /// CCM-24 under `memory = merge`: C_k and the old means go, the n new means come to the end; answers what stays.
  ///
  /// `position` is N, the number of text rows read. The means of segments 0…k are S_k under `recurrence = recurrent`;
  /// under `separate` they are the block before segment k + 1, which sees them if it is the final one (CCM-5, CCM-13).
  package mutating func fold(segment: Int, position: Int, parameters: ContextParameters) -> [Int] {
    let owner =
      switch parameters.profile.recurrence {
      case .recurrent: segment
      case .separate: segment + 1
      }
    let kept = keep(rows.indices.filter { rows[$0].place.role == .text })
    for j in 0..<parameters.memoryTokens {
      rows.append(
        ContextRow(
          token: parameters.sumToken(j), place: .sum(segment: owner, index: j), position: position + j, label: nil))
      numbers.append(fedRows - parameters.memoryTokens + j)
    }
    return kept
  }

  private mutating func keep(_ indices: [Int]) -> [Int] {
    rows = indices.map { rows[$0] }
    numbers = indices.map { numbers[$0] }
    return indices
  }
}

/// One event, the rows that it feeds, and the number of entries cached afterwards.
package struct ContextStep: Hashable, Sendable {
  /// A read, a compression, a drop or a fold.
  package let event: ContextEvent
  /// The rows of `ContextLayout.onlineRows` that are fed; empty for a drop or a fold.
  package let fedRows: Range<Int>
  /// Text entries in the cache after the event, sink rows of earlier segments included.
  package let textEntries: Int
  /// COMP entries and running means in the cache after the event.
  package let memoryEntries: Int
  /// All entries in the cache after the event.
  package var cacheSize: Int { textEntries + memoryEntries }
}

/// The cache events of reading one text (CCM-24).
package struct ContextSchedule: Hashable, Sendable {
  /// The events in order, each with the state of the cache after it.
  package let steps: [ContextStep]

  /// The events of a text and of m − 1 tokens after it, told to an observer with the entries held after each.
  ///
  /// The tokens after it belong to the final segment, which drops nothing, so that their ids do not matter. Throws
  /// `PeerError` for a text that `ContextText.check` refuses, for m < 0, and for too many rows.
  package init(
    _ text: ContextText, generating m: Int, parameters: ContextParameters, rule: ContextCacheRule,
    observe: (ContextStep, ContextEntries) -> Void
  ) throws(PeerError) {
    let further = max(m - 1, 0)
    let fed = try text.extended(by: further, parameters: parameters)
    guard m >= 0 else { throw .negativeGenerationLength(m) }
    let rows = try ContextLayout(fed, parameters: parameters).onlineRows
    var (steps, entries, textRows): ([ContextStep], ContextEntries, Int) = ([], ContextEntries(), 0)
    func tell(_ event: ContextEvent, feeding count: Int) {
      let memories = entries.rows.count { $0.place.role != .text }
      let step = ContextStep(
        event: event, fedRows: entries.fedRows - count..<entries.fedRows, textEntries: entries.rows.count - memories,
        memoryEntries: memories)
      steps.append(step)
      observe(step, entries)
    }
    for (segment, tokens) in fed.segments.enumerated() {
      for _ in tokens {
        entries.append([rows[entries.fedRows]])
        tell(.read(textIndex: textRows), feeding: 1)
        textRows += 1
      }
      guard segment < fed.finalSegment else { break }
      entries.append(Array(rows[entries.fedRows..<entries.fedRows + parameters.memoryTokens]))
      tell(.compress(segment: segment), feeding: parameters.memoryTokens)
      _ = entries.drop(segment: segment, parameters: parameters, rule: rule)
      tell(.drop(segment: segment), feeding: 0)
      switch parameters.profile.memory {
      case .concat: break
      case .merge:
        _ = entries.fold(segment: segment, position: textRows, parameters: parameters)
        tell(.fold(segment: segment), feeding: 0)
      }
    }
    self.steps = steps
  }

  /// The largest number of entries cached after any event.
  package var maximum: Int { steps.reduce(0) { max($0, $1.cacheSize) } }
}

extension ContextText {
  /// This text with some tokens more in its final segment, their ids 0; throws for a text that `check` refuses.
  fileprivate func extended(by count: Int, parameters: ContextParameters) throws(PeerError) -> ContextText {
    try check(parameters)
    let textRows = segments.reduce(0) { $0 + $1.count }
    guard count <= ContextParameters.limit else { throw .textTooLong(limit: ContextParameters.limit) }
    try parameters.check(textRows: textRows + count, contexts: finalSegment)
    return ContextText(segments: contexts + [final + Array(repeating: 0, count: count)], outputLength: outputLength)
  }
}
