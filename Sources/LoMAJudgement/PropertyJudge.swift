// OPS-7: a candidate's answers compared with each other.

import LoMA
import LoMAVectors

/// The data needed to judge a property.
struct PropertyJudge {
  let judge: Judge
  private let property: Property
  let questions: CaseQuestions

  init(_ judge: Judge, _ property: Property) {
    self.judge = judge
    self.property = property
    self.questions = CaseQuestions(item: judge.item, dtype: judge.dtype, input: judge.input)
  }

  func result(of answers: [[NamedArray]]) throws(CorpusError) -> CaseResult {
    let count = try questions.all().count
    guard answers.count == count else {
      return judge.verdict(.runnerError, "\(answers.count) answers to \(count) questions")
    }
    if let fault = try formFault(in: answers) { return judge.verdict(.invalidOutput, fault) }
    if case .peer(let operation) = judge.item.op {
      switch operation.method {
      case .context: return try context(property, answers)
      case .latent: return try latent(property, answers)
      case .cache: return try cache(property, answers)
      }
    }
    switch property {
    case .repeat, .interference, .poison:
      if let differing = difference(answers[0], answers[1]) { return differing }
      switch property {
      case .interference: return try interference(answers)
      case .poison: return try poison(answers)
      case .repeat, .prefix, .cache, .batch, .shift, .online, .inert, .gate: return repeated(answers[0])
      }
    case .prefix: return try prefixes(answers)
    case .cache: return try cache(answers)
    case .batch: return try batch(answers)
    case .shift: return try shift(answers)
    case .online, .inert, .gate: throw .manifest("\(judge.item.id): no \(property.rawValue) is judged")
    }
  }

  /// The result of an answer that was given twice.
  func repeated(_ answer: [NamedArray]) -> CaseResult {
    judge.verdict(.pass, "", tensors: answer.map { exact("1." + $0.name, isRight: true) })
  }

  /// The result of a tensor compared bit by bit.
  func exact(_ name: String, isRight: Bool) -> TensorResult {
    TensorResult(name: name, rule: "exact", error: nil, ratio: isRight ? 0 : .infinity)
  }

  /// `.indeterminate` if two answers to one question differ in any byte, or in a shape that the operation leaves open:
  /// bit-exact properties cannot be judged then. Else nil.
  func difference(_ first: [NamedArray], _ second: [NamedArray]) -> CaseResult? {
    for array in first {
      guard let other = second.first(where: { $0.name == array.name }) else { continue }
      guard other.shape == array.shape, other.elementType == array.elementType else {
        let said = [other, array].map { "\($0.elementType.rawValue) \($0.shape)" }
        return judge.verdict(
          .indeterminate, "the same question got another shape or type: \(array.name), \(said[0]) and \(said[1])",
          tensors: [exact("1." + array.name, isRight: false)])
      }
      guard other.bytes != array.bytes else { continue }
      let width = array.elementType.width
      let byte = array.bytes.indices.first { array.bytes[$0] != other.bytes[$0] } ?? 0
      let finding = finding("1." + array.name, other, array, cell: byte / width, place: "the same question again")
      return judge.verdict(
        .indeterminate, "the same question got other bytes: \(array.name)",
        tensors: [exact("1." + array.name, isRight: false)], finding: finding)
    }
    return nil
  }

  /// A cell of one answer beside the same cell of another.
  func finding(_ name: String, _ got: NamedArray, _ want: NamedArray, cell: Int, place: String) -> Finding {
    func text(_ array: NamedArray) -> String {
      if let numbers = try? array.doubles() { return Comparison.text(numbers[cell]) }
      return array.words[cell]
    }
    return Finding(
      tensor: name, index: Comparison.index(of: cell, want.shape), place: place, got: text(got), want: text(want),
      ratio: .infinity)
  }

  /// A tensor by name, in an answer whose form was checked.
  func array(_ name: String, in answer: [NamedArray]) throws(CorpusError) -> NamedArray {
    guard let array = answer.first(where: { $0.name == name }) else {
      throw questions.damaged("no \(name) was asked for")
    }
    return array
  }

  /// The numbers of a tensor, in an answer whose form was checked.
  func numbers(_ name: String, in answer: [NamedArray]) throws(CorpusError) -> [Double] {
    guard let numbers = try? array(name, in: answer).doubles() else {
      throw questions.damaged("\(name) does not hold numbers")
    }
    return numbers
  }
}

extension PropertyJudge {
  /// What is wrong with the form of the answers, or nil; NaN and infinity are found later, when numbers are compared.
  private func formFault(in answers: [[NamedArray]]) throws(CorpusError) -> String? {
    let asked = try questions.all()
    for (index, (question, answer)) in zip(asked, answers).enumerated() {
      let form = AnswerForm(tensors: try form(of: question), numbers: judge.numbers)
      if let fault = form.fault(in: answer) { return "answer \(index): " + fault }
    }
    return nil
  }

  /// The tensors of the answer, with those shapes that follow from the case.
  private func form(of question: Question) throws(CorpusError) -> [AnswerForm.ExpectedTensor] {
    func numbers(_ name: String, _ shape: [Int]?) -> AnswerForm.ExpectedTensor {
      .init(name: name, shape: shape, kind: .floating)
    }
    func integers(_ name: String) -> AnswerForm.ExpectedTensor { .init(name: name, shape: nil, kind: .integer) }
    func shape(_ name: String) -> [Int] { question.input.first { $0.name == name }?.shape ?? [] }
    switch question.op {
    case .forward:
      let rows = try TextRows(judge.item, input: question.input)
      let batch = rows.training(rows.texts)
      return [numbers("logits", [batch.texts.count, batch.rowCount, rows.vocabulary.modelSize])]
    case .generate:
      let rows = try TextRows(judge.item, input: question.input)
      return [
        numbers("logits", [rows.texts.first?.count ?? 0, rows.vocabulary.modelSize]), integers("chosen"),
        integers("events"), integers("cache.rows"),
      ] + ["appended.keys", "appended.values", "cache.keys", "cache.values"].map { numbers($0, nil) }
    case .attention:
      let (query, mask) = (shape("q"), shape("mask"))
      return [numbers("context", query), numbers("probabilities", [judge.item.integer("heads") ?? 0] + mask)]
    case .decoderLayer: return [numbers("y", shape("x"))]
    case .layout, .mask, .schedule, .metrics, .cost, .rmsNorm, .rope, .feedForward, .crossEntropy, .loss, .gradients,
      .trainStep, .reconstruct:
      throw .manifest("\(judge.item.id): no property is asked of \(question.op.rawValue)")
    case .peer(let operation):
      switch operation.method {
      case .context: return try contextForm(of: question, operation)
      case .latent: return try latentForm(of: question, operation)
      case .cache: return try cacheForm(of: question, operation)
      }
    }
  }
}
