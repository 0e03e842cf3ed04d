// LAT-17: the questions of a property case of latent attention, fixed before the first answer, and how the answers are
// compared.

import LoMA
import LoMAVectors

extension CaseQuestions {
  /// The questions of a property of chapter 17; throws `manifest` if the operation is not asked this property.
  func latent(_ property: Property, of operation: PeerOperation) throws(CorpusError) -> [Question] {
    switch (property, operation) {
    case (.repeat, .latentForward): return [question(), question()]
    case (.interference, .latentForward): return try interference()
    case (.batch, .latentForward):
      if input.contains(where: { $0.name == "embeddings" }) { throw damaged("a batch is asked of tokens") }
      var questions = [question()]
      for text in try StoredLatentTexts(item, input: input).texts {
        questions.append(question(try latentTensors([text])))
      }
      return questions
    case (.cache, .latentGenerate):
      let whole = try latentText() + (try fedTokens())
      return [
        question(),
        question(op: .peer(.latentForward), try latentTensors([whole]), without: ["generate", "forced"]),
      ]
    case _: throw .manifest("\(item.id): no \(property.rawValue) is asked of \(operation.rawValue)")
    }
  }

  /// The text of a case that has one.
  func latentText() throws(CorpusError) -> [Int] {
    let texts = try StoredLatentTexts(item, input: input).texts
    guard texts.count == 1 else { throw damaged("it does not have exactly one text") }
    return texts[0]
  }

  private func latentTensors(_ texts: [[Int]]) throws(CorpusError) -> [NamedArray] {
    do { return try StoredLatentTexts.tensors(texts) } catch { throw damaged(error.description) }
  }
}

extension PropertyJudge {
  /// The verdict on a property of chapter 17, from answers of the right form.
  func latent(_ property: Property, _ answers: [[NamedArray]]) throws(CorpusError) -> CaseResult {
    let texts = try StoredLatentTexts(judge.item, input: judge.input)
    switch property {
    case .repeat: return difference(answers[0], answers[1]) ?? repeated(answers[0])
    case .interference:
      if let differing = difference(answers[0], answers[1]) { return differing }
      return try interference(answers, rows: texts.rowCount, sees: { query, key in key <= query }) { query, key in
        "row \(query) \(key <= query ? "sees" : "does not see") row \(key) (LAT-12)"
      }
    case .batch:
      let together = try latentRows(answers[0])
      var comparisons: [Comparison] = []
      for (index, text) in texts.texts.enumerated() {
        let mine = together.rows(text.indices.map { index * texts.rowCount + $0 })
        comparisons.append(
          compare(index + 1, try latentRows(answers[index + 1]), mine, bound: latentBound) {
            "text \(index), text token \($0)"
          })
      }
      return judge.verdict(of: comparisons)
    case .cache:
      return judge.verdict(of: [
        compare(0, try latentRows(answers[0]), try latentRows(answers[1]), bound: latentBound) { "text token \($0)" }
      ])
    case .poison, .prefix, .shift, .online, .inert, .gate:
      throw .manifest("\(judge.item.id): no \(property.rawValue) is judged of latent attention")
    }
  }

  /// The tensors of an answer, with those shapes that follow from the case; the vocabulary is the model's.
  func latentForm(of question: Question, _ operation: PeerOperation) throws(CorpusError) -> [AnswerForm.ExpectedTensor]
  {
    func numbers(_ name: String, _ shape: [Int]?) -> AnswerForm.ExpectedTensor {
      .init(name: name, shape: shape, kind: .floating)
    }
    guard let size = vocabularySize else { throw questions.damaged("it does not say how large its vocabulary is") }
    switch operation {
    case .latentForward:
      let texts = try StoredLatentTexts(judge.item, input: question.input)
      return [numbers("logits", [texts.texts.count, texts.rowCount, size])]
    case .latentGenerate:
      let count = try questions.latentText().count + (try questions.fedTokens().count)
      let names =
        judge.item.axes["entries"] == "heads" ? ["keys", "values"] : ["latents", "rotated_keys"]
      let codes = [("bits", "latent_codes"), ("rotated_bits", "rotated_codes")].filter {
        judge.item.integer($0.0) ?? 0 > 0
      }
      return [
        numbers("logits", [count, size]), .init(name: "chosen", shape: nil, kind: .integer),
      ] + names.map { numbers("cache." + $0, nil) }
        + codes.map { .init(name: "cache." + $0.1, shape: nil, kind: .integer) }
    default: throw .manifest("\(judge.item.id): no property is asked of \(operation.rawValue)")
    }
  }

  /// V of the model, which a property case says.
  private var vocabularySize: Int? { judge.item.integer("model_vocabulary") }

  /// The rows of the logits, whatever their dimensions are.
  private func latentRows(_ answer: [NamedArray]) throws(CorpusError) -> Lines {
    Lines(values: try numbers("logits", in: answer), width: vocabularySize ?? 1)
  }

  /// Twice the allowed error of the logits of `latent_forward`.
  private var latentBound: Double {
    2 * judge.bounds.generalBound(of: "logits", op: PeerOperation.latentForward.rawValue, dtype: judge.dtype)
  }
}
