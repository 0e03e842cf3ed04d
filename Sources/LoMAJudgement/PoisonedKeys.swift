// OPS-7, poison: hidden keys and values get huge numbers, so that any leak changes the answer.

import LoMAVectors

/// The keys and values of an attention case, poisoned where they are hidden from one row.
struct PoisonedKeys {
  /// S, the number of rows.
  let rows: Int
  private let questions: CaseQuestions
  private let (keys, values): (NamedArray, NamedArray)
  private let queries: [Double]
  private let keyNumbers: [Double]
  private let valueNumbers: [Double]
  private let cells: [Bool]
  private let heads: Int
  private let keyHeads: Int
  private let width: Int

  /// The score a poisoned key would get, and the size of a poisoned value.
  private static let (score, loud) = (1e4, 0x1p14)
  /// The largest power of two that float16 holds.
  private static let largest = 0x1p15

  /// Reads q, k, v, mask and heads; throws `damaged` if their shapes do not match.
  init(_ questions: CaseQuestions) throws(CorpusError) {
    let item = questions.item
    let (q, mask) = (try questions.array("q"), try questions.array("mask"))
    (keys, values) = (try questions.array("k"), try questions.array("v"))
    guard let heads = item.integer("heads"), let keyHeads = item.integer("kv_heads"), heads > 0, keyHeads > 0,
      heads % keyHeads == 0, q.shape.count == 2, q.shape[1] > 0, q.shape[1] % heads == 0
    else { throw questions.damaged("its heads do not fit q") }
    let (rows, width) = (q.shape[0], q.shape[1] / heads)
    guard keys.shape == [rows, keyHeads * width], values.shape == keys.shape, mask.shape == [rows, rows],
      let queries = try? q.doubles(), let keyNumbers = try? keys.doubles(), let valueNumbers = try? values.doubles(),
      let cells = try? mask.booleans()
    else { throw questions.damaged("q, k, v and mask do not fit each other") }
    self.questions = questions
    (self.rows, self.heads, self.keyHeads, self.width) = (rows, heads, keyHeads, width)
    (self.queries, self.keyNumbers, self.valueNumbers, self.cells) = (queries, keyNumbers, valueNumbers, cells)
  }

  /// `k` and `v` with every key and value poisoned that row `row` does not see.
  func arrays(against row: Int) throws(CorpusError) -> [NamedArray] {
    var (key, value) = (keyNumbers, valueNumbers)
    for group in 0..<keyHeads {
      let poison = try poison(of: row, group)
      for other in 0..<rows where !cells[row * rows + other] {
        let start = (other * keyHeads + group) * width
        key.replaceSubrange(start..<start + width, with: poison)
        value.replaceSubrange(start..<start + width, with: Array(repeating: Self.loud, count: width))
      }
    }
    do {
      return [
        try NamedArray("k", keys.elementType, shape: keys.shape, doubles: key),
        try NamedArray("v", values.elementType, shape: values.shape, doubles: value),
      ]
    } catch { throw questions.damaged(error.description) }
  }

  /// 2ᵉ times the signs of this row's query, of the first head that reads the group.
  private func poison(of row: Int, _ group: Int) throws(CorpusError) -> [Double] {
    let start = (row * heads + group * (heads / keyHeads)) * width
    let query = queries[start..<start + width]
    let length = query.reduce(0) { $0 + $1.magnitude } / Double(width).squareRoot()
    guard length.isFinite, Self.largest * length >= Self.score else {
      throw questions.damaged("the query in row \(row) is too short to be poisoned against")
    }
    var size = Self.largest
    while size / 2 * length >= Self.score { size /= 2 }
    return query.map { $0 < 0 ? -size : size }
  }
}
