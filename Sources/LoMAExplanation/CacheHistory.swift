// What is cached after each event of feeding a text, as pictures show it (GEN-1, GEN-3, CCM-24).

import LoMA
import LoMAPeers

/// The entries held after each event.
package struct CacheHistory: Sendable {
  /// An event and what is held after it.
  struct Step: Sendable {
    /// What happens, in two words.
    let event: String
    /// The kind of row that is fed; nil if none is.
    let fed: RowKind?
    /// The kinds of the entries held, in order.
    let entries: [RowKind]
  }

  let steps: [Step]
  /// Every kind that has a letter here.
  let kinds: [RowKind]
  /// How much is held at most and at the end, in a sentence.
  let summary: String
}

extension Explanation {
  /// The cache of each fed text (GEN-3).
  package func cacheHistories() throws -> [CacheHistory] {
    try fedLengths.map { length in
      let schedule = try CacheSchedule(fedLength: length, parameters: parameters)
      let rowsPerChunk = parameters.chunkLength + parameters.t
      func kind(_ zone: Zone) -> RowKind { RowWords.loma[zone.rawValue] }
      let steps = schedule.steps.map { step in
        let (event, fed): (String, Zone?) =
          switch step.event {
          case .read(let g): ("read \(g)", .reading)
          case .compress(let chunk): ("compress \(chunk)", .memory)
          case .drop(let chunk): ("drop \(chunk)", nil)
          }
        let entries = schedule.entries(after: step).map { row in
          kind(row % rowsPerChunk < parameters.chunkLength ? .reading : .memory)
        }
        return CacheHistory.Step(event: event, fed: fed.map(kind), entries: entries)
      }
      return CacheHistory(
        steps: steps, kinds: RowWords.loma.kinds,
        summary: Self.cacheSummary(
          most: parameters.cacheMaximum(whileFeeding: length), last: parameters.cacheSize(afterFeeding: length),
          uncompressed: length))
    }
  }
}

extension ContextExplanation {
  /// The cache of each text read online (CCM-24).
  package func cacheHistories() throws -> [CacheHistory] {
    try texts.indices.map { index in
      func kind(_ role: ContextRole) -> RowKind { RowWords.ccm[role.rawValue] }
      let steps = try schedule(index).map { step, entries in
        let (event, fed): (String, ContextRole?) =
          switch step.event {
          case .read(let index): ("read \(index)", .text)
          case .compress(let segment): ("compress \(segment)", .comp)
          case .drop(let segment): ("drop \(segment)", nil)
          case .fold(let segment): ("fold \(segment)", nil)
          }
        return CacheHistory.Step(
          event: event, fed: fed.map(kind), entries: entries.rows.map { kind($0.place.role) })
      }
      let cost = costs[index]
      return CacheHistory(
        steps: steps, kinds: RowWords.ccm.kinds,
        summary: Self.cacheSummary(most: cost.maximum, last: cost.finalSize, uncompressed: cost.textRows))
    }
  }
}
