// MOD-1…MOD-5, MSK-12, LOS-5, NUM-1: the layers of a Llama, forward, in the order in which a row meets them. Every sum starts
// at +0.0 and runs by rising index. LayersBackward.swift inverts each of them, in the same order.

// MARK: - Embedding

/// The embedding table E, [V', hidden] (MOD-1).
public enum Embedding {
  /// x[r] = E[token r]: tokens → [rows, hidden].
  public static func forward(_ tokens: [Int], table: Tensor) -> Tensor { table.selecting(rows: tokens) }
}

// MARK: - Linear layer

/// A linear layer, its weight W stored [out, in] as in a checkpoint (MOD-1).
public enum Linear {
  /// y[r, o] = Σ_i x[r, i] · W[o, i], by rising i: [rows, in] → [rows, out]. The loops stand in Product.swift;
  /// `Tensor.product` has their bits.
  public static func forward(_ x: Tensor, weight: Tensor, workers: Workers) -> Tensor {
    precondition(x.columns == weight.columns, "input width agrees with the weight")
    return Tensor.product(x, transposed: weight, workers: workers)
  }
}

// MARK: - RMSNorm

/// Root-mean-square normalisation, y = x / √(mean(x²) + ε) ⊙ g, row by row (MOD-2).
public enum RMSNorm {
  /// y[r, i] = (x[r, i] / √(mean(x[r]²) + ε)) · g[i]: [rows, hidden] → [rows, hidden].
  public static func forward(_ x: Tensor, gain: [Double], epsilon: Double) -> Tensor {
    precondition(x.columns == gain.count, "one gain per column")
    let (width, gains) = (x.columns, gain.span)
    var values: [Double] = []
    values.reserveCapacity(x.values.count)
    for r in 0..<x.rows {
      let row = x.values.span.extracting(r * width..<(r + 1) * width)
      let root = rootMeanSquare(row, epsilon: epsilon)
      for i in 0..<width { values.append(row[i] / root * gains[i]) }
    }
    return Tensor(shape: x.shape, values: values)
  }

  /// √(mean(x²) + ε) of one row, the squares summed by rising index.
  static func rootMeanSquare(_ row: Span<Double>, epsilon: Double) -> Double {
    var sum = 0.0
    for i in row.indices { sum += row[i] * row[i] }
    return (sum / Double(row.count) + epsilon).squareRoot()
  }
}

// MARK: - Rotary position embedding

/// The cosines and sines of every row's rotation angles, [rows, d/2] each (MOD-3), times yarn's factor a (MOD-9).
public struct RotaryAngles: Hashable, Sendable {
  /// a · cos(position · frequency): [rows, d/2].
  public let cosines: Tensor
  /// a · sin(position · frequency): [rows, d/2].
  public let sines: Tensor

  /// Cosines and sines of the same angles.
  public init(cosines: Tensor, sines: Tensor) {
    precondition(cosines.shape == sines.shape, "a cosine and a sine per angle")
    self.cosines = cosines
    self.sines = sines
  }

  /// The plain angles of some positions for heads of dimension d, an even number.
  public init(positions: [Int], headDimension: Int, theta: Double) {
    self.init(positions: positions, rotation: Rotation(headDimension: headDimension, theta: theta))
  }

  /// The angles of some positions: each is the rounded product of position and frequency.
  public init(positions: [Int], rotation: Rotation) {
    let (half, frequencies, factor) = (rotation.headDimension / 2, rotation.frequencies, rotation.attentionFactor)
    // Rows may share a position; the angles of each position are computed once.
    var known: [Int: (cosines: [Double], sines: [Double])] = [:]
    for position in positions where known[position] == nil {
      let angles = frequencies.map { Double(position) * $0 }
      known[position] = (
        angles.map { factor * Elementary.cosine($0) }, angles.map { factor * Elementary.sine($0) }
      )
    }
    var cosines: [Double] = []
    var sines: [Double] = []
    for position in positions {
      if let row = known[position] {
        cosines += row.cosines
        sines += row.sines
      }
    }
    self.cosines = Tensor(shape: [positions.count, half], values: cosines)
    self.sines = Tensor(shape: [positions.count, half], values: sines)
  }
}

/// Rotary position embedding, half-split ("rotate half"): a and b are the two halves of each head (MOD-3).
public enum RotaryPosition {
  /// (a, b) → (a·cos − b·sin, b·cos + a·sin) in every head of every row: [rows, heads · d] → [rows, heads · d].
  public static func forward(_ x: Tensor, angles: RotaryAngles) -> Tensor {
    rotate(x, angles: angles, direction: 1)
  }

  /// The rotation by the angles (direction 1), or by their negatives (direction −1).
  static func rotate(_ x: Tensor, angles: RotaryAngles, direction: Double) -> Tensor {
    let half = angles.cosines.columns
    precondition(x.rows == angles.cosines.rows && x.columns % (2 * half) == 0, "whole heads, one angle row per row")
    let width = x.columns
    var y = x.values
    for r in 0..<x.rows {
      let row = x.values.span.extracting(r * width..<(r + 1) * width)
      let cosines = angles.cosines.values.span.extracting(r * half..<(r + 1) * half)
      let sines = angles.sines.values.span.extracting(r * half..<(r + 1) * half)
      for head in stride(from: 0, to: width, by: 2 * half) {
        for i in 0..<half {
          let (a, b) = (row[head + i], row[head + half + i])
          let (cosine, sine) = (cosines[i], direction * sines[i])
          y[r * width + head + i] = a * cosine - b * sine
          y[r * width + head + half + i] = b * cosine + a * sine
        }
      }
    }
    return Tensor(shape: x.shape, values: y)
  }
}

// MARK: - Attention

/// The keys that each query row sees, in row order. A hidden key has no part in any result (MSK-12).
public struct VisibleKeys: Hashable, Sendable {
  /// One list of rising key indices per query; never empty (MSK-10).
  public let lists: [[Int]]
  /// The number of keys, visible or hidden.
  public let keyCount: Int

  /// Checks that every query sees something, in rising order and within the keys.
  public init(lists: [[Int]], keyCount: Int) {
    for list in lists {
      precondition(!list.isEmpty, "every row sees itself")
      precondition(zip(list, list.dropFirst()).allSatisfy { $0 < $1 }, "keys rise")
      precondition(list[0] >= 0 && list[list.count - 1] < keyCount, "keys exist")
    }
    self.lists = lists
    self.keyCount = keyCount
  }
}

/// The heads of an attention layer: H query heads, H_kv key/value heads, each of dimension d (MOD-4).
public struct AttentionHeads: Hashable, Sendable {
  /// H.
  public let query: Int
  /// H_kv, a divisor of H.
  public let keyValue: Int
  /// d.
  public let dimension: Int

  /// Checks that H_kv divides H.
  public init(query: Int, keyValue: Int, dimension: Int) {
    precondition(keyValue >= 1 && query % keyValue == 0 && dimension >= 1, "H_kv divides H")
    self.query = query
    self.keyValue = keyValue
    self.dimension = dimension
  }

  /// The KV head that query head h reads: ⌊h · H_kv / H⌋ (MOD-4).
  public func keyValueHead(ofQuery h: Int) -> Int { h * keyValue / query }

  /// 1/√d, rounded once after the root and once after the division.
  public var scale: Double { 1 / Double(dimension).squareRoot() }
}

/// What attention computes: the context rows and the probabilities.
public struct AttentionOutput: Hashable, Sendable {
  /// Σ_j p_j · v_j per query and head: [queries, H · d].
  public let context: Tensor
  /// Softmax weights, exactly 0 where hidden: [H, queries, keys].
  public let probabilities: Tensor

  /// Context and probabilities of the same queries.
  public init(context: Tensor, probabilities: Tensor) {
    self.context = context
    self.probabilities = probabilities
  }
}

/// Scaled dot-product attention, softmax(q·kᵀ/√d)·v over the visible keys alone (MOD-4, MSK-12).
///
/// This is the only layer in which a row learns anything of another row. Embedding, norm, linear layer, rotation, activation
/// and residual all work on each row by itself; what the mask hides here, no other layer can bring back.
public enum Attention {
  /// q: [queries, H·d]; k, v: [keys, H_kv·d] → context [queries, H·d] and probabilities [H, queries, keys].
  ///
  /// Per query and head, every sum by rising index from +0.0 and every j a visible key:
  ///
  ///     score_j   = (Σ_i q_i · k_ji) · scale
  ///     p_j       = e^(score_j − max_m score_m) / Σ_m e^(score_m − max)
  ///     context_i = Σ_j p_j · v_ji
  ///
  /// As plain loops, with h a query head that reads the KV head g and r a query row:
  ///
  ///     let seen = visible.lists[r]
  ///     let scores = seen.map { j in
  ///       var dot = 0.0
  ///       for i in 0..<d { dot += q[r, h * d + i] * k[j, g * d + i] }
  ///       return dot * heads.scale
  ///     }
  ///     let p = softmax(scores)
  ///     for i in 0..<d {
  ///       var sum = 0.0
  ///       for (j, weight) in zip(seen, p) { sum += weight * v[j, g * d + i] }
  ///       context[r, h * d + i] = sum
  ///     }
  ///
  /// The code below computes the same sums in the same order, as two matrix products per head.
  public static func forward(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, visible: VisibleKeys, heads: AttentionHeads, workers: Workers
  ) -> AttentionOutput {
    let d = heads.dimension
    precondition(q.columns == heads.query * d && k.columns == heads.keyValue * d && v.shape == k.shape)
    precondition(q.rows == visible.lists.count && k.rows == visible.keyCount)
    let perHead = workers.map(heads.query) { h in
      let g = heads.keyValueHead(ofQuery: h)
      return oneHead(
        q.columns(h * d..<(h + 1) * d), k.columns(g * d..<(g + 1) * d), v.columns(g * d..<(g + 1) * d),
        visible: visible, scale: heads.scale)
    }
    var probabilities: [Double] = []
    probabilities.reserveCapacity(heads.query * q.rows * k.rows)
    for head in perHead { probabilities += head.probabilities.values }
    return AttentionOutput(
      context: Tensor(sideBySide: perHead.map { $0.context }, rows: q.rows),
      probabilities: Tensor(shape: [heads.query, q.rows, k.rows], values: probabilities))
  }

  /// One head: q [queries, d], k and v [keys, d]. Scores of hidden keys are computed with the others and never read.
  private static func oneHead(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, visible: VisibleKeys, scale: Double
  ) -> AttentionOutput {
    let products = Tensor.product(q, transposed: k, workers: .single)
    var probabilities = Tensor(zeros: [q.rows, k.rows])
    for (r, seen) in visible.lists.enumerated() {
      let row = products.row(r)
      let weights = softmax(seen.map { row[row.startIndex + $0] * scale })
      let start = r * k.rows
      for (j, p) in zip(seen, weights) { probabilities.values[start + j] = p }
    }
    return AttentionOutput(
      context: Tensor.product(probabilities, v, over: visible.lists), probabilities: probabilities)
  }

  /// e^(score − max) / Σ: the sum by rising index, then the division (NUM-1).
  public static func softmax(_ scores: [Double]) -> [Double] {
    var largest = -Double.infinity
    for score in scores where score > largest { largest = score }
    var weights = Elementary.exponentials(scores.map { $0 - largest })
    var sum = 0.0
    for weight in weights { sum += weight }
    for j in weights.indices { weights[j] /= sum }
    return weights
  }
}

// MARK: - Feed-forward block

/// The gated activation of the feed-forward block; its three linear layers are `Linear` (MOD-5).
public enum FeedForward {
  /// silu(x) = x / (1 + e^−x).
  public static func silu(_ x: Double) -> Double { x / (1 + Elementary.exponential(-x)) }

  /// y = silu(gate) ⊙ up: [rows, intermediate] twice → [rows, intermediate].
  public static func forward(gate: Tensor, up: Tensor, workers: Workers) -> Tensor {
    precondition(gate.shape == up.shape, "gate and up of one shape")
    let width = gate.columns
    let (g, u) = (gate.values, up.values)
    let values = workers.rows(gate.rows, width: width, operationsPerRow: 50 * width) { range in
      let cells = range.lowerBound * width..<range.upperBound * width
      var values = Elementary.exponentials(g[cells].map { -$0 })
      let (g, u) = (g.span.extracting(cells), u.span.extracting(cells))
      // silu(gate) · up
      for i in g.indices { values[i] = g[i] / (1 + values[i]) * u[i] }
      return values
    }
    return Tensor(shape: gate.shape, values: values)
  }
}

// MARK: - Cross-entropy

/// Cross-entropy of one row of logits, −log softmax(logits)[label], natural logarithm, over all of V' (LOS-5).
public enum CrossEntropy {
  /// max + log(Σ_j e^(x_j − max)) − x_label, the sum by rising j: [V'] → one number.
  public static func forward(_ logits: ArraySlice<Double>, label: Int) -> Double {
    let largest = maximum(of: logits)
    var sum = 0.0
    for power in Elementary.exponentials(logits.map { $0 - largest }) { sum += power }
    return largest + Elementary.logarithm(sum) - logits[logits.startIndex + label]
  }

  static func maximum(of logits: ArraySlice<Double>) -> Double {
    var largest = -Double.infinity
    for logit in logits where logit > largest { largest = logit }
    return largest
  }
}
