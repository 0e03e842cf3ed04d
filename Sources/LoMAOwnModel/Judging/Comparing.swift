// OWN-2: an answer's tensor beside the reference's, in yardsticks.

import LoMA
import LoMAVectors
import NaiveLlama

/// The tensors of an answer, by name.
struct OwnAnswer {
  private let arrays: [String: NamedArray]

  init(_ arrays: [NamedArray]) {
    self.arrays = Dictionary(arrays.map { ($0.name, $0) }) { first, _ in first }
  }

  func has(_ name: String) -> Bool { arrays[name] != nil }

  /// A tensor of numbers as rows of some width; throws `answer` if it is not there or has another number of elements.
  func tensor(_ name: String, rows: Int, columns: Int) throws(OwnError) -> Tensor {
    let values: [Double]
    guard let array = arrays[name] else { throw .answer(tensor: name, reason: "it is missing") }
    do { values = try array.doubles() } catch { throw .answer(tensor: name, reason: "\(error)") }
    guard values.count == rows * columns else {
      throw .answer(tensor: name, reason: "\(values.count) numbers; \(rows) rows of \(columns) are asked for")
    }
    return Tensor(shape: [rows, columns], values: values)
  }

  func integers(_ name: String, count: Int) throws(OwnError) -> [Int] {
    let values: [Int]
    guard let array = arrays[name] else { throw .answer(tensor: name, reason: "it is missing") }
    do { values = try array.integers() } catch { throw .answer(tensor: name, reason: "\(error)") }
    guard values.count == count else {
      throw .answer(tensor: name, reason: "\(values.count) integers; \(count) are asked for")
    }
    return values
  }
}

/// How rows are named in words.
typealias RowNames = (_ row: Int) -> String

extension OwnFindings {
  /// Adds the comparison of a tensor with the reference by some rules; `words` names a row of the tensor.
  ///
  /// A value that is no finite number ends the comparison.
  mutating func compare(
    _ name: String, _ got: Tensor, with want: Tensor, spread: Spread, rules: [(rule: OwnRule, bound: Double)],
    words: RowNames
  ) {
    let (rows, width) = (want.rows, want.columns)
    if let index = got.values.firstIndex(where: { !$0.isFinite }) {
      nonFinite = nonFinite ?? "\(name), \(words(index / width)), column \(index % width)"
      let count = (0..<rows).count { row in !got.row(row).allSatisfy(\.isFinite) }
      for (rule, bound) in rules.prefix(1) {
        measurements.append(
          OwnMeasurement(
            tensor: name, rule: rule, error: .infinity, bound: bound, row: index / width, column: index % width,
            got: got.values[index], want: want.values[index], words: words(index / width),
            firstWords: words(index / width), wrongRows: count, rows: rows))
      }
      return
    }
    let hats = spread.hats()
    let rowBound = rules.first { $0.rule != .freeWhole }?.bound
    var (worst, worstRatio, sum, largestRow) = (0, -1.0, 0.0, 0.0)
    var wrong: [Int] = []
    for r in 0..<rows {
      var square = 0.0
      for i in 0..<width {
        let error = got.values[r * width + i] - want.values[r * width + i]
        square += error * error
      }
      square /= Double(width)
      sum += square
      let ratio = Self.ratio(square.squareRoot(), to: hats[r])
      largestRow = max(largestRow, ratio)
      if let rowBound, ratio > rowBound { wrong.append(r) }
      if ratio > worstRatio { (worst, worstRatio) = (r, ratio) }
    }
    let whole = Self.ratio((sum / Double(max(rows, 1))).squareRoot(), to: spread.whole)
    guard rows > 0, width > 0 else { return }
    var (column, largest) = (0, -1.0)
    for i in 0..<width {
      let difference = (got[worst, i] - want[worst, i]).magnitude
      if difference > largest { (column, largest) = (i, difference) }
    }
    for (rule, bound) in rules {
      measurements.append(
        OwnMeasurement(
          tensor: name, rule: rule, error: rule == .freeWhole ? whole : largestRow, bound: bound, row: worst,
          column: column, got: got[worst, column], want: want[worst, column], words: words(worst),
          firstWords: wrong.first.map { words($0) }, wrongRows: rowBound.map { _ in wrong.count }, rows: rows))
    }
  }

  /// An error in yardsticks; infinite where right ports make none.
  static func ratio(_ error: Double, to yardstick: Double) -> Double {
    error == 0 ? 0 : yardstick > 0 ? error / yardstick : .infinity
  }

  /// Adds the comparison of values that must be equal.
  mutating func equal(_ name: String, _ got: Tensor, to want: Tensor, words: RowNames) {
    let index = got.values.indices.first { got.values[$0] != want.values[$0] }
    if let bad = got.values.firstIndex(where: { !$0.isFinite }) {
      nonFinite = nonFinite ?? "\(name), \(words(bad / got.columns)), column \(bad % got.columns)"
    }
    let row = index.map { $0 / got.columns }
    measurements.append(
      OwnMeasurement(
        tensor: name, rule: .exact, error: index == nil ? 0 : .infinity, bound: 0, row: row,
        column: index.map { $0 % got.columns }, got: index.map { got.values[$0] } ?? 0,
        want: index.map { want.values[$0] } ?? 0, words: row.map { words($0) } ?? "all rows",
        firstWords: row.map { words($0) },
        wrongRows: (0..<want.rows).count { r in got.row(r) != want.row(r) }, rows: want.rows))
  }

  /// Adds the comparison of integers that must be equal; each row has `width` of them.
  mutating func equal(_ name: String, _ got: [Int], to want: [Int], width: Int) {
    let index = got.indices.first { got[$0] != want[$0] }
    measurements.append(
      OwnMeasurement(
        tensor: name, rule: .exact, error: index == nil ? 0 : .infinity, bound: 0, row: index.map { $0 / width },
        column: index.map { $0 % width }, got: index.map { Double(got[$0]) } ?? 0,
        want: index.map { Double(want[$0]) } ?? 0, words: index.map { "entry \($0 / width)" } ?? "all entries",
        firstWords: index.map { "entry \($0 / width)" }, wrongRows: nil, rows: want.count / max(width, 1)))
  }

  /// Adds the comparison of a chosen token: how far its score is below the best that is allowed (OWN-5).
  mutating func choice(
    _ name: String, at index: Int, token: Int, scores: ArraySlice<Double>, vocabulary: Vocabulary, hat: Double,
    bound: Double, words: String
  ) {
    let scores = Array(scores)
    let best = vocabulary.greedyToken(scores)
    let isAllowed = (0..<vocabulary.textSize).contains(token)
    let behind = isAllowed ? scores[best] - scores[token] : .infinity
    measurements.append(
      OwnMeasurement(
        tensor: name, rule: .token, error: token == best ? 0 : Self.ratio(behind, to: hat), bound: bound, row: index,
        column: nil, got: Double(token), want: Double(best), words: words, firstWords: words, wrongRows: nil, rows: 1))
  }
}
