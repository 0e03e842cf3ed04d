// CCM-8…CCM-16: may a query row see a key row? One arm per pair of roles.

/// Whether the mask lets a query row see a key row, and the clause that decides it.
package struct ContextMaskRule: Hashable, Sendable {
  /// The clause that decides the pair.
  package let clause: String
  /// Whether the query sees the key.
  package let isVisible: Bool
}

/// The attention mask over the rows of one text, or over the entries of a cache and the rows fed behind them.
///
/// A key is never a later row; causality is by row, never by position.
package struct ContextMask: Hashable, Sendable {
  /// The rows, queries and keys alike.
  package let rows: [ContextRow]
  /// V, n, BOS and the decisions.
  package let parameters: ContextParameters
  /// T, the number of the final segment; nil while it is not known to have begun.
  package let finalSegment: Int?

  /// The mask over some rows, with or without pads.
  package init(rows: [ContextRow], parameters: ContextParameters, finalSegment: Int?) {
    self.rows = rows
    self.parameters = parameters
    self.finalSegment = finalSegment
  }

  /// The rule for row `query` as the query and row `key` as the key, both indices into `rows`.
  package func rule(query: Int, key: Int) -> ContextMaskRule {
    let isCausal = key <= query
    switch (rows[query].place, rows[key].place) {
    case (.text(let s, _), .text(let u, _)), (.comp(let s, _), .text(let u, _)):
      return text("CCM-9", key: key, isCausal && u == s, isCausal)
    case (.text(let s, _), .comp(let u, _)), (.comp(let s, _), .comp(let u, _)):
      return comp(s, u, isCausal)
    case (.text(let s, _), .sum(let u, _)), (.comp(let s, _), .sum(let u, _)):
      return ContextMaskRule(clause: "CCM-13", isVisible: isCausal && contextSeesSum(s, u))
    case (.sum(let s, _), .text(let u, _)):
      return text("CCM-14", key: key, isCausal && u == s, isCausal)
    case (.sum(let s, _), .comp(let u, _)):
      return ContextMaskRule(clause: "CCM-14", isVisible: isCausal && (isSeparate || u == s))
    case (.sum(let s, _), .sum(let u, _)):
      return ContextMaskRule(clause: "CCM-14", isVisible: isCausal && (u == s || u == s - 1))
    case (.pad, _), (_, .pad):
      return ContextMaskRule(clause: "CCM-8", isVisible: query == key)
    }
  }

  /// Whether row `query` sees row `key`.
  package func allows(query: Int, key: Int) -> Bool { rule(query: query, key: key).isVisible }

  /// The rows that `query` sees, in row order.
  package func visibleKeys(of query: Int) -> [Int] { rows.indices.filter { allows(query: query, key: $0) } }

  /// A text key: the segment's rule, and beyond it the sink's (CCM-16).
  private func text(_ clause: String, key: Int, _ inSegment: Bool, _ isCausal: Bool) -> ContextMaskRule {
    guard !inSegment, parameters.isSink(token: rows[key].token) else {
      return ContextMaskRule(clause: clause, isVisible: inSegment)
    }
    return ContextMaskRule(clause: "CCM-16", isVisible: isCausal)
  }

  /// CCM-10…CCM-12, CCM-15: a COMP key of segment u and a text or COMP query of segment s.
  private func comp(_ s: Int, _ u: Int, _ isCausal: Bool) -> ContextMaskRule {
    switch (parameters.profile.memory, parameters.profile.recurrence, s == finalSegment) {
    case (.concat, .recurrent, _): ContextMaskRule(clause: "CCM-10", isVisible: isCausal && u <= s)
    case (.concat, .separate, true): ContextMaskRule(clause: "CCM-12", isVisible: isCausal)
    case (.merge, _, true): ContextMaskRule(clause: "CCM-15", isVisible: false)
    case (.concat, .separate, false), (.merge, _, false):
      ContextMaskRule(clause: "CCM-11", isVisible: isCausal && u == s)
    }
  }

  /// CCM-13: a SUM key of segment u and a text or COMP query of segment s.
  private func contextSeesSum(_ s: Int, _ u: Int) -> Bool {
    switch parameters.profile.recurrence {
    case .recurrent: u == s - 1
    case .separate: s == finalSegment && u == s
    }
  }

  private var isSeparate: Bool { parameters.profile.recurrence == .separate }
}
