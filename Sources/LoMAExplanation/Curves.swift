// What a text costs while it grows, as curves (GEN-6, COST-2).

import LoMA

/// Curves over the length of a text, all of one quantity.
package struct Curves: Sendable {
  /// A curve.
  struct Curve: Sendable {
    let name: String
    /// The value at each of the lengths.
    let values: [Int]
    /// Whether it is drawn dashed, so that it is told from the other without colour.
    let isDashed: Bool
  }

  /// The quantity, with its unit.
  let title: String
  /// The lengths at which values are drawn, rising from 0 to that of the text.
  let lengths: [Int]
  let curves: [Curve]

  /// The last values in a sentence.
  var summary: String {
    let ends = curves.map { "\($0.name) \($0.values.last ?? 0)" }.joined(separator: ", ")
    return "Curves of \(title) over the length of a text, at the end: \(ends)."
  }
}

extension Explanation {
  /// The most lengths between 0 and that of the text at which values are drawn.
  private static let steps = 800

  /// Cached entries and evaluated scores of the longest text while it grows, beside those of full attention.
  package func costCurves() throws -> [Curves] {
    let last = fedLengths.max() ?? 0
    let step = last / Self.steps + 1
    let lengths = Array(stride(from: 0, to: last, by: step)) + [last]
    let profile = inputs.profile
    let costs = try lengths.map { try Cost(textLength: $0, parameters: parameters, profile: profile) }
    func pair(_ title: String, _ compressed: [Int], _ full: [Int]) -> Curves {
      Curves(
        title: title, lengths: lengths,
        curves: [
          .init(name: "full attention", values: full, isDashed: true),
          .init(name: "LoMA", values: compressed, isDashed: false),
        ])
    }
    return [
      pair("entries cached after n tokens", lengths.map { parameters.cacheSize(afterFeeding: $0) }, lengths),
      pair(
        "scores evaluated for n tokens, per layer and query head", costs.map { $0.generation },
        costs.map { $0.fullAttention }),
    ]
  }
}
