// Stages as another right implementation computes them: with the system's elementary functions, in another order, in
// another type, fused or with every intermediate stored. Nothing of it is shared with the reference. One file, since
// generic code is only specialised within one.

import NaiveLlama

struct RightCandidate<Number: SystemNumber> {
  let order: Order
  let manner: Manner
  /// Rounds to the stored type.
  let store: @Sendable (Number) -> Number
  /// Whether every intermediate is stored, or only the results of whole stages.
  let storesAll: Bool

  func kept(_ x: Number) -> Number { storesAll ? store(x) : x }

  func sum(_ terms: [Number]) -> Number {
    switch order {
    case .rising: terms.reduce(0, +)
    case .falling: terms.reversed().reduce(0, +)
    case .pairwise: pairwise(terms[...])
    }
  }

  private func pairwise(_ terms: ArraySlice<Number>) -> Number {
    if terms.count < 2 { return terms.first ?? 0 }
    let middle = terms.startIndex + terms.count / 2
    return pairwise(terms[..<middle]) + pairwise(terms[middle...])
  }

  func dot(_ a: some Sequence<Number>, _ b: some Sequence<Number>) -> Number { sum(zip(a, b).map { $0 * $1 }) }

  func linear(_ x: Rows<Number>, _ weight: Rows<Number>) -> Rows<Number> {
    x.map { row in weight.map { store(dot(row, $0)) } }
  }

  func add(_ a: Rows<Number>, _ b: Rows<Number>) -> Rows<Number> {
    zip(a, b).map { zip($0, $1).map { store($0 + $1) } }
  }

  func rmsNorm(_ x: Rows<Number>, gain: [Number], epsilon: Number) -> Rows<Number> {
    x.map { row in
      let mean = kept(sum(row.map { kept($0 * $0) }) / Number(row.count))
      let root = kept((kept(mean + kept(epsilon))).squareRoot())
      return zip(row, gain).map { store(kept($0 / root) * $1) }
    }
  }

  func rope(_ x: Rows<Number>, positions: [Int], dimension d: Int, theta: Number) -> Rows<Number> {
    zip(x, positions).map { row, position in
      var y = row
      for i in 0..<d / 2 {
        let exponent = Number(2 * i) / Number(d)
        let frequency =
          manner == .plain
          ? 1 / Number.power(theta, exponent) : Number.exponential(-exponent * Number.logarithm(theta))
        let angle = Number(position) * frequency
        let (c, s) = (kept(.cosine(angle)), kept(.sine(angle)))
        for head in stride(from: 0, to: row.count, by: d) {
          let (a, b) = (row[head + i], row[head + d / 2 + i])
          y[head + i] = store(kept(a * c) - kept(b * s))
          y[head + d / 2 + i] = store(kept(b * c) + kept(a * s))
        }
      }
      return y
    }
  }

  func feedForward(
    _ x: Rows<Number>, gate: Rows<Number>, up: Rows<Number>, down: Rows<Number>
  ) -> Rows<Number> {
    let activation = zip(linear(x, gate), linear(x, up)).map { gates, ups in
      zip(gates, ups).map { g, u in
        let sigmoid = kept(1 / kept(1 + kept(.exponential(-g))))
        return store(kept(g * sigmoid) * u)
      }
    }
    return linear(activation, down)
  }

  func crossEntropy(_ logits: Rows<Number>, labels: [Int]) -> [Number] {
    zip(logits, labels).map { row, label in
      let largest = row.max() ?? 0
      let shifted = row.map { kept($0 - largest) }
      let logarithm = kept(.logarithm(kept(sum(shifted.map { kept(.exponential($0)) }))))
      switch manner {
      case .plain: return store(kept(largest + logarithm) - row[label])
      case .prescaled, .online: return store(-store(shifted[label] - logarithm))
      }
    }
  }
}

extension RightCandidate {
  struct Heads {
    let query: Int
    let keyValue: Int
    let dimension: Int
  }

  func attention(
    _ q: Rows<Number>, _ k: Rows<Number>, _ v: Rows<Number>, mask: [[Bool]], heads: Heads
  ) -> (context: Rows<Number>, probabilities: [Rows<Number>]) {
    let d = heads.dimension
    var context = q
    var probabilities: [Rows<Number>] = []
    for h in 0..<heads.query {
      let g = h / (heads.query / heads.keyValue)
      let (keys, values) = (k.map { Array($0[g * d..<(g + 1) * d]) }, v.map { Array($0[g * d..<(g + 1) * d]) })
      var rows: Rows<Number> = []
      for r in q.indices {
        let seen = k.indices.filter { mask[r][$0] }
        let scores = scores(Array(q[r][h * d..<(h + 1) * d]), seen.map { keys[$0] })
        var row = [Number](repeating: 0, count: k.count)
        let (result, weights) = weighted(scores, seen.map { values[$0] })
        for (j, p) in zip(seen, weights) { row[j] = store(p) }
        for i in 0..<d { context[r][h * d + i] = store(result[i]) }
        rows.append(row)
      }
      probabilities.append(rows)
    }
    return (context, probabilities)
  }

  private func scores(_ q: [Number], _ keys: Rows<Number>) -> [Number] {
    let scale = kept(1 / Number(q.count).squareRoot())
    if manner != .prescaled { return keys.map { kept(kept(dot(q, $0)) * scale) } }
    let root = (1 / Number(q.count).squareRoot()).squareRoot()
    let query = q.map { kept($0 * root) }
    return keys.map { key in kept(dot(query, key.map { kept($0 * root) })) }
  }

  private func weighted(_ scores: [Number], _ values: Rows<Number>) -> ([Number], [Number]) {
    manner == .online ? online(scores, values) : whole(scores, values)
  }

  private func whole(_ scores: [Number], _ values: Rows<Number>) -> ([Number], [Number]) {
    let largest = scores.max() ?? 0
    let powers = scores.map { kept(Number.exponential(kept($0 - largest))) }
    let total = kept(sum(powers))
    let weights = powers.map { kept($0 / total) }
    return (values[0].indices.map { i in dot(weights, values.map { $0[i] }) }, weights)
  }

  private func online(_ scores: [Number], _ values: Rows<Number>) -> ([Number], [Number]) {
    let bits = Number(1.4426950408889634)
    var (largest, total) = (-Number.infinity, Number(0))
    var result = [Number](repeating: 0, count: values[0].count)
    for start in stride(from: 0, to: scores.count, by: 6) {
      let block = start..<min(start + 6, scores.count)
      let top = max(largest, scores[block].max() ?? largest)
      let shrink = largest == -.infinity ? 0 : Number.power(2, (largest - top) * bits)
      let powers = scores[block].map { kept(Number.power(2, ($0 - top) * bits)) }
      total = total * shrink + sum(powers)
      for i in result.indices { result[i] = result[i] * shrink + dot(powers, values[block].map { $0[i] }) }
      largest = top
    }
    return (result.map { $0 / total }, scores.map { Number.power(2, ($0 - largest) * bits) / total })
  }

  struct Layer {
    let epsilon: Number
    let theta: Number
    let gains: (attention: [Number], feedForward: [Number])
    let query: Rows<Number>
    let key: Rows<Number>
    let value: Rows<Number>
    let output: Rows<Number>
    let gate: Rows<Number>
    let up: Rows<Number>
    let down: Rows<Number>
  }

  func decoderLayer(
    _ x: Rows<Number>, _ layer: Layer, positions: [Int], mask: [[Bool]], heads: Heads
  ) -> Rows<Number> {
    let norm = rmsNorm(x, gain: layer.gains.attention, epsilon: layer.epsilon)
    func turned(_ weight: Rows<Number>) -> Rows<Number> {
      rope(linear(norm, weight), positions: positions, dimension: heads.dimension, theta: layer.theta)
    }
    let context = attention(
      turned(layer.query), turned(layer.key), linear(norm, layer.value), mask: mask, heads: heads
    ).context
    let middle = add(x, linear(context, layer.output))
    let second = rmsNorm(middle, gain: layer.gains.feedForward, epsilon: layer.epsilon)
    return add(middle, feedForward(second, gate: layer.gate, up: layer.up, down: layer.down))
  }
}

extension StageInput {
  /// What a candidate in binary64 answers, flat, in the order of `bounded`.
  func answer(_ stage: Stage, _ candidate: RightCandidate<Double>) throws -> [[Double]] {
    try numbers(stage, candidate)
  }

  /// What a candidate in binary32, or stored narrower, answers.
  func answer(_ stage: Stage, _ candidate: RightCandidate<Float>) throws -> [[Double]] {
    try numbers(stage, candidate)
  }

  private func numbers<Number: SystemNumber>(_ stage: Stage, _ candidate: RightCandidate<Number>) throws -> [[Double]] {
    func rows(_ tensor: Tensor) -> Rows<Number> { (0..<tensor.rows).map { tensor.row($0).map { Number($0) } } }
    func flat(_ rows: Rows<Number>) -> [Double] { rows.flatMap { $0.map { Double($0) } } }
    func matrix(_ name: KeyPath<LayerParameterNames, String>) throws -> Rows<Number> { rows(try weight(name)) }
    func gain(_ name: KeyPath<LayerParameterNames, String>) throws -> [Number] {
      try weight(name).values.map { Number($0) }
    }
    let shape = RightCandidate<Number>.Heads(
      query: heads.query, keyValue: heads.keyValue, dimension: heads.dimension)
    let (epsilon, theta) = (Number(configuration.epsilon), Number(configuration.theta))
    switch stage {
    case .rmsNorm: return [flat(candidate.rmsNorm(rows(x), gain: try gain(\.attentionNorm), epsilon: epsilon))]
    case .rope:
      return [flat(candidate.rope(rows(attended.q), positions: positions, dimension: shape.dimension, theta: theta))]
    case .attention:
      let output = candidate.attention(
        rows(attended.q), rows(attended.k), rows(attended.v), mask: mask, heads: shape)
      return [flat(output.context), flat(output.probabilities.flatMap { $0 })]
    case .feedForward:
      return [
        flat(
          candidate.feedForward(rows(x), gate: try matrix(\.gate), up: try matrix(\.up), down: try matrix(\.down)))
      ]
    case .decoderLayer:
      let layer = RightCandidate<Number>.Layer(
        epsilon: epsilon, theta: theta, gains: (try gain(\.attentionNorm), try gain(\.feedForwardNorm)),
        query: try matrix(\.query), key: try matrix(\.key), value: try matrix(\.value),
        output: try matrix(\.attentionOutput), gate: try matrix(\.gate), up: try matrix(\.up),
        down: try matrix(\.down))
      return [flat(candidate.decoderLayer(rows(x), layer, positions: positions, mask: mask, heads: shape))]
    case .crossEntropy: return [candidate.crossEntropy(rows(tall), labels: labels).map { Double($0) }]
    }
  }
}
