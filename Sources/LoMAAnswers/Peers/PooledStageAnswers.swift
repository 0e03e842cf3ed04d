// BAS-14, BAS-15, BAS-20: how far layers' caches are apart, and tokens that are appended or accumulated.

import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

extension ReferenceAnswers {
  /// `distances` [L, L]; `pairs` [L(L − 1)/2, 2].
  func layerDistances(_ request: Request) throws(RequestError) -> [ResultTensor] {
    try request.check(.kvSharer)
    let keys = try request.tensor("keys")
    guard keys.shape.count == 4, keys.values.count > 0 else { throw .shape(tensor: "keys") }
    let values = try request.tensor("values", shape: keys.shape)
    let (texts, layers, rows, width) = (keys.shape[0], keys.shape[1], keys.shape[2], keys.shape[3])
    let size = rows * width
    func parts(_ x: Tensor, _ change: (Double) -> Double) -> [[Tensor]] {
      (0..<texts).map { text in
        (0..<layers).map { layer in
          let start = (text * layers + layer) * size
          return Tensor(shape: [rows, width], values: x.values[start..<start + size].map(change))
        }
      }
    }
    let (heads, dimension) = try request.cacheWidth(
      of: Tensor(shape: [1, width], values: Array(repeating: 0, count: width)), named: "keys")
    let (k, v) = (parts(keys) { $0 }, parts(values) { $0 })
    let made = KVSharer.distances(
      k.indices.map { text in k[text].indices.map { KeyValues(keys: k[text][$0], values: v[text][$0]) } }, heads: heads,
      rules: peers.baselines.sharing)
    // With the magnitudes of one layer added to those of the other, no difference cancels.
    func sizes(_ x: Tensor) -> (Int, Int) -> Double {
      let means = (0..<layers).map { layer in
        (0..<size).map { cell in
          (0..<texts).reduce(0) { $0 + x.values[($1 * layers + layer) * size + cell].magnitude } / Double(texts)
        }
      }
      return { i, j in
        var sum = 0.0
        for start in stride(from: 0, to: size, by: dimension) {
          sum += (start..<start + dimension).reduce(0) { square, cell in
            let both = means[i][cell] + means[j][cell]
            return square + both * both
          }.squareRoot()
        }
        return sum / Double(rows * heads)
      }
    }
    let (sizeK, sizeV) = (sizes(keys), sizes(values))
    let own = Double(dimension + rows * heads + 8)
    return ResultTensor.bounded("distances", made.distances, functions) { cell in
      let (i, j) = cell.quotientAndRemainder(dividingBy: layers)
      guard i > j else { return (0, 0) }
      let (size, distance) = ((sizeK(i, j) + sizeV(i, j)) / 2, made.distances.values[cell])
      return (Double(texts + 2) * size + own * distance, 3 * size + 4 * distance)
    } + [
      .integers(
        "pairs", shape: [made.pairs.count, 2], made.pairs.flatMap { [$0.reader, $0.source] })
    ]
  }

  /// `starts`, `weights` [G, T]; `keys`, `values` [T, G·d]; `context` [T, H·d]; `bits` [].
  func dynamicMemory(_ request: Request) throws(RequestError) -> [ResultTensor] {
    try request.check(.dmc)
    let (query, key) = (try request.matrix("query"), try request.matrix("key"))
    let heads = try request.cacheHeads(of: key, named: "key")
    guard query.columns == heads.query * heads.dimension, query.rows == key.rows, key.rows >= 1 else {
      throw .shape(tensor: "query")
    }
    let value = try request.tensor("value", shape: key.shape)
    let theta = try request.theta()
    let positions = Array(0..<key.rows)
    let tokens = ProjectedRows(query: query, key: key, value: value, positions: positions)
    let pooled = DynamicMemoryCompression.pool(
      tokens, heads: heads, theta: theta, functions: functions, rules: peers.baselines.pooling)
    let units = PooledUnits(tokens, heads: heads, theta: theta, functions: functions, rules: peers.baselines.pooling)
    let context = DynamicMemoryCompression.attend(pooled, heads: heads, functions: functions)
    let bits = try request.peer { () throws(PeerError) in try pooled.bits(dimension: heads.dimension) }
    return [.booleans("starts", shape: [heads.keyValue, key.rows], pooled.runs.flatMap { $0.starts })]
      + ResultTensor.bounded(
        "weights", Bounded(value: functions.round(pooled.weights), like: units.weights))
      + ResultTensor.bounded("keys", Bounded(value: pooled.keys, like: units.keys))
      + ResultTensor.bounded("values", Bounded(value: pooled.values, like: units.values))
      + ResultTensor.bounded("context", Bounded(value: context, like: units.context))
      + [.integer("bits", bits)]
  }
}

extension Bounded {
  /// A value with the units of another of its shape.
  fileprivate init(value: Tensor, like units: Bounded) {
    self.init(value: value, accumulation: units.accumulation, rounding: units.rounding)
  }
}

/// The units of what DMC makes of some tokens (BAS-24).
struct PooledUnits {
  let weights: Bounded
  let keys: Bounded
  let values: Bounded
  let context: Bounded

  init(
    _ tokens: ProjectedRows, heads: AttentionHeads, theta: Double, functions: LayerFunctions, rules: PoolingRules
  ) {
    let bounded = BoundedLayers(functions)
    let (count, d, group) = (tokens.positions.count, heads.dimension, heads.query / heads.keyValue)
    let pooled = DynamicMemoryCompression.pool(tokens, heads: heads, theta: theta, functions: functions, rules: rules)
    var (a, r) = (Tensor(zeros: pooled.weights.shape), Tensor(zeros: pooled.weights.shape))
    for g in 0..<heads.keyValue {
      for t in 0..<count {
        let size = (g * group..<(g + 1) * group).reduce(5) {
          $0 + tokens.query[t, $1 * d + d - 1].magnitude / Double(group)
        }
        let weight = pooled.weights[g, t]
        let slope = weight * (1 - weight) * size
        a[g, t] = slope * Double(group + 3) + 9 * weight
        r[g, t] = 3 * slope + 4 * weight
      }
    }
    weights = Bounded(value: pooled.weights, accumulation: a, rounding: r)
    let own = weights
    func mean(_ x: Tensor, cleared: Bool) -> Bounded {
      var (value, a, r) = (x, Tensor(zeros: x.shape), Tensor(zeros: x.shape))
      for column in 0..<x.columns where !(cleared && column % d == d - 1) {
        let g = column / d
        var number = WeightedMean()
        for t in 0..<count {
          number.take(
            x[t, column], weight: (pooled.weights[g, t], own.accumulation[g, t], own.rounding[g, t]),
            starts: pooled.runs[g].starts[t])
          (value[t, column], a[t, column], r[t, column]) = (number.mean, number.a, number.r)
        }
      }
      return Bounded(value: value, accumulation: a, rounding: r)
    }
    /// Rotated, with the channel that decides 0 before and after.
    func turned(_ x: Bounded) -> Bounded {
      func cleared(_ tensor: Tensor) -> Tensor {
        var tensor = tensor
        for index in stride(from: d - 1, to: tensor.values.count, by: d) { tensor.values[index] = 0 }
        return tensor
      }
      let y = bounded.rotate(
        Bounded(value: cleared(x.value), accumulation: x.accumulation, rounding: x.rounding),
        positions: tokens.positions, headDimension: d, theta: theta)
      return Bounded(
        value: cleared(y.value), accumulation: cleared(y.accumulation), rounding: cleared(y.rounding))
    }
    let queries = turned(Bounded(exact: tokens.query))
    (keys, values) = (turned(mean(tokens.key, cleared: true)), mean(tokens.value, cleared: false))
    var parts: [Bounded] = []
    for g in 0..<heads.keyValue {
      let (own, wide) = (g * d..<(g + 1) * d, g * group * d..<(g + 1) * group * d)
      parts.append(
        bounded.attend(
          queries.columns(wide), keys.columns(own), values.columns(own),
          visible: VisibleKeys(
            lists: pooled.runs[g].starts.indices.map { pooled.runs[g].visible(toRow: $0) }, keyCount: count),
          heads: AttentionHeads(query: group, keyValue: 1, dimension: d)
        ).context)
    }
    context = Bounded(
      value: Tensor(sideBySide: parts.map { $0.value }, rows: count),
      accumulation: Tensor(sideBySide: parts.map { $0.accumulation }, rows: count),
      rounding: Tensor(sideBySide: parts.map { $0.rounding }, rows: count))
  }

  /// A number of an entry, as token after token is accumulated.
  private struct WeightedMean {
    var (mean, a, r) = (0.0, 0.0, 0.0)
    private var (z, zA, zR) = (0.0, 0.0, 0.0)

    mutating func take(_ x: Double, weight: (value: Double, a: Double, r: Double), starts: Bool) {
      let (w, wA, wR) = weight
      let sum = z + w
      guard !starts, sum > 0 else {
        // Of one token, too, a product and a division may be made.
        if starts { (mean, a, r, z, zA, zR) = (x, 2 * x.magnitude, 2 * x.magnitude, w, wA, wR) }
        return
      }
      let next = (z * mean + w * x) / sum
      let (far, farX) = ((mean - next).magnitude / sum, (x - next).magnitude / sum)
      let size = ((z * mean).magnitude + (w * x).magnitude) / sum
      a = a * z / sum + far * zA + farX * wA + 5 * size
      r = r * z / sum + far * zR + farX * wR + 4 * size
      (mean, z, zA, zR) = (next, sum, zA + wA + sum, zR + wR + sum)
    }
  }
}

extension Bounded {
  /// Some columns with their units.
  fileprivate func columns(_ range: Range<Int>) -> Bounded {
    Bounded(
      value: value.columns(range), accumulation: accumulation.columns(range), rounding: rounding.columns(range))
  }
}
