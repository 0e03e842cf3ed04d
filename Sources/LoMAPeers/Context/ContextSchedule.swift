// CCM-24, CCM-28: what enters the cache while a text is read segment by segment, what leaves it, and when.

/// Something that happens to the cache.
package enum ContextEvent: Hashable, Sendable {
  /// One text row is fed and its entry appended.
  case read(segment: Int, index: Int)
  /// C_t, n COMP rows, are fed in one pass and their entries appended.
  case compress(segment: Int)
  /// The entries of x_t leave the cache, except those of sink rows.
  case drop(segment: Int)
  /// `memory = concat`: the n entries of C_t stay, as memory.
  case append(segment: Int)
  /// `memory = merge`: the n entries of C_t leave the cache, folded into the n running means.
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

/// The cache as rows, in cache order: the order in which they were fed, the running means behind all sink rows.
///
/// Each change that removes entries answers which stay, so that keys and values can follow.
package struct ContextEntries: Hashable, Sendable {
  /// Place, token and position of every entry; a running mean has those of the SUM row it would replace (CCM-18).
  package private(set) var rows: [ContextRow] = []

  /// No entries.
  package init() {}

  /// Appends the entries of rows just fed.
  package mutating func append(_ fed: [ContextRow]) { rows += fed }

  /// CCM-24: x_t is dropped; answers the indices of the entries that stay.
  package mutating func drop(segment: Int, parameters: ContextParameters, rule: ContextCacheRule) -> [Int] {
    let kept = rows.indices.filter { rule.keeps(rows[$0], segment, parameters) }
    rows = kept.map { rows[$0] }
    return kept
  }

  /// CCM-24 under `memory = merge`: C_t and the old means go, the n new means come to the end; answers what stays.
  ///
  /// `position` is N, the number of text rows read. The means of segments 1…t are S_t under `recurrence = recurrent`,
  /// and under `separate` the block before segment t + 1, which sees it if it is the final one (CCM-5, CCM-13).
  package mutating func fold(segment: Int, position: Int, parameters: ContextParameters) -> [Int] {
    let owner =
      switch parameters.profile.recurrence {
      case .recurrent: segment
      case .separate: segment + 1
      }
    let kept = rows.indices.filter { rows[$0].place.role == .text }
    rows = kept.map { rows[$0] }
    for j in 0..<parameters.memoryTokens {
      rows.append(
        ContextRow(
          token: parameters.sumToken(j), place: .sum(segment: owner, index: j), position: position + j, label: nil))
    }
    return kept
  }
}

/// One event, the rows that it feeds, and the number of entries cached afterwards.
package struct ContextStep: Hashable, Sendable {
  /// A read, a compression, a drop, a fold or an append.
  package let event: ContextEvent
  /// The rows of `ContextLayout.onlineRows` that are fed; empty for a drop, a fold or an append.
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

  /// The events of a text, told to an observer with the entries held after each, in cache order.
  ///
  /// Throws `PeerError` for a text that `ContextText.check` refuses.
  package init(
    _ text: ContextText, parameters: ContextParameters, rule: ContextCacheRule,
    observe: (ContextStep, [ContextRow]) -> Void
  ) throws(PeerError) {
    let rows = try ContextLayout(text, parameters: parameters).onlineRows
    var (steps, entries, fed): ([ContextStep], ContextEntries, Int) = ([], ContextEntries(), 0)
    func tell(_ event: ContextEvent, feeding count: Int) {
      let memories = entries.rows.count { $0.place.role != .text }
      let step = ContextStep(
        event: event, fedRows: fed..<fed + count, textEntries: entries.rows.count - memories, memoryEntries: memories)
      fed += count
      steps.append(step)
      observe(step, entries.rows)
    }
    func read(_ count: Int, segment: Int) {
      for index in 0..<count {
        entries.append([rows[fed]])
        tell(.read(segment: segment, index: index), feeding: 1)
      }
    }
    var textRows = 0
    for (t, tokens) in text.contexts.enumerated() {
      let segment = t + 1
      read(tokens.count, segment: segment)
      textRows += tokens.count
      entries.append(Array(rows[fed..<fed + parameters.memoryTokens]))
      tell(.compress(segment: segment), feeding: parameters.memoryTokens)
      _ = entries.drop(segment: segment, parameters: parameters, rule: rule)
      tell(.drop(segment: segment), feeding: 0)
      switch parameters.profile.memory {
      case .concat: tell(.append(segment: segment), feeding: 0)
      case .merge:
        _ = entries.fold(segment: segment, position: textRows, parameters: parameters)
        tell(.fold(segment: segment), feeding: 0)
      }
    }
    read(text.final.count, segment: text.finalSegment)
    self.steps = steps
  }

  /// The largest number of entries cached after any event.
  package var maximum: Int { steps.reduce(0) { max($0, $1.cacheSize) } }
}
