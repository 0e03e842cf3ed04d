// BAS-8, BAS-9, MOD-6: one pass of rows through every layer, over what the layers have cached.

import LoMAPeers
import NaiveLlama

/// A pass being computed.
struct CachedPass: Sendable {
  let decoder: CachedDecoder
  /// What each layer keeps so far, an entry for every row fed before.
  let past: [LayerCache]
  /// Which rows go on; nil behind a cache, where all do.
  let goOn: (@Sendable (Int, [Observation]) throws(PeerError) -> [Int])?

  private var configuration: Configuration { decoder.configuration }
  private var heads: AttentionHeads { decoder.configuration.heads }
  private var rules: DecoderRules { decoder.rules }
  private var f: LayerFunctions { decoder.functions }

  /// What a layer wrote, and how it is read.
  private struct Written {
    /// The entries cached before, then those of the rows fed.
    var cache: LayerCache
    /// Keys of the rows fed, before the rotation.
    let unrotatedKey: Tensor
    /// The queries that a rule made; nil: rotated as they are.
    var query: Tensor?
    /// By KV head, what a rule shows each row; nil: what is alive.
    var visible: [[[Int]]]?
  }

  /// Embeddings [rows, hidden] through all layers.
  func run(_ embeddings: Tensor, positions: [Int], visible: VisibleKeys) throws(PeerReferenceError) -> CachedTrace {
    precondition(embeddings.rows == positions.count && visible.lists.count == positions.count, "one of each per row")
    precondition(past.count == configuration.layers, "a cache for every layer")
    var (rows, standing, hidden) = (Array(positions.indices), positions, embeddings)
    var (layers, written): ([CachedLayerTrace], [Written?]) = ([], [])
    for index in 0..<configuration.layers {
      let name = ParameterName.layer(index)
      let y = try norm(hidden, name.attentionNorm)
      let query = try project(y, index, .query)
      written.append(decoder.writes(index) ? try write(index, y, query: query, positions: standing) : nil)
      let source = rules.source(index)
      guard source >= 0, source <= index, let read = written[source] else {
        preconditionFailure("a layer reads itself, or an earlier one that writes")
      }
      let rotated = read.query ?? f.rotate(query, by: angles(standing))
      let seen = Self.selecting(rows, of: f.visibleInLayer(visible, index))
      let trace = try layer(index, hidden, rows, standing, query: rotated, read, seen)
      layers.append(trace)
      hidden = trace.output
      if let goOn, index + 1 < configuration.layers {
        let kept = try checking(try goOn(index, layers.map { decoder.observation(of: $0) }))
        rows = kept.map { rows[$0] }
        standing = rules.positionsGoingOn(kept.map { standing[$0] })
        hidden = hidden.selecting(rows: kept)
      }
    }
    let gain = try modelling(try decoder.weights.tensor(ParameterName.finalNorm)).values
    let finalNorm = f.rmsNorm(hidden, gain: gain, epsilon: configuration.epsilon)
    let logits = f.linear(finalNorm, weight: try modelling(try decoder.weights.tensor(configuration.headName)))
    let caches = written.enumerated().map { index, written in
      written?.cache.spread(over: layers[index].rows, of: positions) ?? past[index]
    }
    return CachedTrace(
      layers: layers, caches: caches, rows: rows, hidden: hidden, finalNorm: finalNorm, logits: logits)
  }

  /// The rest of a layer once its entries are written: attention, residual, feed-forward block.
  private func layer(
    _ index: Int, _ x: Tensor, _ rows: [Int], _ positions: [Int], query: Tensor, _ read: Written, _ seen: VisibleKeys
  ) throws(PeerReferenceError) -> CachedLayerTrace {
    let name = ParameterName.layer(index)
    let attention = attend(query, read, seen)
    let attentionResidual = f.sum(x, try project(attention.context, index, .output))
    let feedForwardNorm = try norm(attentionResidual, name.feedForwardNorm)
    let gate = f.linear(feedForwardNorm, weight: try modelling(try decoder.weights.tensor(name.gate)))
    let up = f.linear(feedForwardNorm, weight: try modelling(try decoder.weights.tensor(name.up)))
    let activation = f.activation(gate: gate, up: up)
    let down = f.linear(activation, weight: try modelling(try decoder.weights.tensor(name.down)))
    return CachedLayerTrace(
      input: x, rows: rows, positions: positions, query: query, unrotatedKey: read.unrotatedKey, read: read.cache,
      attention: attention, output: f.sum(attentionResidual, down))
  }

  /// Each KV head's queries over the keys alive in it, of those the mask shows (BAS-9).
  private func attend(_ query: Tensor, _ read: Written, _ seen: VisibleKeys) -> AttentionOutput {
    let (d, group) = (heads.dimension, heads.query / heads.keyValue)
    let lists = (0..<heads.keyValue).map { g in
      let shown = read.visible?[g] ?? Array(repeating: read.cache.alive[g], count: seen.lists.count)
      return VisibleKeys(lists: zip(seen.lists, shown).map(Self.common), keyCount: seen.keyCount)
    }
    if let first = lists.first, lists.allSatisfy({ $0 == first }) {
      return f.attention(
        query: query, keys: read.cache.keys, values: read.cache.values, visible: first, heads: heads)
    }
    let one = AttentionHeads(query: group, keyValue: 1, dimension: d)
    let outputs = lists.enumerated().map { g, visible in
      f.attention(
        query: query.columns(g * group * d..<(g + 1) * group * d), keys: read.cache.keys.columns(g * d..<(g + 1) * d),
        values: read.cache.values.columns(g * d..<(g + 1) * d), visible: visible, heads: one)
    }
    return AttentionOutput(
      context: Tensor(sideBySide: outputs.map { $0.context }, rows: query.rows),
      probabilities: Tensor(
        shape: [heads.query, query.rows, seen.keyCount], values: outputs.flatMap { $0.probabilities.values }))
  }

  /// The entries of the rows fed, behind those cached: a key and a value a row, or what a rule makes of all rows.
  private func write(
    _ index: Int, _ y: Tensor, query: Tensor, positions: [Int]
  ) throws(PeerReferenceError) -> Written {
    let (key, value) = (try project(y, index, .key), try project(y, index, .value))
    let past = past[index]
    guard let write = rules.write else {
      let angles = angles(positions)
      let own = try checking(
        try LayerCache(
          whole: f.rotate(key, by: angles), f.rotateValues(value, by: angles), positions: positions, heads: heads))
      return Written(cache: try checking(try past.appending(own)), unrotatedKey: key)
    }
    let fed = ProjectedRows(query: query, key: key, value: value, positions: positions)
    let all = past.projected?.appending(fed) ?? fed
    precondition(all.positions.count == past.count + positions.count, "every row before was written by the rule")
    let made = try checking(
      try write(
        RowsToWrite(
          layer: index, all: all, fed: past.count..<all.positions.count, heads: heads, theta: configuration.theta,
          functions: f)))
    var cache = LayerCache(
      keys: made.keys, values: made.values, positions: all.positions, alive: made.alive, bits: made.bits)
    cache.projected = all
    return Written(cache: cache, unrotatedKey: key, query: made.query, visible: made.visible)
  }

  // MARK: - What rows see

  /// The indices in both of two ascending lists.
  private static func common(_ a: [Int], _ b: [Int]) -> [Int] {
    var (common, next): ([Int], Int) = ([], 0)
    for index in a {
      while next < b.count, b[next] < index { next += 1 }
      if next < b.count, b[next] == index { common.append(index) }
    }
    return common
  }

  /// What some rows of a prefill see of each other, renumbered among themselves; the same if they are all.
  private static func selecting(_ rows: [Int], of visible: VisibleKeys) -> VisibleKeys {
    guard rows.count != visible.lists.count else { return visible }
    precondition(visible.keyCount == visible.lists.count, "rows are pruned in a prefill alone")
    var place: [Int: Int] = [:]
    for (index, row) in rows.enumerated() { place[row] = index }
    return VisibleKeys(lists: rows.map { visible.lists[$0].compactMap { place[$0] } }, keyCount: rows.count)
  }

  // MARK: - One layer function with the parameter of a name

  private func angles(_ positions: [Int]) -> RotaryAngles {
    f.angles(positions, configuration.rotation)
  }

  private func norm(_ x: Tensor, _ parameter: String) throws(PeerReferenceError) -> Tensor {
    f.rmsNorm(
      x, gain: try modelling(try decoder.weights.tensor(parameter)).values, epsilon: configuration.epsilon)
  }

  private func project(_ x: Tensor, _ layer: Int, _ projection: Projection) throws(PeerReferenceError) -> Tensor {
    let weight = try modelling(try decoder.weights.tensor(projection.name(ParameterName.layer(layer))))
    return rules.project(layer, projection, x, weight, f)
  }
}
