// TOL-2: sums in bf16 and f16 kept in the type itself, with each product and sum rounded to it, instead of in binary32.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors
import NaiveLlama

extension Mutant {
  /// Other layer functions for bf16 and f16.
  private static func narrow(
    _ id: String, _ sentence: String, on operations: Set<Operation>,
    _ change: @escaping @Sendable (inout ReferenceAnswers, NarrowSums) -> Void
  ) -> Mutant {
    Mutant(id, .numbers, sentence, on: operations) { answers, request in
      guard let sums = NarrowSums(answers.type) else { return nil }
      var answers = answers
      change(&answers, sums)
      return (answers, request)
    }
  }

  static var narrowSums: [Mutant] {
    [
      narrow("M244", "I summed linear layers in the type of their output", on: linear) { answers, sums in
        answers.functions.linear = { x, weight, _ in sums.linear(x, weight) }
      },
      narrow("M245", "I summed attention in the type of its output", on: .attending) { answers, sums in
        answers.functions.attend = { q, k, v, visible, heads, _ in sums.attention(q, k, v, visible, heads) }
        // In f16 the error is within the bounds: about 500 keys with similar values in one `attention` would show it,
        // but their probabilities alone are more than the corpus may hold.
      }.asked(in: [.bf16]),
      narrow("M246", "I summed the squares of RMSNorm in the type of its output", on: .normalising) {
        answers, sums in
        answers.functions.rmsNorm = { x, gain, epsilon in sums.norm(x, gain, epsilon) }
      },
      narrow("M247", "I summed the softmax of the loss in the type of the loss", on: [.crossEntropy, .loss]) {
        answers, sums in
        answers.judging { logits, label in
          let largest = logits.reduce(-.infinity) { max($0, $1) }
          let sum = sums.sum(logits.map { sums.rounded(Elementary.exponential($0 - largest)) })
          return largest + Elementary.logarithm(sum) - logits[logits.startIndex + label]
        }
      },
    ]
  }

  private static let linear = Set.models.union([.feedForward, .decoderLayer])
}

extension NarrowSums {
  /// Nil for a type of more than 16 bits.
  init?(_ type: ElementType) {
    switch type {
    case .bf16: self = .bf16
    case .f16: self = .f16
    case .f64, .f32, .i64, .i32, .u8, .bool: return nil
    }
  }
}
