// A candidate made by hand: what a row answers is a mean over the rows it sees, so that each property holds exactly.

import LoMA
import LoMAExplanation
import LoMAVectors
@testable import LoMAJudgement

@testable import LoMAConformance

/// Answers of the operations that properties ask for, right but for what a test breaks.
struct MeanCandidate {
  /// The element type of numbers.
  let dtype: String
  /// Whether a query sees a key, as the candidate has it, where the mask says `isVisible`.
  var sees: (_ query: Row, _ key: Row, _ isVisible: Bool) -> Bool = { $2 }
  /// What is added to every number of the answer with this index.
  var noise: (_ answer: Int) -> Double = { _ in 0 }
  /// How much of a hidden key's value reaches a row.
  var leak = 0.0
  /// How much of a position reaches a row of a layer.
  var drift = 0.0

  private var type: ElementType { ElementType(rawValue: dtype.uppercased()) ?? .f64 }

  func replies(to id: String) throws -> [Reply] {
    let item = try Recorded.item(id)
    let questions = try Recorded.corpus().questions(of: item, dtype: dtype)
    return try questions.enumerated().map { .tensors(try answer($1, of: item, noise($0))) }
  }

  func result(_ id: String) throws -> CaseResult { try Recorded.result(id, dtype, try replies(to: id)) }

  private func numbers(_ name: String, _ shape: [Int], _ values: [Double]) throws -> NamedArray {
    try NamedArray(name, type, shape: shape, doubles: values)
  }

  private func answer(_ question: Question, of item: StoredCase, _ noise: Double) throws -> [NamedArray] {
    func input(_ name: String) throws -> [Double] { try question.input.first { $0.name == name }?.doubles() ?? [] }
    switch question.op {
    case .forward:
      let rows = try TextRows(item, input: question.input)
      let (batch, width) = (rows.training(rows.texts), rows.vocabulary.modelSize)
      let values = try forward(rows, embeddings: try input("embeddings")).map { $0 + noise }
      return [try numbers("logits", [batch.texts.count, batch.rowCount, width], values)]
    case .generate:
      let rows = try TextRows(item, input: question.input)
      let (whole, width) = (try forward(rows, embeddings: []), rows.vocabulary.modelSize)
      let reading = rows.readingRows(rows.texts[0]).flatMap { whole[$0 * width..<($0 + 1) * width] }
      let empty = try ["appended.keys", "appended.values", "cache.keys", "cache.values"].map {
        try numbers($0, [0], [])
      }
      let counts = try ["chosen", "events", "cache.rows"].map { try NamedArray($0, .i64, shape: [0], integers: []) }
      return [try numbers("logits", [rows.texts[0].count, width], reading.map { $0 + noise })] + empty + counts
    case .attention:
      let (q, mask) = (question.input.first { $0.name == "q" }, question.input.first { $0.name == "mask" })
      let (shape, cells) = (q?.shape ?? [0, 1], try mask?.booleans() ?? [])
      let (k, v) = (try input("k"), try input("v"))
      let (rows, width) = (shape[0], v.count / max(1, shape[0]))
      let context = (0..<rows * shape[1]).map { cell in
        let (row, column) = (cell / shape[1], cell % shape[1] % width)
        let seen = (0..<rows).filter { cells[row * rows + $0] }
        let hidden = (0..<rows).filter { !cells[row * rows + $0] }
        let heard = hidden.reduce(0.0) { $0 + leak * (v[$1 * width + column] + k[$1 * width + column]) }
        return seen.reduce(0.0) { $0 + v[$1 * width + column] } / Double(seen.count) + heard + noise
      }
      let heads = item.integer("heads") ?? 0
      let probabilities = Array(repeating: 0.0, count: heads * rows * rows)
      return [
        try numbers("context", shape, context), try numbers("probabilities", [heads, rows, rows], probabilities),
      ]
    default:
      let x = question.input.first { $0.name == "x" }
      let positions = try question.input.first { $0.name == "positions" }?.integers() ?? []
      let (shape, values) = (x?.shape ?? [], try x?.doubles() ?? [])
      let moved = values.indices.map { values[$0] + drift * Double(positions[$0 / shape[1]]) + noise }
      return [try numbers("y", shape, moved)]
    }
  }

  /// The mean over visible rows of what they are fed, column by column.
  private func forward(_ rows: TextRows, embeddings: [Double]) throws -> [Double] {
    let width = rows.vocabulary.modelSize
    return rows.training(rows.texts).texts.flatMap { text in
      let mask = Mask(rows: text, profile: rows.profile)
      let fed = embeddings.isEmpty ? 1 : embeddings.count / text.count
      return text.indices.flatMap { query in
        let seen = text.indices.filter { sees(text[query], text[$0], mask.allows(query: query, key: $0)) }
        return (0..<width).map { column in
          let sum = seen.reduce(0.0) { sum, key in
            let value = embeddings.isEmpty ? Double(text[key].token + 1) : embeddings[key * fed + column % fed]
            return sum + value * Double(column + 1)
          }
          return sum / Double(max(1, seen.count))
        }
      }
    }
  }
}
