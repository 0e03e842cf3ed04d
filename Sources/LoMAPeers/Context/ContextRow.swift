// CCM-6: one row of a layout, and its place.

/// What a row is.
package enum ContextRole: String, CaseIterable, Hashable, Sendable {
  /// A text token, of a context or of the final segment.
  case text
  /// `<COMP>`: its key and value are the memory of its segment.
  case comp
  /// `<SUM>`: its key and value are replaced by the merged memory (CCM-17).
  case sum
  /// Padding at the front of the shorter texts of a batch.
  case pad
}

/// A row's role, segment and index; a pad has only a role.
package enum ContextPlace: Hashable, Sendable {
  /// Text row `index` of a segment.
  case text(segment: Int, index: Int)
  /// COMP_index of a context segment.
  case comp(segment: Int, index: Int)
  /// SUM_index of a segment; the one block of `memory = merge`, `recurrence = separate` is the final segment's (CCM-5).
  case sum(segment: Int, index: Int)
  /// A padding row of a batch.
  case pad

  /// The role without segment and index.
  package var role: ContextRole {
    switch self {
    case .text: .text
    case .comp: .comp
    case .sum: .sum
    case .pad: .pad
    }
  }

  /// The segment; nil for a pad.
  package var segment: Int? {
    switch self {
    case .text(let segment, _), .comp(let segment, _), .sum(let segment, _): segment
    case .pad: nil
    }
  }

  /// The index in the segment's rows of that role; nil for a pad.
  package var index: Int? {
    switch self {
    case .text(_, let index), .comp(_, let index), .sum(_, let index): index
    case .pad: nil
    }
  }
}

/// One row: the token fed, its place and position (CCM-6), and its label (CCM-23).
package struct ContextRow: Hashable, Sendable {
  /// The id fed to the model: a text token, COMP_j or SUM_j.
  package let token: Int
  /// Role, segment and index.
  package let place: ContextPlace
  /// The position that the rotary embedding is fed (CCM-7).
  package let position: Int
  /// The text token that this row is trained to predict; nil if its loss is not counted (CCM-23).
  package let label: Int?

  /// A row with the given token, place, position and label.
  package init(token: Int, place: ContextPlace, position: Int, label: Int?) {
    self.token = token
    self.place = place
    self.position = position
    self.label = label
  }

  /// CCM-8: what fills a batch: position 1, no label.
  package static let pad = ContextRow(token: 0, place: .pad, position: 1, label: nil)
}
