// RUN-17: how clear the choices of an answer are, and thus in which element types it can be asked.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors

/// The lead of chosen tokens over the others.
package enum ChoiceMargin {
  /// The smallest lead, as a share of the row's largest score, that a type's roundings cannot overturn: about four
  /// times the worst error of right implementations on the catalogue's generations.
  static let least: KeyValuePairs = ["f64": 0x1p-16, "f32": 0x1p-16, "bf16": 0.25, "f16": 0.0625]

  /// The smallest lead among the choices of an answer; nil if it has no choices.
  ///
  /// Equal scores are not compared and are no danger: they come from equal rows of the head and are equal in every
  /// type.
  package static func margin(of request: Request, answer: [ResultTensor]) -> Double? {
    guard let logits = answer.first(where: { $0.name == "logits" }),
      case .doubles(let values) = logits.content, logits.shape.count == 2
    else { return nil }
    let width = logits.shape[1]
    // A model with latent attention has no other ids than those of text.
    let ownSize = request.operation.method == .latent ? width : nil
    guard let textSize = (try? request.integer("text_vocabulary")) ?? ownSize else { return nil }
    let count: Int
    switch request.operation {
    case .generate, .peer(.ccmOnline), .peer(.latentGenerate): count = (try? request.integer("generate")) ?? 0
    case .reconstruct: count = logits.shape[0]
    default: return nil
    }
    return (logits.shape[0] - count..<logits.shape[0]).map { row in
      lead(values[row * width..<row * width + textSize])
    }.min()
  }

  /// The lead of the best score over the best one that differs from it, divided by the largest magnitude of all.
  static func lead(_ scores: ArraySlice<Double>) -> Double {
    let best = scores.max() ?? 0
    guard let next = scores.filter({ $0 < best }).max() else { return .infinity }
    return (best - next) / (scores.map(\.magnitude).max() ?? 1)
  }

  /// The element types, out of the given ones, in which a margin is large enough.
  package static func dtypes(_ dtypes: [String], withMargin margin: Double?) -> [String] {
    guard let margin else { return dtypes }
    return least.filter { dtypes.contains($0.key) && margin >= $0.value }.map(\.key)
  }
}
