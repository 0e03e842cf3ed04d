// What a text costs while it grows, as curves (GEN-6, COST-2).

import LoMA
import LoMAVectors

/// Curves of one quantity, over the length of a text or the steps of a training run.
package struct Curves: Sendable {
  struct Curve: Sendable {
    let name: String
    /// The value at each of the lengths.
    let values: [Double]
    /// Dashes and gaps, so that curves are told apart without colour; nil for a whole line.
    let dashes: String?
  }

  /// The quantity, with its unit.
  let title: String
  /// What is counted along the line below: the letter of its end.
  let over: String
  /// The lengths or steps at which values are drawn, rising.
  let lengths: [Int]
  /// How many decimals of a value are written.
  let decimals: Int
  let curves: [Curve]

  /// The last values in a sentence.
  var summary: String {
    let ends = curves.map { "\($0.name) \(text($0.values.last ?? 0))" }.joined(separator: ", ")
    return "Curves of \(title), at the end: \(ends)."
  }

  /// A value as it is written, rounded down.
  func text(_ value: Double) -> String {
    LoMAVectors.decimals(value, decimals, .down)
  }

  /// The learning curves of runs, by name: a loss or a share at each step.
  ///
  /// Nil if there is no run, or if runs have no common steps.
  package init?(learning title: String, runs: [(name: String, points: [(step: Int, value: Double)])]) {
    guard let first = runs.first, !first.points.isEmpty else { return nil }
    let steps = first.points.map { $0.step }
    let common = steps.filter { step in runs.allSatisfy { $0.points.contains { $0.step == step } } }
    guard !common.isEmpty else { return nil }
    self.title = title
    over = "step"
    lengths = common
    decimals = 2
    curves = runs.enumerated().map { place, run in
      let values = Dictionary(run.points.map { ($0.step, $0.value) }) { first, _ in first }
      return Curve(
        name: run.name, values: common.compactMap { values[$0] },
        dashes: place == 0 ? nil : place == 1 ? "6 4" : place == 2 ? "2 3" : "\(place * 3) 3 2 3")
    }
  }

  private init(title: String, lengths: [Int], curves: [Curve]) {
    (self.title, self.lengths, self.curves) = (title, lengths, curves)
    (over, decimals) = ("n", 0)
  }

  /// What a text costs with LoMA and without, over its length.
  fileprivate static func cost(_ title: String, _ lengths: [Int], _ compressed: [Int], _ full: [Int]) -> Curves {
    Curves(
      title: title, lengths: lengths,
      curves: [
        Curve(name: "full attention", values: full.map { Double($0) }, dashes: "5 4"),
        Curve(name: "LoMA", values: compressed.map { Double($0) }, dashes: nil),
      ])
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
    return [
      .cost(
        "entries cached after n tokens", lengths, lengths.map { parameters.cacheSize(afterFeeding: $0) }, lengths),
      .cost(
        "scores evaluated for n tokens, per layer and query head", lengths, costs.map { $0.generation },
        costs.map { $0.fullAttention }),
    ]
  }
}
