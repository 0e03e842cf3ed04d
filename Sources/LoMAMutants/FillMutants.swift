// MSK-12: keys hidden by adding a number to their scores, or after the softmax.

import LoMA
import NaiveLlama

extension Mutant {
  /// Attention with other weights, computed from the scores of all keys and the set of visible ones.
  private static func weighted(
    _ id: String, _ sentence: String,
    _ weights: @escaping @Sendable (_ scores: [Double], _ visible: Set<Int>) -> [Double]
  ) -> Mutant {
    functions(id, .mask, sentence, on: Set.models.union([.attention, .decoderLayer])) { functions in
      functions.attend = { q, k, v, visible, heads, workers in
        let d = heads.dimension
        let lists = visible.lists.map { Set($0) }
        var context = Tensor(zeros: q.shape)
        var probabilities: [Double] = []
        for h in 0..<heads.query {
          let group = heads.keyValueHead(ofQuery: h) * d
          // All keys are scored, the hidden ones too.
          let products = Linear.forward(
            q.columns(h * d..<(h + 1) * d), weight: k.columns(group..<group + d), workers: workers)
          let rows = (0..<q.rows).map { r in weights(products.row(r).map { $0 * heads.scale }, lists[r]) }
          let weighted = Tensor(rows: rows, width: k.rows)
          let output = Linear.forward(weighted, weight: v.columns(group..<group + d).transposed(), workers: workers)
          for r in 0..<q.rows {
            for i in 0..<d { context[r, h * d + i] = output[r, i] }
          }
          probabilities += weighted.values
        }
        return AttentionOutput(
          context: context, probabilities: Tensor(shape: [heads.query, q.rows, k.rows], values: probabilities))
      }
    }
  }

  private static func added(_ id: String, _ fill: Double, _ name: String) -> Mutant {
    weighted(id, "I added \(name) to hidden scores") { scores, visible in
      Attention.softmax(scores.enumerated().map { visible.contains($0) ? $1 : $1 + fill })
    }
  }

  static var fills: [Mutant] {
    [
      added("M076", -30, "−30"), added("M077", -1e4, "−10⁴"),
      weighted("M078", "I set hidden scores to −30") { scores, visible in
        Attention.softmax(scores.enumerated().map { visible.contains($0) ? $1 : -30 })
      },
      weighted("M079", "I masked after the softmax and did not normalise again") { scores, visible in
        Attention.softmax(scores).enumerated().map { visible.contains($0) ? $1 : 0 }
      },
    ]
  }
}
