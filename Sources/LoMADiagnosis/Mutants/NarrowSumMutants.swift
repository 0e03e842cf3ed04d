// TOL-2: sums in bf16 and f16 kept in the type itself, with each product and sum rounded to it, instead of in binary32.

import LoMA
import LoMAReference
import LoMAVectors

extension Mutant {
  /// Other layer functions for bf16 and f16.
  private static func narrow(
    _ id: String, _ sentence: String, on operations: Set<Operation>,
    _ change: @escaping @Sendable (inout LayerFunctions, NarrowSums) -> Void
  ) -> Mutant {
    Mutant(id, .numbers, sentence, on: operations) { answers, request in
      guard let sums = NarrowSums(answers.type) else { return nil }
      var answers = answers
      change(&answers.functions, sums)
      return (answers, request)
    }
  }

  static var narrowSums: [Mutant] {
    [
      narrow("M244", "I summed linear layers in the type of their output", on: linear) { functions, sums in
        functions.linear = { x, weight, _ in sums.linear(x, weight) }
      },
      narrow("M245", "I summed attention in the type of its output", on: .attending) { functions, sums in
        functions.attend = { q, k, v, visible, heads, _ in sums.attention(q, k, v, visible, heads) }
        // In f16 the error is within the bounds: about 500 keys with similar values in one `attention` would show it,
        // but their probabilities alone are more than the corpus may hold.
      }.asked(in: [.bf16]),
      narrow("M246", "I summed the squares of RMSNorm in the type of its output", on: .normalising) {
        functions, sums in
        functions.rmsNorm = { x, gain, epsilon in sums.norm(x, gain, epsilon) }
      },
      narrow("M247", "I summed the softmax of the loss in the type of the loss", on: [.crossEntropy, .loss]) {
        functions, sums in
        functions.judging { logits, label in
          let largest = logits.reduce(-.infinity) { max($0, $1) }
          let sum = sums.sum(logits.map { sums.rounded(Elementary.exponential($0 - largest)) })
          return largest + Elementary.logarithm(sum) - logits[logits.startIndex + label]
        }
      },
    ]
  }

  private static let linear = Set.models.union([.feedForward, .decoderLayer])
}

/// Sums and products in a 16-bit type, each rounded to it.
struct NarrowSums: Sendable {
  /// 2 to the number of fraction bits that a Double has more than the type.
  private let power: Double
  /// The smallest normal number of the type.
  private let smallest: Double
  /// The largest number of the type.
  private let largest: Double
  /// Adding and subtracting this rounds to a multiple of the smallest subnormal number.
  private let grid: Double

  /// Nil for a type of more than 16 bits.
  init?(_ type: ElementType) {
    switch type {
    case .bf16: (power, smallest, largest, grid) = (0x1p45, 0x1p-126, 0x1.fep127, 0x1.8p-81)
    case .f16: (power, smallest, largest, grid) = (0x1p42, 0x1p-14, 65504, 0x1.8p28)
    case .f64, .f32, .i64, .i32, .u8, .bool: return nil
    }
  }

  /// Rounds to nearest, ties to even: in the sum with 2ˢ times itself, a number keeps no more bits than the type has.
  func rounded(_ x: SIMD8<Double>) -> SIMD8<Double> {
    let far = x * power
    var y = (far + x) - far
    // Zeros keep their sign; numbers below the normal range are rounded to their own grid.
    y.replace(with: (x + grid) - grid, where: (x .< smallest) .& (x .> -smallest))
    y.replace(with: .infinity, where: y .> largest)
    y.replace(with: -.infinity, where: y .< -largest)
    return y
  }

  func rounded(_ x: Double) -> Double { rounded(SIMD8(repeating: x))[0] }

  /// The sum from +0.0 by rising index.
  func sum(_ values: [Double]) -> Double { values.reduce(0) { rounded($0 + $1) } }

  /// x·Wᵀ, eight outputs at a time.
  func linear(_ x: Tensor, _ weight: Tensor) -> Tensor {
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

  /// x / √(mean(x²) + ε) · g, with the mean of squares computed in the type.
  func norm(_ x: Tensor, _ gain: [Double], _ epsilon: Double) -> Tensor {
    var y = x
    for r in 0..<x.rows {
      let squares = sum(x.row(r).map { rounded($0 * $0) })
      let root = (squares / Double(x.columns) + epsilon).squareRoot()
      for i in 0..<x.columns { y[r, i] = x[r, i] / root * gain[i] }
    }
    return y
  }

  /// Attention with scores, sums of weights and context computed in the type.
  func attention(
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
