// CCM-31: layout, mask, schedule and cost of compressed context memory in integers.

import LoMA
import LoMAPeers
import LoMAPeersReference

extension ReferenceAnswers {
  /// `tokens`, `roles` (0 text, 1 COMP, 2 SUM, 3 pad), `segments`, `indices`, `positions` and `labels`, each
  /// [texts, rows] with −1 for a missing value.
  func contextLayout(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let batch = try ContextRequest(request, for: .ccmLayout).batch(of: request, peers)
    let rows = batch.texts.flatMap { $0 }
    let shape = [batch.texts.count, batch.texts.first?.count ?? 0]
    return [
      .integers("tokens", shape: shape, rows.map { $0.token }),
      .integers("roles", shape: shape, rows.map { ContextRole.allCases.firstIndex(of: $0.place.role) ?? -1 }),
      .integers("segments", shape: shape, rows.map { $0.place.segment ?? -1 }),
      .integers("indices", shape: shape, rows.map { $0.place.index ?? -1 }),
      .integers("positions", shape: shape, rows.map { $0.position }),
      .integers("labels", shape: shape, rows.map { $0.label ?? -1 }),
    ]
  }

  /// `mask`: [texts, rows, rows], query first.
  func contextMask(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let batch = try ContextRequest(request, for: .ccmMask).batch(of: request, peers)
    let count = batch.texts.first?.count ?? 0
    var cells = [Bool](repeating: false, count: batch.texts.count * count * count)
    for index in batch.texts.indices {
      let visible = peers.rules.visible(batch.mask(index), 0..<count)
      for (query, keys) in visible.lists.enumerated() {
        for key in keys { cells[(index * count + query) * count + key] = true }
      }
    }
    return [.booleans("mask", shape: [batch.texts.count, count, count], cells)]
  }

  /// `events`, [events, 6]: kind, token or segment, first and end of the range of online rows fed, memory and text
  /// entries held afterwards. `entries`, [events, maximum]: the online rows held, padded with −1. `maximum`.
  func contextSchedule(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let asked = try ContextRequest(request, for: .ccmSchedule)
    let (text, m) = (try asked.onlyText(), try request.integer("generate"))
    var (events, held): ([Int], [[Int]]) = ([], [])
    let schedule = try request.peer { () throws(PeerError) in
      try ContextSchedule(text, generating: m, parameters: asked.parameters, rule: peers.rules.cache) { step, entries in
        events += step.event.numbers
        events += [step.fedRows.lowerBound, step.fedRows.upperBound, step.memoryEntries, step.textEntries]
        held.append(entries.numbers)
      }
    }
    let widest = schedule.maximum
    return [
      .integers("events", shape: [held.count, 6], events),
      .integers(
        "entries", shape: [held.count, widest],
        held.flatMap { $0 + Array(repeating: -1, count: widest - $0.count) }),
      .integer("maximum", widest),
    ]
  }

  /// `pairs`, `sizes` and `peaks`, [T + 1] each; `full_attention`, `entry_bytes`, `cache_size` and `cache_maximum`.
  func contextCost(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let asked = try ContextRequest(request, for: .ccmCost)
    let text = try asked.onlyText()
    let (layers, heads) = (try request.integer("layers"), try request.integer("kv_heads"))
    let (dimension, width) = (try request.integer("head_dim"), try request.integer("bytes_per_element"))
    let entry = try request.input { () throws(InputError) in
      try CacheEntrySize(layers: layers, keyValueHeads: heads, headDimension: dimension, bytesPerElement: width)
    }
    let cost = try request.peer { () throws(PeerError) in try ContextCost(text, parameters: asked.parameters) }
    return [
      .integers("pairs", shape: [cost.pairs.count], cost.pairs),
      .integers("sizes", shape: [cost.sizes.count], cost.sizes),
      .integers("peaks", shape: [cost.peaks.count], cost.peaks),
      .integer("full_attention", cost.fullAttention), .integer("entry_bytes", entry.bytes),
      .integer("cache_size", cost.finalSize), .integer("cache_maximum", cost.maximum),
    ]
  }
}

extension ContextEvent {
  /// The kind and the argument: 0 and a token's number, or 1 to 3 and a segment's.
  var numbers: [Int] {
    switch self {
    case .read(let token): [0, token]
    case .compress(let segment): [1, segment]
    case .drop(let segment): [2, segment]
    case .fold(let segment): [3, segment]
    }
  }
}
