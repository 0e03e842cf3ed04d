// EQB-5, EQB-6: what is asked of a cache at the moment: the repetition rows of every chunk, and the reading rows of the
// next one. They are the same for every method; only what they see is a method's.

import LoMA
import LoMAPeers
import NaiveLlama

/// A text at a moment: what was fed before it, and what is asked then.
package struct MomentRows: Sendable {
  /// The rows fed before, in order: what a training layout of the first n tokens has, but no repetition rows.
  let fed: [Row]
  /// The repetition rows of all chunks, chunk by chunk.
  let repetition: [Row]
  /// The reading rows of chunk F, each labelled with the token after it; empty if the text ends before.
  let next: [Row]

  /// The rows of a text of n tokens, or of more than n + L.
  package init(
    _ text: [Int], at moment: BudgetMoment, arrangement: RowArrangement, vocabulary: Vocabulary,
    parameters: Parameters
  ) throws(InputError) {
    let n = moment.length
    precondition(text.count == n || text.count > n + moment.chunkLength, "the moment, and what is read after it")
    precondition(parameters.chunkLength == moment.chunkLength, "chunks of one length")
    let layout = try Layout.training(
      text: Array(text.prefix(n)), vocabulary: vocabulary, parameters: parameters, profile: .base)
    let rows = arrangement.rows(layout.rows, parameters, .base)
    fed = rows.filter { $0.place.zone != .repetition }
    repetition = rows.filter { $0.place.zone == .repetition }
    let positions = Positions(parameters: parameters, profile: .base)
    next = (0..<(text.count > n ? moment.chunkLength : 0)).map { index in
      let place = Place.reading(chunk: moment.chunks, index: index)
      return Row(token: text[n + index], place: place, position: positions[place], label: text[n + index + 1])
    }
  }

  /// These rows.
  init(fed: [Row], repetition: [Row], next: [Row]) {
    (self.fed, self.repetition, self.next) = (fed, repetition, next)
  }

  /// The rows whose entries are held at the moment: memory rows, or reading rows where there are none.
  var held: [Row] {
    let memory = fed.filter { $0.place.zone == .memory }
    return memory.isEmpty ? fed : memory
  }
}

/// What caches gave back of some texts.
package struct Measured: Hashable, Sendable {
  /// Tokens and chunks recited (REC-2).
  package var recited = RepetitionCount()
  /// The cross-entropies of the tokens behind the moment, summed.
  package var lossSum = 0.0
  /// How many they are; 0 where no loss is measured.
  package var lossCount = 0

  package init() {}

  package init(recited: RepetitionCount, lossSum: Double, lossCount: Int) {
    (self.recited, self.lossSum, self.lossCount) = (recited, lossSum, lossCount)
  }

  /// Their mean; nil where none is measured.
  package var loss: Double? { lossCount > 0 ? lossSum / Double(lossCount) : nil }

  /// Adds what a text gave, from the logits of its repetition rows and of its next ones.
  mutating func count(_ rows: MomentRows, repetition: Tensor, next: Tensor?, vocabulary: Vocabulary, length: Int) {
    for start in stride(from: 0, to: rows.repetition.count, by: length) {
      var count = RepetitionCount()
      for r in start..<start + length {
        count.tokens += 1
        if vocabulary.greedyToken(Array(repetition.row(r))) == rows.repetition[r].label { count.correctTokens += 1 }
      }
      count.chunks = 1
      count.correctChunks = count.correctTokens == count.tokens ? 1 : 0
      recited = recited + count
    }
    guard let next else { return }
    for (r, row) in rows.next.enumerated() {
      guard let label = row.label else { continue }
      lossSum += CrossEntropy.forward(next.row(r), label: label)
      lossCount += 1
    }
  }

  static func + (left: Measured, right: Measured) -> Measured {
    Measured(
      recited: left.recited + right.recited, lossSum: left.lossSum + right.lossSum,
      lossCount: left.lossCount + right.lossCount)
  }
}
