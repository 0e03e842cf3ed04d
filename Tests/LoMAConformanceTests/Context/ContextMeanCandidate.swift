// A candidate of part II made by hand: what a row answers is a mean over the rows it sees, SUM rows being running means.

import LoMAPeers
import LoMAVectors
import Testing
@testable import LoMAJudgement

@testable import LoMAConformance

/// Answers of the operations that properties of part II ask for, right but for what a test breaks.
struct ContextMeanCandidate {
  /// The element type of numbers.
  let dtype: String
  /// Whether a query sees a key, as the candidate has it, where the mask says `isVisible`.
  var sees: (_ query: ContextRow, _ key: ContextRow, _ isVisible: Bool) -> Bool = { $2 }
  /// How much of what a SUM row is fed reaches its running mean.
  var leak = 0.0
  /// What is added to every number of the answer with this index.
  var noise: (_ answer: Int) -> Double = { _ in 0 }
  /// What a row that is not compared holds.
  var elsewhere: (_ answer: Int) -> Double = { _ in .nan }
  /// Whether a row has the adapter, where its gate is this.
  var adapts: (_ row: Int, _ gate: Bool) -> Bool = { $1 }
  /// What the adapter adds beside its product.
  var bias = 0.0

  private var type: ElementType { ElementType(rawValue: dtype.uppercased()) ?? .f64 }

  /// The verdict on its answers to a case.
  func result(_ made: ContextCase) throws -> CaseResult {
    let corpus = try made.corpus()
    let item = corpus.cases[0]
    let replies = try corpus.questions(of: item, dtype: dtype).enumerated().map { place, question in
      Reply.tensors(try answer(question, of: item, place))
    }
    return try corpus.judge(item, dtype: dtype, replies: replies, bounds: .provisional)
  }

  func answer(_ question: Question, of item: StoredCase, _ place: Int) throws -> [NamedArray] {
    func input(_ name: String) throws -> [Double]? { try question.input.first { $0.name == name }?.doubles() }
    switch question.op {
    case .peer(.ccmForward):
      let texts = try StoredContextTexts(item, input: question.input)
      let logits = try forward(texts.batch, embeddings: try input("embeddings"), place)
      let shape = [texts.texts.count, texts.batch.texts[0].count, texts.parameters.textSize]
      return [try NamedArray("logits", type, shape: shape, doubles: logits)]
    case .peer(.ccmOnline):
      let texts = try StoredContextTexts(item, input: question.input)
      let forced = try question.input.first { $0.name == "forced" }?.integers().dropLast() ?? []
      let whole = try #require(texts.layout(texts.first(followedBy: Array(forced))))
      let batch = ContextBatch([whole], parameters: texts.parameters)
      let (all, width) = (try forward(batch, embeddings: nil, place), texts.parameters.textSize)
      let rows = whole.rows.indices.filter { whole.rows[$0].place.role == .text }
      let logits = rows.flatMap { all[$0 * width..<($0 + 1) * width] }
      let empty = try ["appended.keys", "appended.values", "cache.keys", "cache.values"].map {
        try NamedArray($0, type, shape: [0], doubles: [])
      }
      let counts = try ["chosen", "events", "cache.rows"].map { try NamedArray($0, .i64, shape: [0], integers: []) }
      return [try NamedArray("logits", type, shape: [rows.count, width], doubles: logits)] + empty + counts
    case _:
      let shapes = ["x", "weight", "lora_a"].map { name in question.input.first { $0.name == name }?.shape ?? [] }
      let (rows, wide, high, rank) = (shapes[0][0], shapes[0][1], shapes[1][0], shapes[2][0])
      let gate = try question.input.first { $0.name == "gate" }?.booleans() ?? []
      let parts = try ["x", "weight", "lora_a", "lora_b"].map { try input($0) ?? [] }
      let y = (0..<rows * high).map { cell in
        let (row, out) = (cell / high, cell % high)
        func product(_ matrix: [Double], _ line: Int) -> Double {
          (0..<wide).reduce(0) { $0 + matrix[line * wide + $1] * parts[0][row * wide + $1] }
        }
        let added = (0..<rank).reduce(bias) { $0 + parts[3][out * rank + $1] * product(parts[2], $1) }
        return product(parts[1], out) + (adapts(row, gate[row]) ? added : 0) + noise(place)
      }
      return [try NamedArray("y", type, shape: [rows, high], doubles: y)]
    }
  }

  /// For every row the mean of the values of the rows that it sees, times the column's number.
  private func forward(_ batch: ContextBatch, embeddings: [Double]?, _ place: Int) throws -> [Double] {
    let width = batch.parameters.textSize
    return batch.texts.indices.flatMap { text in
      let (rows, mask) = (batch.texts[text], batch.mask(text))
      let fed = (embeddings?.count ?? 0) / max(1, rows.count)
      func given(_ row: Int) -> Double { embeddings.map { $0[row * fed] } ?? Double(rows[row].token + 1) }
      func value(_ row: Int) -> Double {
        guard case .sum(_, let slot) = rows[row].place else { return given(row) }
        let own = (0..<row).filter { rows[$0].place.role == .comp && rows[$0].place.index == slot }.map { given($0) }
        let mean =
          switch batch.parameters.mergeRate {
          case .mean: own.reduce(0, +) / Double(own.count)
          case .exponential(let a): own.dropFirst().reduce(own[0]) { (1 - a) * $0 + a * $1 }
          }
        return mean + leak * given(row)
      }
      return rows.indices.flatMap { query in
        guard rows[query].place.role == .text else { return Array(repeating: elsewhere(place), count: width) }
        let seen = rows.indices.filter { sees(rows[query], rows[$0], mask.allows(query: query, key: $0)) }
        let mean = seen.reduce(0.0) { $0 + value($1) } / Double(max(1, seen.count))
        return (0..<width).map { mean * Double($0 + 1) + noise(place) }
      }
    }
  }
}
