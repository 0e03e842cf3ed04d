// The sections of an explanation in the order they are shown, and the limits of each format.

/// A section of an explanation.
package enum ExplanationSection: String, CaseIterable, Hashable, Sendable {
  /// c, t, L, the texts and the vocabulary; or the sizes of a model.
  case parameters
  /// The weights of each kind of layer, with shapes.
  case weights
  /// Which layer reads what which layer wrote.
  case layers
  /// The rows of the layout.
  case rows
  /// Which rows share a position.
  case positions
  /// Which row sees which.
  case mask
  /// The clauses of the mask, one sentence each.
  case rules
  /// The events of the compressed cache.
  case schedule
  /// Which row reproduces which token, and which memories it sees.
  case reconstruction
  /// The number of score evaluations, and bytes.
  case cost
  /// The counts of REC-2.
  case metrics
  /// The greedy token for a row of scores.
  case choice
  /// Every axis and its values.
  case profiles

  /// The sections shown by default.
  package static let standard: [ExplanationSection] = [.parameters, .rows, .mask, .rules, .schedule, .cost]

  /// Whether the section is independent of c, t and the text.
  package var needsNoText: Bool { self == .profiles || self == .choice || self == .rules }
}

/// The maximum length of a listing and size of a mask in a format; a section beyond it says so in one line.
package struct ExplanationLimits: Hashable, Sendable {
  /// The maximum number of lines of a listing: rows, cache events, reconstructed tokens.
  package let lines: Int
  /// The maximum number of rows of a mask.
  package let maskRows: Int

  /// For a terminal.
  package static let text = ExplanationLimits(lines: 1024, maskRows: 160)
  /// For a picture or a page.
  package static let picture = ExplanationLimits(lines: 1024, maskRows: 400)
  /// For a program.
  package static let json = ExplanationLimits(lines: 65536, maskRows: 1024)
}
