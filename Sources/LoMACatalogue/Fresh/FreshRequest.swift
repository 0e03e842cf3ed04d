// RUN-17: the request of a fresh case on structure, models or generation.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors
import NaiveLlama

extension FreshCase {
  package var good: Request {
    switch operation {
    case .layout, .mask: rows
    case .schedule:
      plain(["prompt_length": .integer(self[.length]), "generate": .integer(self[.generate])])
    case .metrics: recited
    case .cost:
      plain(
        [
          "text_length": .integer(self[.length]), "layers": .integer(self[.layers]),
          "kv_heads": .integer(self[.keyValueHeads]), "head_dim": .integer(2 * self[.pairs]),
          "bytes_per_element": .integer(2),
        ], axes: profile.axes)
    case .rmsNorm, .rope, .attention, .feedForward, .decoderLayer, .crossEntropy: stageRequest
    case .forward, .loss, .gradients: modelRequest(more: embeddings)
    case .trainStep:
      modelRequest(parameters: optimiser.adding(["steps": .integer(self[.steps])]))
    case .generate:
      modelRequest(
        more: isForced ? [CaseInputs.integers("forced", tokens(stream: 1, self[.generate], below: textSize))] : [],
        parameters: ["generate": .integer(self[.generate])])
    case .reconstruct: modelRequest(parameters: ["chunk": .integer(self[.chunk])])
    case .peer: preconditionFailure("no fresh case is drawn of \(operation.rawValue)")
    }
  }

  private func tokens(stream: Int, _ count: Int, below size: Int) -> [Int] {
    CaseInputs.text(count, below: size, seed: seed(1000 + stream))
  }

  private func tokens(below size: Int) -> [[Int]] { texts.map { tokens(stream: $0.stream, $0.length, below: size) } }

  private var shape: [String: RequestParameter] { ["c": .integer(self[.c]), "t": .integer(self[.t])] }

  private func plain(_ parameters: [String: RequestParameter], axes: [String: String] = [:]) -> Request {
    Request(
      operation, axes: axes, parameters: shape.adding(parameters), model: nil, input: CaseInputs.file([]), captures: [])
  }

  /// A random vocabulary: V in 1...40, both special ids above V in any order, and free ids above them.
  private var vocabulary: CaseVocabulary {
    var numbers = SeededNumbers(seed: seed(1))
    let text = 1 + numbers.integer(below: 40)
    let memory = text + numbers.integer(below: 6)
    var repetition = text + numbers.integer(below: 5)
    if repetition >= memory { repetition += 1 }
    return CaseVocabulary(
      text: text, memory: memory, repetition: repetition,
      model: max(memory, repetition) + 1 + numbers.integer(below: 4))
  }

  private var rows: Request {
    let vocabulary = vocabulary
    return Request(
      operation, axes: profile.axes,
      parameters: vocabulary.parameters.adding(shape).adding(["layout": .word(layout.rawValue)]), model: nil,
      input: CaseInputs.file(CaseInputs.batch(tokens(below: vocabulary.text))), captures: [])
  }

  /// Reconstructions with mistakes: in every second chunk, every fourth token on average.
  private var recited: Request {
    var numbers = SeededNumbers(seed: seed(2))
    let texts = tokens(below: 11)
    let recited = texts.flatMap { text in
      (0..<text.count / chunkLength).flatMap { chunk in
        let errs = numbers.integer(below: 2) == 0
        return text[chunk * chunkLength..<(chunk + 1) * chunkLength].map { token in
          errs && numbers.integer(below: 4) == 0 ? (token + 1) % 11 : token
        }
      }
    }
    return Request(
      operation, axes: [:], parameters: shape, model: nil,
      input: CaseInputs.file(CaseInputs.batch(texts) + [CaseInputs.integers("reconstruction", recited)]), captures: [])
  }
}

extension FreshCase {
  /// The model; a drawn name is always that of a model.
  private var caseModel: CaseModel {
    guard let model = CaseModel.all.first(where: { $0.name == model }) else {
      preconditionFailure("a fresh case of a model without one: \(self)")
    }
    return model
  }

  /// The model's ids, or others within its vocabulary.
  private var ids: CaseVocabulary {
    let own = caseModel.vocabulary
    guard hasOwnIDs else { return own }
    var numbers = SeededNumbers(seed: seed(7))
    let text = own.text - numbers.integer(below: 4)
    let memory = text + numbers.integer(below: own.model - text)
    var repetition = text + numbers.integer(below: own.model - text - 1)
    if repetition >= memory { repetition += 1 }
    return CaseVocabulary(text: text, memory: memory, repetition: repetition, model: own.model)
  }

  private var textSize: Int { ids.text }

  private var optimiser: [String: RequestParameter] {
    var lots = SeededNumbers(seed: seed(5))
    func one(of values: [Double]) -> RequestParameter { .real(values[lots.integer(below: values.count)]) }
    return [
      "learning_rate": one(of: [0x1p-6, 0x1p-7, 0x1p-9]), "beta1": one(of: [0.5, 0.75, 0.875, 0.9375]),
      "beta2": one(of: [0.75, 0.9375, 1 - 0x1p-10]), "adam_epsilon": one(of: [0x1p-3, 0x1p-4, 0x1p-6, 0x1p-10]),
      "weight_decay": one(of: [0, 0.125, 0.5]),
    ]
  }

  private func modelRequest(
    more: [NamedArray] = [], parameters: [String: RequestParameter] = [:]
  ) -> Request {
    ModelCases.request(
      operation, caseModel, c: self[.c], t: self[.t], tokens(below: textSize), profile, captures: captures,
      more: more, parameters: ids.parameters.adding(parameters))
  }

  /// Rows of numbers for each row of the batch, if they are given instead of tokens.
  private var embeddings: [NamedArray] {
    guard hasEmbeddings else { return [] }
    let rows = lengths.map { $0 + $0 / chunkLength * (self[.t] + chunkLength) }.max() ?? 0
    return [
      CaseInputs.normal(
        "embeddings", shape: [texts.count, rows, caseModel.hidden], deviation: 1, mean: 0, seed: seed(3))
    ]
  }
}
