// LAT-18: codes of a quantiser that a right answer may have on the other side of a border, and what they then mean.

import LoMAVectors

/// The codes of an answer to `quantise` beside the recorded ones and their margins.
struct QuantisedCodes {
  private let got: [Int]
  private let want: [Int]
  /// The codes that differ by 1 and may.
  private let differing: [Bool]
  /// lo and Δ of each group.
  private let lower: [Double]
  private let step: [Double]

  /// Nil for another operation, or if no code differs within its margin.
  init?(
    _ item: StoredCase, recorded: [String: NamedArray], answer: [String: NamedArray], precision: Precision?
  ) {
    guard item.op == .peer(.quantise), let precision, let got = try? answer["codes"]?.integers(),
      let want = try? recorded["codes"]?.integers(), let margins = try? recorded["codes.margin"]?.doubles(),
      let lower = try? recorded["lower"]?.doubles(), let step = try? recorded["step"]?.doubles(),
      got.count == want.count, margins.count == want.count, lower.count == step.count, !lower.isEmpty,
      want.count % lower.count == 0
    else { return nil }
    differing = want.indices.map { cell in
      let room = 4 * precision.output * (Double(want[cell].magnitude) + 1)
      let isNeighbour = got[cell] &- want[cell] == 1 || want[cell] &- got[cell] == 1
      return isNeighbour && margins[cell] > 0 && margins[cell] <= room
    }
    guard differing.contains(true) else { return nil }
    (self.got, self.want, self.lower, self.step) = (got, want, lower, step)
  }

  /// The cells of a tensor that are not compared; nil if all are.
  func ignored(_ tensor: String) -> [Bool]? { tensor == "codes" ? differing : nil }

  /// What the answer's own codes mean where they may differ, the recorded numbers elsewhere; nil for another tensor.
  func expected(_ tensor: String, _ recorded: [Double]) -> [Double]? {
    guard tensor == "values", recorded.count == want.count else { return nil }
    let group = want.count / lower.count
    return recorded.indices.map { cell in
      differing[cell] ? lower[cell / group] + Double(got[cell]) * step[cell / group] : recorded[cell]
    }
  }
}
