// TOL-17: tokens that a right answer may choose differently, because their scores are closer than the bound can tell
// apart.

import LoMAVectors

/// The cells to skip in an answer that chose differently between close scores.
struct CloseChoices {
  /// The steps whose choices differ from the recorded ones and may still be right.
  private let others: Set<Int>
  /// The number of text tokens fed that equal the recorded ones; nil if all do.
  private let sharedLength: Int?
  private let chunkLength: Int
  private let memoryLength: Int
  private let cachedRows: [Int]

  /// Nil if the operation chooses no tokens, if all choices are the recorded ones, or if one differs without being
  /// close.
  ///
  /// `bound` is the allowed error of the recorded logits, relative to the largest of them.
  init?(_ item: StoredCase, input: [NamedArray], recorded: [String: NamedArray], answer: NamedArray?, bound: Double) {
    let name = item.op == .generate ? "chosen" : "tokens"
    guard [.generate, .reconstruct].contains(item.op), let logits = recorded["logits"], logits.shape.count == 2,
      let scores = try? logits.doubles(), let want = try? recorded[name]?.integers(),
      let got = try? answer?.integers(), got.count == want.count, got != want,
      let textSize = item.integer("text_vocabulary"), let c = item.integer("c"), let t = item.integer("t")
    else { return nil }
    // REC-4 chooses a chunk's first token from a row whose scores are not recorded.
    let isHidden = item.op == .reconstruct && item.axes["repetition_labels"] == "shifted"
    let (width, room) = (logits.shape[1], 2 * bound * scores.reduce(0) { max($0, $1.magnitude) })
    let firstRow = item.op == .generate ? logits.shape[0] - want.count : 0
    func isClose(_ step: Int) -> Bool {
      let row = isHidden ? step - 1 : firstRow + step
      guard 0..<textSize ~= got[step], 0..<logits.shape[0] ~= row, 0..<width ~= want[step] else { return false }
      // Equal scores do not count as close: the lowest id is then the right choice (GEN-5).
      let lead = scores[row * width + want[step]] - scores[row * width + got[step]]
      return lead > 0 && lead <= room
    }
    let differing = want.indices.filter { got[$0] != want[$0] }
    let isFed = item.op == .generate && !input.contains { $0.name == "forced" }
    guard let first = differing.first, (isFed ? [first] : differing).allSatisfy(isClose) else { return nil }
    others = isFed ? Set(first..<want.count) : Set(differing)
    // The last token chosen is not fed.
    sharedLength = isFed && first < want.count - 1 ? firstRow + 1 + first : nil
    (chunkLength, memoryLength) = (c * t, t)
    cachedRows = (try? recorded["cache.rows"]?.integers()) ?? []
  }

  /// The cells of a tensor that are not compared; nil if all are.
  func ignored(_ tensor: String, shape: [Int]) -> [Bool]? {
    if tensor == "chosen" || tensor == "tokens" { return (0..<shape.reduce(1, *)).map { others.contains($0) } }
    guard let sharedLength, shape.count >= 2 else { return nil }
    let firstRow = sharedLength / chunkLength * (chunkLength + memoryLength) + sharedLength % chunkLength
    let rows = shape[shape.count - 2]
    let isOther: [Bool]
    switch tensor {
    case "logits": isOther = (0..<rows).map { $0 >= sharedLength }
    case "appended.keys", "appended.values": isOther = (0..<rows).map { $0 >= firstRow }
    case "cache.keys", "cache.values":
      isOther = (0..<rows).map { $0 < cachedRows.count && cachedRows[$0] >= firstRow }
    default: return nil
    }
    let width = shape[shape.count - 1]
    return (0..<shape.reduce(1, *)).map { isOther[$0 / max(1, width) % max(1, rows)] }
  }
}
