// EQB-10: chapter 16's merged memory under LoMA's recital. Chunks are its context segments, t its n; the repetition
// rows of all chunks stand behind the last one, and see the one running mean that is held then.

import LoMA
import LoMAReference
import NaiveLlama

/// What the rows of a text see if its memory is merged: keys are the means held, the means of the memory rows fed, and
/// the rows fed, in this order.
package enum MergedRecital {
  /// The Spec's rules with this mask.
  package static var rules: LoMARules {
    var rules = LoMARules.spec
    rules.visible = { visible($0, $1) }
    return rules
  }

  /// The keys that some rows of a mask see; rows before them are the last mean of an earlier pass, under the places of the
  /// chunk after which it is read.
  static func visible(_ mask: Mask, _ queries: Range<Int>) -> VisibleKeys {
    let (rows, held) = (mask.rows, queries.lowerBound)
    let memory = rows.indices.filter { $0 >= held && rows[$0].place.zone == .memory }
    let means = (Array(0..<held) + memory).map { rows[$0].place }
    let lists = queries.map { query in
      let place = rows[query].place
      return means.indices.filter { reads(place, meanAfter: means[$0], last: means.last) }
        + (held...query).filter { sees(place, rows[$0].place) }.map { $0 + memory.count }
    }
    return VisibleKeys(lists: lists, keyCount: rows.count + memory.count)
  }

  /// CCM-9, CCM-11: whether a row sees one that is not later, as it is.
  static func sees(_ query: Place, _ key: Place) -> Bool {
    switch (query, key) {
    case (.reading(let chunk, _), .reading(let other, _)), (.memory(let chunk, _), .reading(let other, _)),
      (.memory(let chunk, _), .memory(let other, _)), (.repetition(let chunk, _), .repetition(let other, _)):
      chunk == other
    case (.pad, .pad): true
    case (.reading, _), (.memory, _), (.repetition, _), (.pad, _): false
    }
  }

  /// EQB-10, CCM-13: whether a row reads the mean after a chunk's memory rows: text and memory that of the chunk before
  /// theirs, a repetition row the last.
  private static func reads(_ query: Place, meanAfter key: Place, last: Place?) -> Bool {
    switch query {
    case .reading(let chunk, _), .memory(let chunk, _): key.chunk == chunk - 1
    case .repetition: key.chunk == last?.chunk
    case .pad: false
    }
  }
}
