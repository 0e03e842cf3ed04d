// BAS-15, BAS-26, EQB-5: the rows of a text under DMC: its tokens, and behind them the repetition rows that ask for
// them. Repetition rows are questions to the cache and never become part of it.

import LoMA
import LoMAReference
import NaiveLlama

/// A text's tokens, then its repetition rows.
package struct PooledRows: Hashable, Sendable {
  /// All rows in the order in which they are fed.
  package let rows: [Row]
  /// How many of them are the text's tokens.
  package let tokens: Int
  /// How many tokens had been read when the repetition rows ask.
  package let held: Int
  /// For each repetition row the tokens of its chunk, and the first repetition row of it.
  package let asked: [(tokens: Range<Int>, first: Int)]

  package static func == (left: PooledRows, right: PooledRows) -> Bool {
    left.rows == right.rows && left.tokens == right.tokens && left.held == right.held
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(rows)
    hasher.combine(tokens)
    hasher.combine(held)
  }

  /// The rows of a text: reading rows in order, then repetition rows, chunk by chunk, asked when `held` tokens were read.
  package init(reading: [Row], repetition: [Row], held: Int) {
    rows = reading + repetition
    tokens = reading.count
    self.held = held
    var asked: [(tokens: Range<Int>, first: Int)] = []
    for (index, row) in repetition.enumerated() {
      guard case .repetition(let chunk, _) = row.place else { preconditionFailure("a repetition row") }
      let own = reading.indices.filter { place in
        if case .reading(let other, _) = reading[place].place { return other == chunk }
        return false
      }
      guard let first = own.first, let last = own.last, last < held else {
        preconditionFailure("a chunk that was read")
      }
      let sibling = repetition[..<index].firstIndex { other in
        if case .repetition(let other, _) = other.place { return other == chunk }
        return false
      }
      asked.append((first..<last + 1, reading.count + (sibling ?? index)))
    }
    self.asked = asked
  }

  /// The same rows of a training layout without memory (`Twin`), asked when all is read.
  package init(training rows: [Row]) {
    let reading = rows.filter { $0.place.zone == .reading }
    self.init(reading: reading, repetition: rows.filter { $0.place.zone == .repetition }, held: reading.count)
  }

  /// The same rows with only the labels that are trained.
  package func labelled(_ objective: Objective) -> PooledRows {
    let labelled = objective.labelled(rows)
    return PooledRows(
      reading: Array(labelled[..<tokens]), repetition: Array(labelled[tokens...]), held: held)
  }

  /// By row, the rows whose keys it may weigh, ascending: a token all tokens up to itself, a repetition row the entries
  /// after every token from the first of its chunk, and the repetition rows of its chunk up to itself.
  package var visible: VisibleKeys {
    var lists = (0..<tokens).map { Array(0...$0) }
    for (index, question) in asked.enumerated() {
      lists.append(Array(question.tokens.lowerBound..<held) + Array(question.first...tokens + index))
    }
    return VisibleKeys(lists: lists, keyCount: rows.count)
  }

  /// The logarithms of how far a row sees what `visible` lists for it, in one KV head: [rows, rows], 0 for all but
  /// entries.
  ///
  /// A token sees the entry as it is after an earlier token j as far as that is whole: by log(1 − α_{j+1}). A repetition
  /// row sees an entry as far as it is whole, or the last, and holds a token of its chunk: behind the chunk's last token
  /// e by log(1 − α_{j+1}) + Σ log α_i, i = e + 1 … j.
  package func logarithms(_ decisions: PooledDecisions) -> Tensor {
    var logarithms = Tensor(zeros: [rows.count, rows.count])
    for r in 0..<tokens {
      for j in 0..<r { logarithms[r, j] = decisions.logStarted[j + 1] }
    }
    for (index, question) in asked.enumerated() {
      var reaches = 0.0
      for j in question.tokens.lowerBound..<held {
        if j >= question.tokens.upperBound { reaches += decisions.logAccumulated[j] }
        logarithms[tokens + index, j] = reaches + (j + 1 < held ? decisions.logStarted[j + 1] : 0)
      }
    }
    return logarithms
  }

  /// The gradients of log α and log(1 − α) by way of `logarithms`, given that of each logarithm.
  package func logarithmsBackward(_ d: Tensor) -> (accumulated: [Double], started: [Double]) {
    var (accumulated, started) = ([Double](repeating: 0, count: tokens), [Double](repeating: 0, count: tokens))
    for r in 0..<tokens {
      for j in 0..<r { started[j + 1] += d[r, j] }
    }
    for (index, question) in asked.enumerated() {
      var behind = 0.0
      for j in (question.tokens.lowerBound..<held).reversed() {
        let own = d[tokens + index, j]
        if j + 1 < held { started[j + 1] += own }
        behind += own
        if j >= question.tokens.upperBound { accumulated[j] += behind }
      }
    }
    return (accumulated, started)
  }
}
