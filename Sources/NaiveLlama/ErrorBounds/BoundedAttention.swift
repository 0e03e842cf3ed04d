// TOL-8: units of attention.
//
// An error δ_j of the scores moves the weights by p_j·(δ_j − Σ p·δ) and hence the context by Σ p_j·δ_j·(v_j − context):
// what all scores share cancels, and so does whatever is subtracted as their maximum.

/// Who reads which heads, how wide they are, and what scores are multiplied with.
package struct AttentionShape: Hashable, Sendable {
  /// H and H_kv.
  let query: Int
  let keyValue: Int
  /// The widths of a head's key and of its value.
  let keyWidth: Int
  let valueWidth: Int
  /// The factor of scores.
  let scale: Double

  /// H_kv heads of keys and values of these widths, which H query heads share evenly.
  package init(query: Int, keyValue: Int, keyWidth: Int, valueWidth: Int, scale: Double) {
    precondition(keyValue >= 1 && query % keyValue == 0, "H_kv divides H")
    (self.query, self.keyValue) = (query, keyValue)
    (self.keyWidth, self.valueWidth) = (keyWidth, valueWidth)
    self.scale = scale
  }

  /// The shape of MOD-4.
  init(_ heads: AttentionHeads) {
    self.init(
      query: heads.query, keyValue: heads.keyValue, keyWidth: heads.dimension, valueWidth: heads.dimension,
      scale: heads.scale)
  }

  /// The KV head that query head h reads.
  func keyValueHead(ofQuery h: Int) -> Int { h * keyValue / query }
}

extension BoundedLayers {
  /// Context and probabilities, the latter exact where hidden.
  package func attend(
    _ q: Bounded, _ k: Bounded, _ v: Bounded, visible: VisibleKeys, heads: AttentionHeads
  ) -> (context: Bounded, probabilities: Bounded) {
    let output = functions.attend(q.value, k.value, v.value, visible, heads, functions.workers)
    return attention(output, q, k, v, visible: visible, shape: AttentionShape(heads))
  }

  /// The units of an attention's output, given what it was computed from.
  package func attention(
    _ output: AttentionOutput, _ q: Bounded, _ k: Bounded, _ v: Bounded, visible: VisibleKeys, shape: AttentionShape
  ) -> (context: Bounded, probabilities: Bounded) {
    let f = functions
    let width = shape.valueWidth
    let (context, probabilities) = (f.round(output.context), f.round(output.probabilities))
    var (contextA, contextR) = (Tensor(zeros: context.shape), Tensor(zeros: context.shape))
    var (weightsA, weightsR) = (Tensor(zeros: probabilities.shape), Tensor(zeros: probabilities.shape))
    let rows = visible.lists.count
    for h in 0..<shape.query {
      let kv = shape.keyValueHead(ofQuery: h) * width
      for row in 0..<rows {
        let seen = visible.lists[row]
        let cell = (h * rows + row) * visible.keyCount
        let weights = seen.map { probabilities.values[cell + $0] }
        let scores = scoreUnits(q, k, row: row, head: h, seen: seen, shape: shape)
        // exp of numerator and denominator, the sum with an online softmax's rescalings, the division.
        let own = (a: 2 * Units.elementary + 2 * Double(seen.count) + 1, r: 4.0)
        let (sharedA, sharedR) = (average(scores.a, weights), average(scores.r, weights))
        for (index, j) in seen.enumerated() {
          weightsA.values[cell + j] = weights[index] * (scores.a[index] + sharedA + own.a)
          weightsR.values[cell + j] = weights[index] * (scores.r[index] + sharedR + own.r)
        }
        for i in 0..<width {
          let result = context[row, h * width + i]
          var (a, r, size) = (0.0, 0.0, 0.0)
          for (index, j) in seen.enumerated() {
            let (p, value) = (weights[index], v.value[j, kv + i])
            let distance = (value - result).magnitude
            a += p * (scores.a[index] * distance + v.accumulation[j, kv + i])
            r += p * (scores.r[index] * distance + v.rounding[j, kv + i])
            size += p * value.magnitude
          }
          contextA[row, h * width + i] = a + (own.a + Double(seen.count + 1)) * size
          contextR[row, h * width + i] = r + own.r * size + result.magnitude
        }
      }
    }
    return (
      Bounded(value: context, accumulation: contextA, rounding: contextR),
      Bounded(value: probabilities, accumulation: weightsA, rounding: weightsR)
    )
  }

  /// The units of score − maximum, per visible key.
  private func scoreUnits(
    _ q: Bounded, _ k: Bounded, row: Int, head h: Int, seen: [Int], shape: AttentionShape
  ) -> (a: [Double], r: [Double]) {
    let (d, scale) = (shape.keyWidth, shape.scale)
    let (query, key) = (h * d, shape.keyValueHead(ofQuery: h) * d)
    var (scores, a, r): ([Double], [Double], [Double]) = ([], [], [])
    for j in seen {
      var (score, size, carriedA, carriedR) = (0.0, 0.0, 0.0, 0.0)
      for i in 0..<d {
        let (x, y) = (q.value[row, query + i], k.value[j, key + i])
        score += x * y
        size += (x * y).magnitude
        carriedA += q.accumulation[row, query + i] * y.magnitude + x.magnitude * k.accumulation[j, key + i]
        carriedR += q.rounding[row, query + i] * y.magnitude + x.magnitude * k.rounding[j, key + i]
      }
      scores.append(score * scale)
      a.append(scale * (carriedA + Double(d + 4) * size))
      // Queries and keys scaled before the product, or product, scale and score stored.
      r.append(scale * (carriedR + 2 * size + score.magnitude))
    }
    let largest = scores.reduce(-.infinity) { $1 > $0 ? $1 : $0 }
    for index in seen.indices {
      let distance = (scores[index] - largest).magnitude
      a[index] += 3 * distance
      r[index] += distance
    }
    return (a, r)
  }

  private func average(_ units: [Double], _ weights: [Double]) -> Double {
    zip(units, weights).reduce(0) { $0 + $1.0 * $1.1 }
  }
}
