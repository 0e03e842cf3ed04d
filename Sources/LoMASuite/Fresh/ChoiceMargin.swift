// RUN-17: how clear the choices of an answer are, and in which element types it can therefore be asked.

import LoMA
import LoMAReference
import LoMAVectors

/// By how much chosen tokens lead.
enum ChoiceMargin {
  /// The least lead, as a share of the row's largest score, with which a type's roundings leave a choice alone: some four
  /// times the worst error of right implementations on the catalogue's generations.
  static let least: KeyValuePairs = ["f64": 0x1p-16, "f32": 0x1p-16, "bf16": 0.25, "f16": 0.0625]

  /// The least lead among the choices of an answer; none where it has no choices.
  ///
  /// Equal scores lead nothing and are no danger: they come from equal rows of a head and are equal in every type.
  static func margin(of request: Request, answer: [ResultTensor]) -> Double? {
    guard let vocabulary = try? request.vocabulary(), let logits = answer.first(where: { $0.name == "logits" }),
      case .doubles(let values) = logits.content, logits.shape.count == 2
    else { return nil }
    let width = logits.shape[1]
    let count: Int
    switch request.operation {
    case .generate: count = (try? request.integer("generate")) ?? 0
    case .reconstruct: count = logits.shape[0]
    default: return nil
    }
    return (logits.shape[0] - count..<logits.shape[0]).map { row in
      lead(values[row * width..<row * width + vocabulary.textSize])
    }.min()
  }

  /// How far the best score is before the best of the others that differ from it, over the largest of all.
  static func lead(_ scores: ArraySlice<Double>) -> Double {
    let best = scores.max() ?? 0
    guard let next = scores.filter({ $0 < best }).max() else { return .infinity }
    return (best - next) / (scores.map(\.magnitude).max() ?? 1)
  }

  /// The types of some in which a margin is wide enough.
  static func dtypes(_ dtypes: [String], withMargin margin: Double?) -> [String] {
    guard let margin else { return dtypes }
    return least.filter { dtypes.contains($0.key) && margin >= $0.value }.map(\.key)
  }
}
