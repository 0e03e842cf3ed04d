// The twin of a LoMA recipe: the same texts, rows and losses, but nothing is compressed. What a recital then loses, the
// entries themselves have lost.

import LoMA
import LoMAReference

/// LoMA's training layout without memory: reading rows see all reading rows before them, and a repetition row sees the
/// reading rows of its chunk and the repetition rows up to itself.
package enum Twin {
  /// The decisions that it can be trained under. Sequential numbering counts the rows that are fed (POS-4), so that a text
  /// of one chunk is an ordinary causal text: its tokens, then as many `<r>`.
  package static let profiles: [Profile] = [.base, sequential]

  private static var sequential: Profile {
    var profile = Profile.base
    profile.numbering = .sequential
    return profile.canonical
  }

  /// The rows of a training layout that are fed: all but the memory rows.
  package static func rows(_ rows: [Row], _ profile: Profile) -> [Row] {
    let fed = rows.filter { $0.place.zone != .memory }
    guard profile.numbering == .sequential else { return fed }
    return fed.enumerated().map { index, row in
      Row(token: row.token, place: row.place, position: index, label: row.label)
    }
  }

  /// The Spec's rules with this mask.
  package static var rules: LoMARules { LoMARules(seeing: sees) }

  /// Whether a row sees one that is not later.
  package static func sees(_ query: Place, _ key: Place) -> Bool {
    switch (query, key) {
    case (.reading, .reading): true
    case (.repetition(let chunk, _), .reading(let other, _)), (.repetition(let chunk, _), .repetition(let other, _)):
      chunk == other
    case (.pad, .pad): true
    case (.reading, _), (.repetition, _), (.memory, _), (.pad, _): false
    }
  }
}
