// OPS-7: prefix, cache, batch and shift, where two answers must agree within twice a calibrated bound.

import Foundation
import LoMA
import LoMAVectors

extension PropertyJudge {
  /// The reading rows of answer i, a prefix, equal those of the whole text.
  func prefixes(_ answers: [[NamedArray]]) throws(CorpusError) -> CaseResult {
    let text = try questions.onlyText()
    let rows = try TextRows(judge.item, input: judge.input)
    let whole = try logits(answers[0], rows)
    var comparisons: [Comparison] = []
    for (index, length) in try questions.prefixLengths(of: text).enumerated() {
      let (mine, others) = (rows.readingRows(text), rows.readingRows(Array(text.prefix(length))))
      comparisons.append(
        compare(index + 1, try logits(answers[index + 1], rows).rows(others), whole.rows(Array(mine.prefix(length)))) {
          "prefix of \(length) tokens, text token \($0)"
        })
    }
    return judge.verdict(of: comparisons)
  }

  /// The logits of generation, answer 0, equal the reading rows of the forward pass, answer 1.
  func cache(_ answers: [[NamedArray]]) throws(CorpusError) -> CaseResult {
    let rows = try TextRows(judge.item, input: judge.input)
    let forward = try logits(answers[1], rows).rows(rows.readingRows(rows.texts.first ?? []))
    return judge.verdict(of: [compare(0, try logits(answers[0], rows), forward) { "text token \($0)" }])
  }

  /// Each text alone, answer i + 1, gives the same as in the batch.
  func batch(_ answers: [[NamedArray]]) throws(CorpusError) -> CaseResult {
    let rows = try TextRows(judge.item, input: judge.input)
    let together = try logits(answers[0], rows)
    let rowCount = rows.training(rows.texts).rowCount
    var comparisons: [Comparison] = []
    for (index, text) in rows.texts.enumerated() {
      let count = rows.training([text]).rowCount
      let mine = together.rows((0..<count).map { index * rowCount + $0 })
      let mask = Mask(rows: rows.training([text]).texts.first ?? [], profile: rows.profile)
      comparisons.append(
        compare(index + 1, try logits(answers[index + 1], rows), mine) {
          "text \(index), " + mask.describe(row: $0)
        })
    }
    return judge.verdict(of: comparisons)
  }

  /// Shifting all positions gives the same y, up to the error of the angles (OPS-7).
  func shift(_ answers: [[NamedArray]]) throws(CorpusError) -> CaseResult {
    let (base, moved) = (try numbers("y", in: answers[0]), try numbers("y", in: answers[1]))
    let shape = try array("y", in: answers[0]).shape
    let bound = nearBound + angleError
    return judge.verdict(of: [
      .numbers(
        "1.y", moved, base, shape: shape, bound: .calibrated(.init(bound: bound, gates: true)),
        words: { "row \($0.first ?? 0), column \($0.last ?? 0)" })
    ])
  }

  /// Twice the allowed error of the logits of `forward`.
  private var nearBound: Double { 2 * judge.bounds.generalBound(of: "logits", op: "forward", dtype: judge.dtype) }

  /// u_acc times the largest A_angle of TOL-7 at the shifted positions.
  private var angleError: Double {
    let item = judge.item
    guard let precision = judge.numbers.flatMap({ Precision.of($0) }), let shift = item.integer("shift"),
      let heads = item.integer("heads"), heads > 0,
      let theta = item.parameters["theta"]?.stringValue.flatMap(Double.init),
      let height = judge.input.first(where: { $0.name == "q_proj" })?.shape.first,
      let positions = try? judge.input.first(where: { $0.name == "positions" })?.integers(), theta > 0, height >= heads
    else { return 0 }
    let d = height / heads
    let farthest = positions.reduce(0) { max($0, Double($1.magnitude) + Double(shift.magnitude)) }
    var largest = 0.0
    for i in stride(from: 1, to: d / 2, by: 1) {
      let exponent = Double(2 * i) / Double(d)
      // The last bits of a power do not matter to a bound.
      largest = max(largest, farthest * pow(theta, -exponent) * (10 + 6 * log(theta).magnitude * exponent))
    }
    return precision.accumulation * largest
  }

  private func logits(_ answer: [NamedArray], _ rows: TextRows) throws(CorpusError) -> Lines {
    Lines(values: try numbers("logits", in: answer), width: rows.vocabulary.modelSize)
  }

  /// Compares the rows of two answers.
  private func compare(
    _ answer: Int, _ got: Lines, _ want: Lines, words: (_ row: Int) -> String
  ) -> Comparison {
    compare(answer, got, want, bound: nearBound, words: words)
  }

  /// The same within a bound.
  func compare(
    _ answer: Int, _ got: Lines, _ want: Lines, bound: Double, words: (_ row: Int) -> String
  ) -> Comparison {
    .numbers(
      "\(answer).logits", got.values, want.values, shape: [want.values.count / max(1, want.width), want.width],
      bound: .calibrated(.init(bound: bound, gates: true)),
      words: { words($0.first ?? 0) + ", column \($0.last ?? 0)" })
  }
}

/// Rows of one width, stored one after the other.
struct Lines {
  let values: [Double]
  let width: Int

  /// The number of rows.
  var count: Int { values.count / max(1, width) }

  func rows(_ rows: [Int]) -> Lines {
    Lines(values: rows.flatMap { values[$0 * width..<($0 + 1) * width] }, width: width)
  }
}
