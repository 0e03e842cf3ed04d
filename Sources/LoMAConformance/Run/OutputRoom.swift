// RUN-7: the maximum size of the answer files of a unit.

import LoMAJudgement
import LoMAVectors

/// The bytes left for the answers of one unit, so that no candidate fills the runner's memory.
struct OutputRoom {
  /// For one answer of unknown size.
  static let single = 16 << 20
  /// For all answers of a property case.
  private static let unit = 64 << 20

  private var left: Int
  private let most: Int

  /// The limit of a case: four times its recorded answer, and at least one mebibyte.
  init(of item: StoredCase) {
    if case .tensors(let file, _) = item.answer {
      most = min(256 << 20, max(1 << 20, 4 * file.bytes))
    } else {
      most = OutputRoom.single
    }
    left = max(most, OutputRoom.unit)
  }

  /// The maximum size of the next file.
  var next: Int { min(left, most) }

  mutating func take(_ arrays: [NamedArray]) { left -= arrays.reduce(0) { $0 + $1.bytes.count } }
}
