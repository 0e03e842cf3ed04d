// CCM-9…CCM-16: rows that see what they should not, or miss what they should see.

import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

/// A query row and a key row, neither a pad.
private struct ContextPair {
  let query: ContextPlace
  let key: ContextPlace
  /// Whether the key is a later row.
  let isLater: Bool
  /// Whether both are one row.
  let isOne: Bool
  /// T; nil while the final segment has not begun.
  let final: Int?

  var isOfFinal: Bool { query.role == .text && query.segment == final }
  /// Whether both are COMP rows of one block.
  var isInBlock: Bool { query.role == .comp && key.role == .comp && query.segment == key.segment }
  /// Whether the key is memory that the query's own segment did not write.
  var isPast: Bool { key.role == .sum || key.role == .comp && key.segment != query.segment }
}

extension Mutant {
  private static let masked: Set<PeerOperation> = [.ccmMask, .ccmForward, .ccmLoss, .ccmGradients]

  /// A mask that differs where `decide` says something; what it shows is not later, but within a block.
  private static func mask(
    _ id: String, _ sentence: String, on operations: Set<PeerOperation>,
    where leavesRoom: @escaping @Sendable (ContextProfile) -> Bool,
    keeping keeps: (@Sendable (ContextRow) -> Bool)? = nil,
    _ decide: @escaping @Sendable (ContextPair) -> Bool?
  ) -> Mutant {
    .contextRules(id, .mask, sentence, on: operations, where: leavesRoom) { rules in
      let right = rules.visible
      rules.visible = { mask, queries in
        let lists = zip(queries, right(mask, queries).lists).map { query, seen in
          let seen = Set(seen)
          return mask.rows.indices.filter { key in
            let (q, k) = (mask.rows[query].place, mask.rows[key].place)
            guard q != .pad, k != .pad else { return seen.contains(key) }
            let pair = ContextPair(
              query: q, key: k, isLater: key > query, isOne: key == query, final: mask.finalSegment)
            guard !pair.isLater || pair.isInBlock else { return false }
            return decide(pair) ?? seen.contains(key)
          }
        }
        return VisibleKeys(lists: lists, keyCount: mask.rows.count)
      }
      if let keeps {
        let before = rules.cache.keeps
        rules.cache.keeps = { keeps($0) || before($0, $1, $2) }
      }
    }
  }

  static var contextMasks: [Mutant] { textMasks + memoryMasks + sinkMasks }

  private static var textMasks: [Mutant] {
    let online = masked.union([.ccmOnline])
    return [
      mask(
        "C01", "I let the final segment see the text of the contexts", on: online.union([.ccmSchedule]),
        where: { _ in true }, keeping: { $0.place.role == .text }
      ) { $0.isOfFinal && $0.key.role == .text && $0.key.segment != $0.query.segment ? !$0.isLater : nil },
      mask(
        "C02", "I let the text of a context see no memory", on: online, where: { _ in true }
      ) { $0.query.role == .text && !$0.isOfFinal && $0.isPast ? false : nil },
      mask(
        "C03", "I let COMP rows see no memory of earlier segments", on: online,
        where: { _ in true }
      ) { $0.query.role == .comp && $0.isPast ? false : nil },
      contextAxis(
        "C04", .mask, "I let contexts see earlier memory although they are to be compressed separately",
        on: online.union([.ccmCost]), .recurrence, ContextProfile.Recurrence.recurrent.rawValue,
        where: { $0.memory == .concat && $0.recurrence == .separate }),
    ]
  }

  private static var memoryMasks: [Mutant] {
    let online = masked.union([.ccmOnline])
    return [
      mask("C05", "I let COMP rows of a block see each other both ways", on: online, where: { _ in true }) {
        $0.isInBlock ? true : nil
      },
      mask("C06", "I let COMP rows of a block see themselves and not each other", on: online, where: { _ in true }) {
        $0.isInBlock ? $0.isOne : nil
      },
      mask("C07", "I hid a segment's text from its COMP rows", on: online, where: { _ in true }) {
        $0.query.role == .comp && $0.key.role == .text && $0.key.segment == $0.query.segment ? false : nil
      },
      mask(
        "C08", "I let the final segment see the last COMP rows beside their mean", on: masked,
        where: { $0.memory == .merge }
      ) { pair in
        guard pair.isOfFinal, pair.key.role == .comp, let final = pair.final else { return nil }
        return pair.key.segment == final - 1 ? !pair.isLater : nil
      },
      mask(
        "C09", "I let rows see the means after every earlier segment, not the last alone", on: masked,
        where: { $0.memory == .merge }
      ) { pair in
        guard pair.query.role != .sum, pair.key.role == .sum, let s = pair.query.segment, let u = pair.key.segment
        else { return nil }
        return u < s ? true : nil
      },
      mask("C10", "I let rows see only the first entry of each memory", on: online, where: { _ in true }) {
        $0.query.role != .sum && $0.isPast && ($0.key.index ?? 0) > 0 ? false : nil
      },
    ]
  }

  private static var sinkMasks: [Mutant] {
    let all = masked.union([.ccmSchedule, .ccmCost, .ccmOnline])
    return [
      contextAxis(
        "C11", .mask, "I hid and dropped BOS with its segment although it is a sink", on: all, .sink,
        ContextProfile.Sink.off.rawValue, where: { $0.sink == .on }),
      contextAxis(
        "C12", .mask, "I kept BOS in sight although there is no sink", on: all, .sink,
        ContextProfile.Sink.on.rawValue, where: { $0.sink == .off }),
    ]
  }
}
