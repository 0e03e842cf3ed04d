// The sections of an explanation, in the order they are shown, and how much of each a format can hold.

/// A part of an explanation.
package enum ExplanationSection: String, CaseIterable, Hashable, Sendable {
  /// c, t, L, the texts and the vocabulary.
  case parameters
  /// The rows of the layout.
  case rows
  /// Which row sees which.
  case mask
  /// The clauses of the mask, one sentence each.
  case rules
  /// The events of the compressed cache.
  case schedule
  /// Which row reproduces which token, and from what.
  case reconstruction
  /// Score evaluations and bytes.
  case cost
  /// REC-2's counts.
  case metrics
  /// The greedy token of a row of scores.
  case choice
  /// Every axis and its values.
  case profiles

  /// What is shown unless something else is asked for.
  package static let standard: [ExplanationSection] = [.parameters, .rows, .mask, .rules, .schedule, .cost]

  /// Whether it says nothing about c, t and a text.
  package var needsNoText: Bool { self == .profiles || self == .choice || self == .rules }
}

/// How long a listing and how large a mask a format shows; beyond it a section says so in one line.
package struct ExplanationLimits: Hashable, Sendable {
  /// Lines of a listing: rows, cache events, reconstructed tokens.
  package let lines: Int
  /// Rows of a mask.
  package let maskRows: Int

  /// A terminal.
  package static let text = ExplanationLimits(lines: 1024, maskRows: 160)
  /// A picture or a page.
  package static let picture = ExplanationLimits(lines: 1024, maskRows: 400)
  /// A program.
  package static let json = ExplanationLimits(lines: 65536, maskRows: 1024)
}
