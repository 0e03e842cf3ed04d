// OWN-1: right ports of an element type, simulated: every fine rounding point of a decoder, M copies side by side.

import LoMAVectors
import NaiveLlama

/// Simulated right ports of one element type as layer functions.
///
/// The copies run as one pass over M · R rows: rows 0..<R are the first copy's, and so on. The first rounds to nearest, the
/// others at random. Each layer function splits its rows, so that one product serves all copies.
struct SimulatedPort: Sendable {
  let type: ElementType
  let format: NumberFormat
  /// How each copy rounds.
  var directions: [NumberFormat.Direction]
  /// What each copy draws its other noise from.
  let noises: [Noise]

  /// M copies; nil for an element type that ports do not compute in.
  init?(_ type: ElementType, copies: Int, seed: UInt64) {
    guard let format = NumberFormat.of(type) else { return nil }
    self.type = type
    self.format = format
    let seeds = (0..<copies).map { UInt64($0 + 1) &* 0x2545_F491_4F6C_DD1D ^ seed }
    noises = seeds.map { Noise(seed: $0 ^ 0x5851_F42D_4C95_7F2D) }
    directions = seeds.enumerated().map { $0 == 0 ? .nearest : .random(Noise(seed: $1)) }
  }

  /// Only binary32 sums as sequential binary32 sums do; a narrower type keeps its sums in binary32, far below its own roundings.
  private var sumsAreNoisy: Bool { type == .f32 }

  /// The layer functions of all copies.
  func functions(workers: Workers) -> LayerFunctions {
    var functions = LayerFunctions.llama(workers: workers)
    functions.round = { rounded($0) }
    functions.rmsNorm = { normalised($0, $1, $2) }
    functions.linear = { multiplied($0, $1, $2) }
    functions.normHeads = { x, gain, epsilon in
      let heads = Tensor(shape: [x.values.count / gain.count, gain.count], values: x.values)
      return Tensor(shape: x.shape, values: normalised(heads, gain, epsilon).values)
    }
    functions.angles = { angles($0, $1) }
    functions.rotate = { rotated($0, $1) }
    functions.attend = { attended($0, $1, $2, $3, $4, $5) }
    functions.activate = { activated($0, $1, $2) }
    return functions
  }

  /// Every value rounded in its copy's way; rows are the copies', one after the other.
  func rounded(_ tensor: Tensor) -> Tensor {
    guard !tensor.values.isEmpty else { return tensor }
    var values = tensor.values
    let share = values.count / directions.count
    for (copy, direction) in directions.enumerated() {
      for index in copy * share..<(copy + 1) * share {
        values[index] = format.rounded(values[index], direction, at: index)
      }
    }
    return Tensor(shape: tensor.shape, values: values)
  }

  /// The standard deviation of a sequential binary32 sum of k products, in units of √(Σ w²x²).
  static func sumNoise(_ count: Int) -> Double { 0x1p-24 * (Double(count) / 6).squareRoot() }

  /// x/rms is rounded before the gain; the product with the gain is rounded with every stage's output.
  private func normalised(_ x: Tensor, _ gain: [Double], _ epsilon: Double) -> Tensor {
    let (width, share) = (x.columns, x.rows / directions.count)
    let (gains, input) = (gain.span, x.values.span)
    let noise = Self.sumNoise(width)
    var values = [Double](repeating: 0, count: x.values.count)
    for r in 0..<x.rows {
      let copy = r / share
      let row = input.extracting(r * width..<(r + 1) * width)
      var (sum, fourth) = (0.0, 0.0)
      for i in 0..<width {
        let square = row[i] * row[i]
        sum += square
        fourth += square * square
      }
      if sumsAreNoisy { sum += noises[copy].normal(sum, at: r) * noise * fourth.squareRoot() }
      let root = (sum / Double(width) + epsilon).squareRoot()
      for i in 0..<width {
        values[r * width + i] = format.rounded(row[i] / root, directions[copy], at: r * width + i) * gains[i]
      }
    }
    return Tensor(shape: x.shape, values: values)
  }

  /// x·Wᵀ; in binary32 with the noise of its sums. Copies differ by roundings, so √(Σ w²x²) of the first serves all.
  private func multiplied(_ x: Tensor, _ weight: Tensor, _ workers: Workers) -> Tensor {
    var y = Linear.forward(x, weight: weight, workers: workers)
    guard sumsAreNoisy else { return y }
    let share = x.rows / directions.count
    let squares = Tensor(shape: [share, x.columns], values: x.values[..<(share * x.columns)].map { $0 * $0 })
    let factors = Tensor(shape: weight.shape, values: weight.values.map { $0 * $0 })
    let sizes = Linear.forward(squares, weight: factors, workers: workers).values.map { $0.squareRoot() }
    add(Self.sumNoise(x.columns), sizes, to: &y.values)
    return y
  }

  /// Adds normal noise of a size per place of one copy to all copies.
  private func add(_ unit: Double, _ sizes: [Double], to values: inout [Double]) {
    for (copy, noise) in noises.enumerated() {
      for (place, size) in sizes.enumerated() {
        let index = copy * sizes.count + place
        values[index] += noise.normal(values[index], at: index) * unit * size
      }
    }
  }

  /// Angles as binary32 makes them: exponent, power and product each off by up to 2⁻²⁴; cosine and sine are rounded.
  private func angles(_ positions: [Int], _ rotation: Rotation) -> RotaryAngles {
    let (half, share) = (rotation.headDimension / 2, positions.count / directions.count)
    let (right, factor) = (rotation.frequencies, rotation.attentionFactor)
    let logarithm = Elementary.logarithm(rotation.theta)
    var (cosines, sines): ([Double], [Double]) = ([], [])
    for (copy, noise) in noises.enumerated() {
      let frequencies = (0..<half).map { i in
        // θ^(e·(1 + δ)) = θ^e · e^(δ·e·log θ), whatever is done to the frequency afterwards.
        let exponent = -2 * Double(i) / Double(rotation.headDimension) * logarithm
        let power = Elementary.exponential(exponent * 0x1p-24 * noise.symmetric(1, at: i))
        return right[i] * power * (1 + 0x1p-24 * noise.symmetric(2, at: i))
      }
      var known: [Int: (cosines: [Double], sines: [Double])] = [:]
      for (r, position) in positions[copy * share..<(copy + 1) * share].enumerated() {
        let row: (cosines: [Double], sines: [Double])
        if let seen = known[position] {
          row = seen
        } else {
          let angles = frequencies.enumerated().map { i, frequency in
            Double(position) * frequency * (1 + 0x1p-24 * noise.symmetric(Double(position), at: half + i))
          }
          row = (angles.map { factor * Elementary.cosine($0) }, angles.map { factor * Elementary.sine($0) })
          known[position] = row
        }
        for i in 0..<half {
          let place = (copy * share + r) * half + i
          cosines.append(format.rounded(row.cosines[i], directions[copy], at: place))
          sines.append(format.rounded(row.sines[i], directions[copy], at: place))
        }
      }
    }
    let shape = [positions.count, half]
    return RotaryAngles(cosines: Tensor(shape: shape, values: cosines), sines: Tensor(shape: shape, values: sines))
  }

  /// The rotation with each of its four products rounded; the two sums are rounded with every stage's output.
  private func rotated(_ x: Tensor, _ angles: RotaryAngles) -> Tensor {
    let (half, width, share) = (angles.cosines.columns, x.columns, x.rows / directions.count)
    let (input, cosines, sines) = (x.values.span, angles.cosines.values.span, angles.sines.values.span)
    var y = [Double](repeating: 0, count: x.values.count)
    for r in 0..<x.rows {
      let direction = directions[r / share]
      for head in stride(from: r * width, to: (r + 1) * width, by: 2 * half) {
        for i in 0..<half {
          let (first, second) = (head + i, head + half + i)
          let (a, b, cosine, sine) = (input[first], input[second], cosines[r * half + i], sines[r * half + i])
          // Four places that no other product of the tensor has.
          func part(_ product: Double, _ place: Int) -> Double {
            format.rounded(product, direction, at: place)
          }
          y[first] = part(a * cosine, 2 * first) - part(b * sine, 2 * first + 1)
          y[second] = part(b * cosine, 2 * second) + part(a * sine, 2 * second + 1)
        }
      }
    }
    return Tensor(shape: x.shape, values: y)
  }

  /// silu(gate), rounded, times up.
  private func activated(_ gate: Tensor, _ up: Tensor, _ workers: Workers) -> Tensor {
    let copies = directions.count
    let share = gate.values.count / copies
    // Pieces per copy, so that threads share them evenly.
    let pieces = 4
    let parts = workers.map(copies * pieces) { part in
      let copy = part / pieces
      let range = copy * share + share * (part % pieces) / pieces..<copy * share + share * (part % pieces + 1) / pieces
      let (g, u) = (gate.values.span, up.values.span)
      var values: [Double] = []
      values.reserveCapacity(range.count)
      for index in range {
        values.append(format.rounded(FeedForward.silu(g[index]), directions[copy], at: index) * u[index])
      }
      return values
    }
    return Tensor(shape: gate.shape, values: parts.flatMap { $0 })
  }
}

// MARK: - Attention

extension SimulatedPort {
  /// Attention of every copy over its own keys; scores and weights are rounded, and in binary32 each sum is noisy.
  ///
  /// The answer has no probabilities: nobody asks a simulated port for them.
  private func attended(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, _ visible: VisibleKeys, _ heads: AttentionHeads, _ workers: Workers
  ) -> AttentionOutput {
    let (d, copies) = (heads.dimension, directions.count)
    // A single port may have cached keys before its rows.
    let (share, keys) = (q.rows / copies, k.rows / copies)
    let contexts = workers.map(copies * heads.query) { part in
      let (copy, h) = part.quotientAndRemainder(dividingBy: heads.query)
      let (rows, own) = (copy * share..<(copy + 1) * share, copy * keys..<(copy + 1) * keys)
      let group = heads.keyValueHead(ofQuery: h) * d
      return head(
        q.part(rows, h * d..<(h + 1) * d), k.part(own, group..<group + d), v.part(own, group..<group + d),
        visible.lists[rows].map { seen in seen.map { $0 - own.lowerBound } }, scale: heads.scale, copy: copy, salt: part
      )
    }
    let stacked = (0..<copies).flatMap { copy in
      Tensor(sideBySide: Array(contexts[copy * heads.query..<(copy + 1) * heads.query]), rows: share).values
    }
    return AttentionOutput(
      context: Tensor(shape: [q.rows, heads.query * d], values: stacked), probabilities: Tensor(zeros: [0]))
  }

  /// One head of one copy: q, k, v [rows, d] → context [rows, d].
  private func head(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, _ visible: [[Int]], scale: Double, copy: Int, salt: Int
  ) -> Tensor {
    let (direction, noise, count) = (directions[copy], noises[copy], q.rows)
    let first = salt * count * k.rows
    let products = Linear.forward(q, weight: k, workers: .single).values
    var sizes: [Double] = []
    if sumsAreNoisy {
      sizes = Linear.forward(q.squared(), weight: k.squared(), workers: .single).values.map { $0.squareRoot() }
    }
    var weights = Tensor(zeros: [count, k.rows])
    for (r, seen) in visible.enumerated() {
      var scores = seen.map { j in
        let place = r * k.rows + j
        var sum = products[place]
        if sumsAreNoisy { sum += noise.normal(sum, at: first + place) * Self.sumNoise(q.columns) * sizes[place] }
        return format.rounded(sum * scale, direction, at: first + place)
      }
      let largest = scores.max() ?? 0
      var (sum, squares) = (0.0, 0.0)
      for index in scores.indices {
        scores[index] = Elementary.exponential(scores[index] - largest)
        sum += scores[index]
        squares += scores[index] * scores[index]
      }
      if sumsAreNoisy { sum += noise.normal(sum, at: first + r) * Self.sumNoise(seen.count) * squares.squareRoot() }
      for (j, weight) in zip(seen, scores) {
        let place = r * k.rows + j
        weights.values[place] = format.rounded(weight / sum, direction, at: first + place)
      }
    }
    let columns = v.transposed()
    var context = Linear.forward(weights, weight: columns, workers: .single)
    if sumsAreNoisy {
      let sizes = Linear.forward(weights.squared(), weight: columns.squared(), workers: .single).values
      for index in context.values.indices {
        let unit = Self.sumNoise(visible[index / v.columns].count)
        context.values[index] +=
          noise.normal(context.values[index], at: first + index) * unit * sizes[index].squareRoot()
      }
    }
    return context
  }
}

extension Tensor {
  /// Some rows and columns of a matrix.
  func part(_ rows: Range<Int>, _ columns: Range<Int>) -> Tensor {
    let width = self.columns
    var values: [Double] = []
    values.reserveCapacity(rows.count * columns.count)
    for r in rows { values += self.values[r * width + columns.lowerBound..<r * width + columns.upperBound] }
    return Tensor(shape: [rows.count, columns.count], values: values)
  }

  /// Some rows of a matrix.
  func rows(_ range: Range<Int>) -> Tensor {
    Tensor(
      shape: [range.count, columns], values: Array(values[range.lowerBound * columns..<range.upperBound * columns]))
  }

  /// Every element squared.
  func squared() -> Tensor { Tensor(shape: shape, values: values.map { $0 * $0 }) }
}
