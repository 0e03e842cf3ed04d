// TOL-2: a model that keeps its sums in 16 bits, each product and each sum rounded: what a port must not do, and what a mutant
// does. Skip on a first reading.

/// Sums and products of numbers of a type of 16 bits, each rounded to it.
package struct NarrowSums: Sendable {
  /// 2 to the power of the bits that a Double has more.
  private let power: Double
  /// The smallest normal number of the type.
  private let smallest: Double
  /// The largest number of the type.
  private let largest: Double
  /// Added and subtracted again, it leaves multiples of the smallest subnormal number.
  private let grid: Double

  /// Sums in bfloat16.
  package static let bf16 = NarrowSums(power: 0x1p45, smallest: 0x1p-126, largest: 0x1.fep127, grid: 0x1.8p-81)
  /// Sums in binary16.
  package static let f16 = NarrowSums(power: 0x1p42, smallest: 0x1p-14, largest: 65504, grid: 0x1.8p28)

  /// Ties to even: beside 2ˢ times itself a number has room for no more bits than the type has.
  package func rounded(_ x: SIMD8<Double>) -> SIMD8<Double> {
    let far = x * power
    var y = (far + x) - far
    // 0 of each sign stays 0; what is below the normal numbers has a grid of its own.
    y.replace(with: (x + grid) - grid, where: (x .< smallest) .& (x .> -smallest))
    y.replace(with: .infinity, where: y .> largest)
    y.replace(with: -.infinity, where: y .< -largest)
    return y
  }

  /// One number, likewise.
  package func rounded(_ x: Double) -> Double { rounded(SIMD8(repeating: x))[0] }

  /// From +0.0 by rising index.
  package func sum(_ values: [Double]) -> Double { values.reduce(0) { rounded($0 + $1) } }

  /// x·Wᵀ: eight outputs at a time.
  package func linear(_ x: Tensor, _ weight: Tensor) -> Tensor {
    let (inner, outputs) = (weight.columns, weight.rows)
    var y = Tensor(zeros: [x.rows, outputs])
    for first in stride(from: 0, to: outputs, by: 8) {
      let width = min(8, outputs - first)
      let panel = (0..<inner).map { k in
        var lanes = SIMD8<Double>.zero
        for lane in 0..<width { lanes[lane] = weight[first + lane, k] }
        return lanes
      }
      for r in 0..<x.rows {
        var sums = SIMD8<Double>.zero
        for k in 0..<inner { sums = rounded(sums + rounded(panel[k] * x[r, k])) }
        for lane in 0..<width { y[r, first + lane] = sums[lane] }
      }
    }
    return y
  }

  /// x / √(mean(x²) + ε) · g, the mean of squares in the type.
  package func norm(_ x: Tensor, _ gain: [Double], _ epsilon: Double) -> Tensor {
    var y = x
    for r in 0..<x.rows {
      let squares = sum(x.row(r).map { rounded($0 * $0) })
      let root = (squares / Double(x.columns) + epsilon).squareRoot()
      for i in 0..<x.columns { y[r, i] = x[r, i] / root * gain[i] }
    }
    return y
  }

  /// Scores, the sums below the weights and the context in the type.
  package func attention(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, _ visible: VisibleKeys, _ heads: AttentionHeads
  ) -> AttentionOutput {
    let d = heads.dimension
    var context = Tensor(zeros: q.shape)
    var probabilities = Tensor(zeros: [heads.query, q.rows, k.rows])
    for h in 0..<heads.query {
      let group = heads.keyValueHead(ofQuery: h) * d
      for (r, seen) in visible.lists.enumerated() {
        let scores = seen.map { j in
          sum((0..<d).map { rounded(q[r, h * d + $0] * k[j, group + $0]) }) * heads.scale
        }
        let largest = scores.reduce(-.infinity) { max($0, $1) }
        let weights = scores.map { rounded(Elementary.exponential($0 - largest)) }
        let below = sum(weights)
        for (j, weight) in zip(seen, weights) {
          let p = rounded(weight / below)
          probabilities.values[(h * q.rows + r) * k.rows + j] = p
          for i in 0..<d {
            let cell = context[r, h * d + i]
            context[r, h * d + i] = rounded(cell + rounded(p * v[j, group + i]))
          }
        }
      }
    }
    return AttentionOutput(context: context, probabilities: probabilities)
  }
}
