// MSK-1…MSK-9, MSK-11: each kind of cell of the mask, hidden if it should be visible and shown if it should be hidden.

import LoMA
import NaiveLlama

extension Mutant {
  /// The place of a key relative to a query in another row of the same text: by chunk, then by index in the zone.
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

  /// Sets the cells of two zones at some distances to one value; a row still sees itself.
  private static func cells(
    _ id: String, _ clause: String, _ what: String, _ query: Zone, _ key: Zone, _ distances: Set<Distance>, shown: Bool
  ) -> Mutant {
    let verb = shown ? "let \(query.rawValue) rows see" : "hid from \(query.rawValue) rows"
    return setting(id, "I \(verb) \(what) (\(clause))", shown: shown) { a, b in
      a.zone == query && b.zone == key && (Distance(a, b).map { distances.contains($0) } ?? true)
    }
  }

  private static func setting(
    _ id: String, _ sentence: String, shown: Bool, _ concerns: @escaping @Sendable (Place, Place) -> Bool
  ) -> Mutant {
    visible(id, sentence) { mask, query, key in
      query != key && concerns(mask.rows[query].place, mask.rows[key].place)
        ? shown : mask.allows(query: query, key: key)
    }
  }

  /// A mask with another rule.
  private static func visible(
    _ id: String, _ sentence: String, _ allows: @escaping @Sendable (_ mask: Mask, _ query: Int, _ key: Int) -> Bool
  ) -> Mutant {
    rules(id, .mask, sentence, on: Set.models.union([.mask])) { rules in
      rules.visible = { mask, queries in
        let lists = queries.map { query in mask.rows.indices.filter { allows(mask, query, $0) } }
        return VisibleKeys(lists: lists, keyCount: mask.rows.count)
      }
    }
  }

  static var maskCells: [Mutant] { reading + memory + repetition + pads + wholes }

  private static var reading: [Mutant] {
    [
      cells("M040", "MSK-1", "earlier reading rows of their chunk", .reading, .reading, [.ownBefore], shown: false),
      cells("M041", "MSK-1", "later reading rows of their chunk", .reading, .reading, [.ownAfter], shown: true),
      cells("M042", "MSK-1", "reading rows of earlier chunks", .reading, .reading, [.earlierChunk], shown: true),
      cells("M043", "MSK-1", "reading rows of later chunks", .reading, .reading, [.laterChunk], shown: true),
      cells("M044", "MSK-2", "memories of earlier chunks", .reading, .memory, [.earlierChunk], shown: false),
      cells("M045", "MSK-2", "the memory of their chunk", .reading, .memory, own, shown: true),
      cells("M046", "MSK-2", "memories of later chunks", .reading, .memory, [.laterChunk], shown: true),
      cells("M047", "MSK-3", "repetition rows of their chunk", .reading, .repetition, own, shown: true),
      cells("M048", "MSK-3", "repetition rows of earlier chunks", .reading, .repetition, [.earlierChunk], shown: true),
      cells("M049", "MSK-3", "repetition rows of later chunks", .reading, .repetition, [.laterChunk], shown: true),
    ]
  }

  private static var memory: [Mutant] {
    [
      cells("M050", "MSK-4", "reading rows of their chunk", .memory, .reading, own, shown: false),
      cells("M051", "MSK-4", "reading rows of earlier chunks", .memory, .reading, [.earlierChunk], shown: true),
      cells("M052", "MSK-4", "reading rows of later chunks", .memory, .reading, [.laterChunk], shown: true),
      cells("M053", "MSK-5", "earlier memory rows of their chunk", .memory, .memory, [.ownBefore], shown: false),
      cells("M054", "MSK-5", "later memory rows of their chunk", .memory, .memory, [.ownAfter], shown: false),
      cells("M055", "MSK-5", "memories of earlier chunks", .memory, .memory, [.earlierChunk], shown: false),
      cells("M056", "MSK-5", "memories of later chunks", .memory, .memory, [.laterChunk], shown: true),
      cells("M057", "MSK-6", "repetition rows of their chunk", .memory, .repetition, own, shown: true),
      cells("M058", "MSK-6", "repetition rows of earlier chunks", .memory, .repetition, [.earlierChunk], shown: true),
      cells("M059", "MSK-6", "repetition rows of later chunks", .memory, .repetition, [.laterChunk], shown: true),
    ]
  }

  private static var repetition: [Mutant] {
    [
      cells("M060", "MSK-7", "reading rows of their chunk", .repetition, .reading, own, shown: true),
      cells("M061", "MSK-7", "reading rows of earlier chunks", .repetition, .reading, [.earlierChunk], shown: true),
      cells("M062", "MSK-7", "reading rows of later chunks", .repetition, .reading, [.laterChunk], shown: true),
      cells("M063", "MSK-8", "the memory of their chunk", .repetition, .memory, own, shown: false),
      cells("M064", "MSK-8", "memories of earlier chunks", .repetition, .memory, [.earlierChunk], shown: true),
      cells("M065", "MSK-8", "memories of later chunks", .repetition, .memory, [.laterChunk], shown: true),
      cells(
        "M066", "MSK-9", "earlier repetition rows of their chunk", .repetition, .repetition, [.ownBefore], shown: false),
      cells(
        "M067", "MSK-9", "later repetition rows of their chunk", .repetition, .repetition, [.ownAfter], shown: true),
      cells(
        "M068", "MSK-9", "repetition rows of earlier chunks", .repetition, .repetition, [.earlierChunk], shown: true),
      cells("M069", "MSK-9", "repetition rows of later chunks", .repetition, .repetition, [.laterChunk], shown: true),
    ]
  }

  /// Without pads that see each other: all pads are alike, so that would change no number.
  private static var pads: [Mutant] {
    [
      setting("M070", "I let text rows see pads (MSK-11)", shown: true) { $0.zone != .pad && $1.zone == .pad },
      setting("M071", "I let pads see text rows (MSK-11)", shown: true) { $0.zone == .pad && $1.zone != .pad },
    ]
  }

  private static var wholes: [Mutant] {
    [
      visible("M072", "I used the plain causal mask") { _, query, key in key <= query },
      visible("M073", "I hid the diagonal, so that no row sees itself unless it sees nothing else") {
        mask, query, key in
        guard query == key else { return mask.allows(query: query, key: key) }
        return !mask.rows.indices.contains { $0 != query && mask.allows(query: query, key: $0) }
      },
      visible("M075", "I compared positions, not rows, for causality within a chunk") { mask, query, key in
        let (a, b) = (mask.rows[query], mask.rows[key])
        guard a.place.chunk == b.place.chunk, a.place.zone == .memory, b.place.zone == .reading else {
          return mask.allows(query: query, key: key)
        }
        return b.position <= a.position
      },
    ]
  }
}
