// MSK-1…MSK-9, MSK-11: each kind of cell of the mask hidden where it is visible, or shown where it is hidden.

import LoMA
import LoMAReference

extension Change {
  /// Where a key stands from a query in another row of the same text: by chunk, then by index in the zone.
  private enum Distance: Hashable {
    case ownBefore
    case ownSame
    case ownAfter
    case earlierChunk
    case laterChunk

    init?(_ query: Place, _ key: Place) {
      guard let k = query.chunk, let m = key.chunk, let i = query.index, let j = key.index else { return nil }
      if m != k {
        self = m < k ? .earlierChunk : .laterChunk
      } else {
        self = j < i ? .ownBefore : j == i ? .ownSame : .ownAfter
      }
    }
  }

  private static let own: Set<Distance> = [.ownBefore, .ownSame, .ownAfter]

  /// Cells of two zones and some distances set to one value; a row's own cell stays visible.
  private static func cells(
    _ clause: String, _ what: String, _ query: Zone, _ key: Zone, _ distances: Set<Distance>, shown: Bool
  ) -> Change {
    let verb = shown ? "see" : "do not see"
    return setting(
      "\(clause.lowercased())-\(shown ? "shown" : "hidden")-\(what.split(separator: " ").joined(separator: "-"))",
      "\(query.rawValue) rows \(verb) \(what) (\(clause))", shown: shown
    ) { a, b in
      a.zone == query && b.zone == key && (Distance(a, b).map { distances.contains($0) } ?? true)
    }
  }

  private static func setting(
    _ id: String, _ sentence: String, shown: Bool, _ concerns: @escaping @Sendable (Place, Place) -> Bool
  ) -> Change {
    functions(id, .mask, sentence) { functions in
      functions.visible = { mask, queries in
        let lists = queries.map { query in
          mask.rows.indices.filter { key in
            query != key && concerns(mask.rows[query].place, mask.rows[key].place)
              ? shown : mask.allows(query: query, key: key)
          }
        }
        return VisibleKeys(lists: lists, keyCount: mask.rows.count)
      }
    }
  }

  static var maskCells: [Change] { reading + memory + repetition + pads }

  private static var reading: [Change] {
    [
      cells("MSK-1", "earlier reading rows of their chunk", .reading, .reading, [.ownBefore], shown: false),
      cells("MSK-1", "later reading rows of their chunk", .reading, .reading, [.ownAfter], shown: true),
      cells("MSK-1", "reading rows of earlier chunks", .reading, .reading, [.earlierChunk], shown: true),
      cells("MSK-1", "reading rows of later chunks", .reading, .reading, [.laterChunk], shown: true),
      cells("MSK-2", "memories of earlier chunks", .reading, .memory, [.earlierChunk], shown: false),
      cells("MSK-2", "the memory of their chunk", .reading, .memory, own, shown: true),
      cells("MSK-2", "memories of later chunks", .reading, .memory, [.laterChunk], shown: true),
      cells("MSK-3", "repetition rows of their chunk", .reading, .repetition, own, shown: true),
      cells("MSK-3", "repetition rows of earlier chunks", .reading, .repetition, [.earlierChunk], shown: true),
      cells("MSK-3", "repetition rows of later chunks", .reading, .repetition, [.laterChunk], shown: true),
    ]
  }

  private static var memory: [Change] {
    [
      cells("MSK-4", "reading rows of their chunk", .memory, .reading, own, shown: false),
      cells("MSK-4", "reading rows of earlier chunks", .memory, .reading, [.earlierChunk], shown: true),
      cells("MSK-4", "reading rows of later chunks", .memory, .reading, [.laterChunk], shown: true),
      cells("MSK-5", "earlier memory rows of their chunk", .memory, .memory, [.ownBefore], shown: false),
      cells("MSK-5", "later memory rows of their chunk", .memory, .memory, [.ownAfter], shown: false),
      cells("MSK-5", "memories of earlier chunks", .memory, .memory, [.earlierChunk], shown: false),
      cells("MSK-5", "memories of later chunks", .memory, .memory, [.laterChunk], shown: true),
      cells("MSK-6", "repetition rows of their chunk", .memory, .repetition, own, shown: true),
      cells("MSK-6", "repetition rows of earlier chunks", .memory, .repetition, [.earlierChunk], shown: true),
      cells("MSK-6", "repetition rows of later chunks", .memory, .repetition, [.laterChunk], shown: true),
    ]
  }

  private static var repetition: [Change] {
    [
      cells("MSK-7", "reading rows of their chunk", .repetition, .reading, own, shown: true),
      cells("MSK-7", "reading rows of earlier chunks", .repetition, .reading, [.earlierChunk], shown: true),
      cells("MSK-7", "reading rows of later chunks", .repetition, .reading, [.laterChunk], shown: true),
      cells("MSK-8", "the memory of their chunk", .repetition, .memory, own, shown: false),
      cells("MSK-8", "memories of earlier chunks", .repetition, .memory, [.earlierChunk], shown: true),
      cells("MSK-8", "memories of later chunks", .repetition, .memory, [.laterChunk], shown: true),
      cells("MSK-9", "earlier repetition rows of their chunk", .repetition, .repetition, [.ownBefore], shown: false),
      cells("MSK-9", "later repetition rows of their chunk", .repetition, .repetition, [.ownAfter], shown: true),
      cells("MSK-9", "repetition rows of earlier chunks", .repetition, .repetition, [.earlierChunk], shown: true),
      cells("MSK-9", "repetition rows of later chunks", .repetition, .repetition, [.laterChunk], shown: true),
    ]
  }

  /// Pads that see each other are not among them: all pads are alike, so that this changes no number.
  private static var pads: [Change] {
    [
      setting("msk-11-shown-pads", "text rows see pads (MSK-11)", shown: true) { $0.zone != .pad && $1.zone == .pad },
      setting("msk-11-shown-text", "pads see text rows (MSK-11)", shown: true) { $0.zone == .pad && $1.zone != .pad },
    ]
  }
}
