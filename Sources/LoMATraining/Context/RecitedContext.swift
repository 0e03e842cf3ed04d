// EQB-3, EQB-5: chapter 16's concatenated memory under LoMA's recital, all weights trained. Chunks are its context
// segments, t its n; the repetition rows of all chunks stand behind the last one, and see every segment's memory.

import LoMA
import LoMAReference

/// A text in chunks that are compressed as context segments are (CCM-9, CCM-10), then recited.
package enum RecitedContext {
  /// The rows of LoMA's training layout in this order: chunks, each with its memory rows, then all repetition rows.
  ///
  /// Memory row j has an id of its own, V + j, and stands j behind the text before it (CCM-7); a repetition row stands
  /// where the token stood that it recites.
  package static func rows(_ rows: [Row], _ parameters: Parameters) -> [Row] {
    let moved = rows.map { row in
      guard case .memory(let chunk, let index) = row.place else { return row }
      return Row(
        token: row.token + index, place: row.place, position: (chunk + 1) * parameters.chunkLength + index, label: nil)
    }
    return moved.filter { $0.place.zone != .repetition } + moved.filter { $0.place.zone == .repetition }
  }

  /// The Spec's rules with this mask.
  package static var rules: LoMARules { LoMARules(seeing: sees) }

  /// Whether a row sees one that is not later.
  package static func sees(_ query: Place, _ key: Place) -> Bool {
    switch (query, key) {
    case (.reading(let chunk, _), .reading(let other, _)), (.memory(let chunk, _), .reading(let other, _)):
      chunk == other
    case (.reading, .memory), (.memory, .memory), (.repetition, .memory): true
    case (.repetition(let chunk, _), .repetition(let other, _)): chunk == other
    case (.pad, .pad): true
    case (.reading, _), (.memory, _), (.repetition, _), (.pad, _): false
    }
  }
}
