// OPS-1, OPS-7: the questions asked for a case; all are fixed before the first answer.

import LoMA
import LoMAVectors

extension CaseCorpus {
  /// The questions of a case in one element type: one, or several for a property (OPS-7).
  package func questions(of item: StoredCase, dtype: String) throws(CorpusError) -> [Question] {
    try CaseQuestions(item: item, dtype: dtype, input: try input(of: item)).all()
  }
}

struct CaseQuestions {
  let item: StoredCase
  let dtype: String
  let input: [NamedArray]

  func all() throws(CorpusError) -> [Question] {
    guard case .property(let property) = item.answer else { return [question()] }
    if case .peer(let operation) = item.op {
      switch operation.method {
      case .context: return try context(property, of: operation)
      case .latent: return try latent(property, of: operation)
      case .cache: return try cache(property, of: operation)
      }
    }
    switch property {
    case .repeat: return [question(), question()]
    case .interference: return try interference()
    case .poison: return try poison()
    case .prefix: return try prefixes()
    case .cache: return [question(), question(op: .forward, without: ["generate"])]
    case .batch: return try batch()
    case .shift: return try shift()
    case .online, .inert, .gate: throw .manifest("\(item.id): no \(property.rawValue) is asked")
    }
  }

  /// The case's request with some tensors replaced by those of the same name, or left out.
  func question(op: Operation? = nil, _ arrays: [NamedArray] = [], without names: Set<String> = []) -> Question {
    let gone = names.union(arrays.map(\.name))
    return Question(
      op: op ?? item.op, dtype: dtype, profile: item.profile,
      parameters: JSONObject(item.parameters.members.filter { !names.contains($0.key) }), model: item.model,
      input: input.filter { !gone.contains($0.name) } + arrays, captures: item.captures,
      family: item.family)
  }

  /// Each row of the embeddings replaced in turn.
  func interference() throws(CorpusError) -> [Question] {
    let (embeddings, replacements) = (try array("embeddings"), try array("replacements"))
    guard let rows = replacements.shape.first, rows > 0, embeddings.shape == [1] + replacements.shape,
      embeddings.elementType == replacements.elementType
    else { throw damaged("replacements do not fit embeddings") }
    let base = question(without: ["replacements"])
    let width = embeddings.bytes.count / rows
    var questions = [base, base]
    for row in 0..<rows {
      var bytes = embeddings.bytes
      let place = row * width..<(row + 1) * width
      bytes.replaceSubrange(place, with: replacements.bytes[place])
      questions.append(question([try remade(embeddings, bytes)], without: ["replacements"]))
    }
    return questions
  }

  /// For each row, every key hidden from it poisoned.
  private func poison() throws(CorpusError) -> [Question] {
    let poison = try PoisonedKeys(self)
    var questions = [question(), question()]
    for row in 0..<poison.rows { questions.append(question(try poison.arrays(against: row))) }
    return questions
  }

  private func prefixes() throws(CorpusError) -> [Question] {
    let text = try onlyText()
    var questions = [question(without: ["prefixes"])]
    for length in try prefixLengths(of: text) {
      questions.append(question(try texts([Array(text.prefix(length))]), without: ["prefixes"]))
    }
    return questions
  }

  /// The batch, then each text alone.
  private func batch() throws(CorpusError) -> [Question] {
    var questions = [question()]
    for text in try TextRows(item, input: input).texts { questions.append(question(try texts([text]))) }
    return questions
  }

  private func shift() throws(CorpusError) -> [Question] {
    let positions = try array("positions")
    guard let shift = item.integer("shift"), let values = try? positions.integers(),
      values.allSatisfy({ !$0.addingReportingOverflow(shift).overflow }),
      let shifted = try? NamedArray(
        "positions", positions.elementType, shape: positions.shape, integers: values.map { $0 + shift })
    else { throw damaged("its positions cannot be shifted") }
    return [question(without: ["shift"]), question([shifted], without: ["shift"])]
  }
}

extension CaseQuestions {
  /// A tensor of the input.
  func array(_ name: String) throws(CorpusError) -> NamedArray {
    guard let array = input.first(where: { $0.name == name }) else { throw damaged("it has no \(name)") }
    return array
  }

  func damaged(_ reason: String) -> CorpusError { .damaged(file: item.input?.path ?? item.id, reason: reason) }

  /// The same array with other bytes.
  func remade(_ array: NamedArray, _ bytes: [UInt8]) throws(CorpusError) -> NamedArray {
    do { return try NamedArray(array.name, array.elementType, shape: array.shape, bytes: bytes) } catch {
      throw damaged(error.description)
    }
  }

  /// The text of a case that has one.
  func onlyText() throws(CorpusError) -> [Int] {
    let texts = try TextRows(item, input: input).texts
    guard let text = texts.first, texts.count == 1 else { throw damaged("it does not have exactly one text") }
    return text
  }

  /// The lengths of the prefixes of a property.
  func prefixLengths(of text: [Int]) throws(CorpusError) -> [Int] {
    guard let lengths = try? array("prefixes").integers(), lengths.allSatisfy({ 0...text.count ~= $0 }) else {
      throw damaged("its prefixes are not of its text")
    }
    return lengths
  }

  private func texts(_ texts: [[Int]]) throws(CorpusError) -> [NamedArray] {
    do {
      return [
        try NamedArray("tokens", .i64, shape: [texts.joined().count], integers: Array(texts.joined())),
        try NamedArray("lengths", .i64, shape: [texts.count], integers: texts.map(\.count)),
      ]
    } catch { throw damaged(error.description) }
  }
}
