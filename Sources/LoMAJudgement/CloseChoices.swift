// TOL-17: tokens that a right answer may choose differently, because their scores are closer than the bound can tell
// apart.

import LoMA
import LoMAVectors

/// The cells to skip in an answer that chose differently between close scores.
struct CloseChoices {
  /// The steps whose choices differ from the recorded ones and may still be right.
  private let others: Set<Int>
  /// The number of text tokens fed that equal the recorded ones; nil if all do.
  private let sharedLength: Int?
  /// The first row fed that holds another token, in the order in which rows are fed.
  private let firstRow: Int
  private let cachedRows: [Int]

  /// Nil if the operation chooses no tokens, if all choices are the recorded ones, or if one differs without being
  /// close.
  ///
  /// `bound` is the allowed error of the recorded logits, relative to the largest of them.
  init?(_ item: StoredCase, input: [NamedArray], recorded: [String: NamedArray], answer: NamedArray?, bound: Double) {
    let isGenerated = [.generate, .peer(.ccmOnline), .peer(.latentGenerate)].contains(item.op)
    let name = isGenerated ? "chosen" : "tokens"
    guard isGenerated || item.op == .reconstruct, let logits = recorded["logits"], logits.shape.count == 2,
      let scores = try? logits.doubles(), let want = try? recorded[name]?.integers(),
      let got = try? answer?.integers(), got.count == want.count, got != want,
      let rowOfToken = Self.rowOfToken(item, input: input)
    else { return nil }
    // A model with latent attention has no other ids than those of text.
    let textSize = item.integer("text_vocabulary") ?? logits.shape[1]
    // REC-4 chooses a chunk's first token from a row whose scores are not recorded.
    let isHidden = item.op == .reconstruct && item.axes["repetition_labels"] == "shifted"
    let (width, room) = (logits.shape[1], 2 * bound * scores.reduce(0) { max($0, $1.magnitude) })
    let firstStep = isGenerated ? logits.shape[0] - want.count : 0
    func isClose(_ step: Int) -> Bool {
      let row = isHidden ? step - 1 : firstStep + step
      guard 0..<textSize ~= got[step], 0..<logits.shape[0] ~= row, 0..<width ~= want[step] else { return false }
      // Equal scores do not count as close: the lowest id is then the right choice (GEN-5).
      let lead = scores[row * width + want[step]] - scores[row * width + got[step]]
      return lead > 0 && lead <= room
    }
    let differing = want.indices.filter { got[$0] != want[$0] }
    let isFed = isGenerated && !input.contains { $0.name == "forced" }
    guard let first = differing.first, (isFed ? [first] : differing).allSatisfy(isClose) else { return nil }
    others = isFed ? Set(first..<want.count) : Set(differing)
    // The last token chosen is not fed.
    sharedLength = isFed && first < want.count - 1 ? firstStep + 1 + first : nil
    firstRow = sharedLength.map(rowOfToken) ?? 0
    // Where nothing is dropped, an entry is that of its row.
    cachedRows = (try? recorded["cache.rows"]?.integers()) ?? Array(0..<logits.shape[0])
  }

  /// The row in which a text token is fed that follows the text; nil if the case does not say.
  private static func rowOfToken(_ item: StoredCase, input: [NamedArray]) -> ((Int) -> Int)? {
    if item.op == .peer(.ccmOnline) {
      // Every memory row is fed before the final segment ends (CCM-24).
      guard let texts = try? StoredContextTexts(item, input: input) else { return nil }
      let memoryRows = (texts.texts[0].count - 1) * texts.parameters.memoryTokens
      return { $0 + memoryRows }
    }
    if item.op == .peer(.latentGenerate) { return { $0 } }
    guard let c = item.integer("c"), let t = item.integer("t"), let parameters = try? Parameters(c: c, t: t) else {
      return nil
    }
    // Before a text token stand the rows of the text up to it.
    return { parameters.generationRows($0) }
  }

  /// The cells of a tensor that are not compared; nil if all are.
  func ignored(_ tensor: String, shape: [Int]) -> [Bool]? {
    if tensor == "chosen" || tensor == "tokens" { return (0..<shape.reduce(1, *)).map { others.contains($0) } }
    guard let sharedLength, shape.count >= 2 else { return nil }
    let rows = shape[shape.count - 2]
    let isOther: [Bool]
    switch tensor {
    case "logits": isOther = (0..<rows).map { $0 >= sharedLength }
    case "appended.keys", "appended.values": isOther = (0..<rows).map { $0 >= firstRow }
    case "cache.keys", "cache.values", "cache.latents", "cache.rotated_keys", "cache.latent_codes",
      "cache.rotated_codes":
      isOther = (0..<rows).map { $0 < cachedRows.count && cachedRows[$0] >= firstRow }
    default: return nil
    }
    let width = shape[shape.count - 1]
    return (0..<shape.reduce(1, *)).map { isOther[$0 / max(1, width) % max(1, rows)] }
  }
}
