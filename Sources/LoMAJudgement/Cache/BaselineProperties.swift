// BAS-23: the questions of a property case of chapter 19, fixed before the first answer, and how the answers are compared.

import LoMA
import LoMAVectors

extension CaseQuestions {
  /// The questions of a property of chapter 19; throws `manifest` if the operation is not asked this property.
  func cache(_ property: Property, of operation: PeerOperation) throws(CorpusError) -> [Question] {
    switch (property, operation) {
    case (.repeat, .cachedForward): return [question(), question()]
    case (.cache, .cachedForward): return [question(), try rowByRow()]
    case _: throw .manifest("\(item.id): no \(property.rawValue) is asked of \(operation.rawValue)")
    }
  }

  /// The same text without a method, every row but the first fed to a cache that nothing has changed.
  private func rowByRow() throws(CorpusError) -> Question {
    guard item.integer("prefill") != nil else { throw damaged("it has no prefill") }
    let parameters = item.parameters.members.map { member in
      JSONObject.Member(member.key, member.key == "prefill" ? .integer(1) : member.value)
    }
    return Question(
      op: item.op, dtype: dtype, profile: JSONObject([]), parameters: JSONObject(parameters), model: item.model,
      input: input, captures: [])
  }

  /// The number of tokens of a case's text.
  fileprivate func tokenCount() throws(CorpusError) -> Int {
    guard let count = try array("tokens").shape.first, count > 0 else { throw damaged("it has no text") }
    return count
  }
}

extension PropertyJudge {
  /// The verdict on a property of chapter 19, from answers of the right form.
  func cache(_ property: Property, _ answers: [[NamedArray]]) throws(CorpusError) -> CaseResult {
    switch property {
    case .repeat: return difference(answers[0], answers[1]) ?? repeated(answers[0])
    case .cache:
      let (mine, all) = (try lines(answers[0]), try lines(answers[1]))
      let first = all.count - mine.count
      let comparison = compare(0, mine, all.rows(Array(first..<all.count)), bound: cachedBound) {
        "text token \(first + $0)"
      }
      return judge.verdict(of: [comparison])
    case .interference, .poison, .prefix, .batch, .shift, .online, .inert, .gate:
      throw .manifest("\(judge.item.id): no \(property.rawValue) is judged of chapter 19")
    }
  }

  /// The tensors of an answer, with those shapes that follow from the case; the sizes are the model's.
  func cacheForm(of question: Question, _ operation: PeerOperation) throws(CorpusError) -> [AnswerForm.ExpectedTensor] {
    func size(_ name: String) throws(CorpusError) -> Int {
      guard let size = judge.item.integer(name) else { throw questions.damaged("it does not say its \(name)") }
      return size
    }
    guard operation == .cachedForward else {
      throw .manifest("\(judge.item.id): no property is asked of \(operation.rawValue)")
    }
    let (layers, heads) = (try size("layers"), try size("kv_heads"))
    guard let prefill = question.parameters["prefill"]?.integerValue else { throw questions.damaged("no prefill") }
    let entries = [layers, prefill, heads * (try size("head_dim"))]
    return [
      .init(
        name: "logits", shape: [try questions.tokenCount() - prefill + 1, try size("model_vocabulary")],
        kind: .floating),
      .init(name: "cache.keys", shape: entries, kind: .floating),
      .init(name: "cache.values", shape: entries, kind: .floating),
      .init(name: "cache.alive", shape: [layers, heads, prefill], kind: .boolean),
      .init(name: "bits", shape: [], kind: .integer),
    ]
  }

  private func lines(_ answer: [NamedArray]) throws(CorpusError) -> Lines {
    Lines(values: try numbers("logits", in: answer), width: judge.item.integer("model_vocabulary") ?? 1)
  }

  /// Twice the allowed error of the logits.
  private var cachedBound: Double {
    2 * judge.bounds.generalBound(of: "logits", op: PeerOperation.cachedForward.rawValue, dtype: judge.dtype)
  }
}
