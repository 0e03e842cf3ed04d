// BAS-24: codes of keys and values that a right answer may have on the other side of a border.

import LoMAVectors

/// The codes of an answer to `zip_cache` beside the recorded ones and their margins.
struct CachedCodes {
  /// By tensor, the cells that are not compared: codes that differ by 1 and may, and the numbers that they mean.
  private var differing: [String: [Bool]] = [:]

  /// The tensors of codes, and what is read of each.
  static let tensors: KeyValuePairs = ["key_codes": "keys", "value_codes": "values"]

  /// Nil for another operation, or if no code differs within its margin.
  init?(
    _ item: StoredCase, recorded: [String: NamedArray], answer: [String: NamedArray], precision: Precision?
  ) {
    guard item.op == .peer(.zipCache), let precision else { return nil }
    for (codes, numbers) in Self.tensors {
      guard let got = try? answer[codes]?.integers(), let want = try? recorded[codes]?.integers(),
        let margins = try? recorded[codes + ".margin"]?.doubles(), got.count == want.count,
        margins.count == want.count
      else { return nil }
      let cells = want.indices.map { cell in
        let room = 4 * precision.output * (Double(want[cell].magnitude) + 1)
        let isNeighbour = got[cell] &- want[cell] == 1 || want[cell] &- got[cell] == 1
        return isNeighbour && margins[cell] > 0 && margins[cell] <= room
      }
      (differing[codes], differing[numbers]) = (cells, cells)
    }
    guard differing.values.contains(where: { $0.contains(true) }) else { return nil }
  }

  /// The cells of a tensor that are not compared; nil if all are.
  func ignored(_ tensor: String, shape: [Int]) -> [Bool]? {
    differing[tensor].flatMap { $0.count == shape.reduce(1, *) ? $0 : nil }
  }
}
