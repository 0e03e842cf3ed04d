// The reference with one mistake of the project's catalogue in it, or with none: the very mutants of LoMAMutants, applied
// to the requests that the suite sends.

import LoMA
import LoMAAnswers
import LoMACatalogue
import LoMAMutants
import LoMAReference
import LoMAVectors
import NaiveLlama

extension Question {
  /// The mistake that is made; nil for none.
  var mutant: Mutant? { mistake < 0 ? nil : Mutant.shown[mistake] }

  /// The answers before any mistake.
  func answers(_ loaded: LoadedModel) -> ReferenceAnswers {
    let stated: [String: RequestParameter] = ["c": .integer(loaded.c), "t": .integer(loaded.t)]
    let model = Model(
      configuration: loaded.configuration, parameters: loaded.parameters,
      stated: loaded.vocabulary.requested.adding(stated))
    return ReferenceAnswers(models: ["": model], workers: .single)
  }

  /// The text in a request.
  func request(
    _ operation: Operation, _ loaded: LoadedModel, _ others: [String: RequestParameter]
  ) -> Request {
    let own: [String: RequestParameter] = ["c": .integer(parameters.c), "t": .integer(parameters.t)]
    return Request(
      operation, axes: profile.axes, parameters: loaded.vocabulary.requested.adding(own).adding(others), model: "",
      input: CaseInputs.file(CaseInputs.batch([tokens])), captures: [])
  }

  /// Answers and request as the mistake leaves them.
  func mistaken(_ answers: ReferenceAnswers, _ request: Request) -> (ReferenceAnswers, Request) {
    mutant?.apply(answers, request) ?? (answers, request)
  }
}

extension Vocabulary {
  /// The ids in the form of a request.
  fileprivate var requested: [String: RequestParameter] {
    [
      "text_vocabulary": .integer(textSize), "memory_token": .integer(memoryToken),
      "repetition_token": .integer(repetitionToken), "model_vocabulary": .integer(modelSize),
    ]
  }
}

/// Rethrows what the suite throws.
private func suite<Value>(_ body: () throws(RequestError) -> Value) throws(Fault) -> Value {
  do { return try body() } catch { throw .mistake(error.description) }
}

/// What reads a text and recites its chunks.
struct Port {
  /// A generator that has read nothing.
  let generator: Generator
  /// The text that it is fed.
  let tokens: [Int]
  private let question: Question
  private let loaded: LoadedModel

  init(_ question: Question, _ loaded: LoadedModel) throws(Fault) {
    (self.question, self.loaded) = (question, loaded)
    let request = question.request(.reconstruct, loaded, ["chunk": .integer(0)])
    let (answers, asked) = question.mistaken(question.answers(loaded), request)
    (generator, tokens) = try suite { () throws(RequestError) in
      let (configuration, weights) = try answers.loaded(asked)
      let transformer = Transformer(
        configuration: configuration, weights: Weights(weights), functions: AttentionRecord.noting(answers.functions))
      var generator = Generator(
        transformer: transformer, vocabulary: try asked.vocabulary(), parameters: try asked.lomaParameters(),
        profile: try asked.profile())
      generator.rules = answers.rules
      return (generator, try asked.texts().first ?? [])
    }
  }

  /// A chunk of the text, as the suite asks a port for it: the text is read again.
  func recite(_ chunk: Int, _ generator: Generator) throws(Fault) -> (tokens: [Int], logits: [Double]) {
    let request = question.request(.reconstruct, loaded, ["chunk": .integer(chunk)])
    var (answers, asked) = question.mistaken(question.answers(loaded), request)
    answers.functions = AttentionRecord.noting(answers.functions)
    let results = try suite { () throws(RequestError) in answers.finish(try answers.reconstruct(asked)) }
    guard case .integers(let tokens)? = results.first?.content,
      case .doubles(let logits)? = results.last?.content
    else {
      throw .mistake("no tokens and logits")
    }
    return (tokens, logits)
  }
}

/// The rows of a text and the cells of their mask, as the operations `layout` and `mask` answer them.
struct TextStructure {
  let rows: [Row]
  let cells: [Bool]

  init(_ question: Question) throws(Fault) {
    guard let loaded = LoadedModel.current else { throw .noModel }
    let right = question.answers(loaded)
    let training: [String: RequestParameter] = ["layout": .word("training")]
    let (mask, asked) = question.mistaken(right, question.request(.mask, loaded, training))
    let cells = try suite { () throws(RequestError) in mask.finish(try mask.mask(asked)) }
    guard case .booleans(let shown)? = cells.first?.content else { throw .mistake("no mask") }
    let (layout, laidOut) = question.mistaken(right, question.request(.layout, loaded, training))
    let columns = try suite { () throws(RequestError) in layout.finish(try layout.layout(laidOut)) }.map {
      (column: ResultTensor) -> [Int] in
      if case .integers(let values) = column.content { values } else { [] }
    }
    guard columns.count == 6 else { throw .mistake("no rows") }
    self.cells = shown
    self.rows = columns[0].indices.map { r in
      let (chunk, index) = (columns[2][r], columns[3][r])
      let place: Place =
        switch columns[1][r] {
        case 0: .reading(chunk: chunk, index: index)
        case 1: .memory(chunk: chunk, index: index)
        case 2: .repetition(chunk: chunk, index: index)
        default: .pad
        }
      let label = columns[5][r]
      return Row(token: columns[0][r], place: place, position: columns[4][r], label: label < 0 ? nil : label)
    }
  }
}
