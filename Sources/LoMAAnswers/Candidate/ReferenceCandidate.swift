// OPS-1, OPS-6: the reference as a candidate in this process: from a request to tensors of the asked type.

import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama

/// A candidate's answer to a request.
package enum CandidateResponse: Sendable {
  /// The tensors, with numbers in the type that was asked for.
  case tensors([NamedArray])
  /// A rejection of bad input, with its code in the list of rejections.
  case rejection(code: String)
  /// The candidate cannot answer such a request.
  case unsupported(why: String)
}

/// The reference as a candidate that declares some element types.
///
/// Without changes it computes in binary64 for every type; in f32 each number of an answer is that result, rounded
/// once. As a port it also rounds the output of each stage to the type, and may have one deviation.
package struct ReferenceCandidate: Sendable {
  package let name: String
  /// The element types that it declares.
  package let types: [ElementType]
  private let deviation: Deviation?
  private let isPort: Bool
  /// The seed of the perturbation of each stage's output, on top of the type's rounding (TOL-16); nil for none.
  private let shakenBy: UInt64?
  /// Whether every gradient is perturbed before the optimiser gets it (TOL-16).
  private var movesGradients = false
  var answers: ReferenceAnswers

  /// The reference on the given models, by path.
  init(models: [String: Model]) {
    self.init(
      name: "loma-reference", types: [.f64, .f32], deviation: nil, isPort: false, shakenBy: nil, models: models)
  }

  /// A port of the reference on the given models, with one deviation or none.
  package init(port deviation: Deviation?, types: [ElementType], models: [String: Model]) {
    let name = "loma-reference-port" + (deviation.map { "-" + $0.id } ?? "")
    self.init(name: name, types: types, deviation: deviation, isPort: true, shakenBy: nil, models: models)
  }

  /// Ports without a deviation, in every type, whose stages err by a rounding more, each port with its own seed
  /// (TOL-16).
  package static func shaken(models: [String: Model], times: Int) -> [ReferenceCandidate] {
    (1...times).map { seed in
      ReferenceCandidate(
        name: "loma-reference-shaken", types: [.f64, .f32, .bf16, .f16], deviation: nil, isPort: true,
        shakenBy: UInt64(seed),
        models: models)
    }
  }

  /// A port whose gradients are off by as much as those of the worst right port, before the optimiser gets them
  /// (TOL-16).
  package static func movingGradients(models: [String: Model]) -> ReferenceCandidate {
    var port = ReferenceCandidate(
      name: "loma-reference-moved", types: [.f64, .f32], deviation: nil, isPort: true, shakenBy: nil, models: models)
    port.movesGradients = true
    return port
  }

  /// The same ports on the models of a folder of vectors, with the adapters in them.
  package static func shaken(models: StoredModels) -> [ReferenceCandidate] {
    let answers = ReferenceAnswers(models: models, workers: .single)
    return shaken(models: models.models, times: 2).map { $0.knowing(answers.peers) }
  }

  /// A port in every element type.
  package init(port deviation: Deviation?, models: StoredModels) {
    self.init(port: deviation, types: [.f64, .f32, .bf16, .f16], models: models.models)
    answers.peers.know(ReferenceAnswers(models: models, workers: .single).peers)
  }

  /// The same candidate with what other answers know of the models of part II.
  package func knowing(_ peers: PeerAnswers) -> ReferenceCandidate {
    var candidate = self
    candidate.answers.peers.know(peers)
    return candidate
  }

  private init(
    name: String, types: [ElementType], deviation: Deviation?, isPort: Bool, shakenBy: UInt64?,
    models: [String: Model]
  ) {
    self.name = name
    self.types = types
    self.deviation = deviation
    self.isPort = isPort
    self.shakenBy = shakenBy
    answers = ReferenceAnswers(models: models, workers: .single)
  }

  /// The element type of a protocol's word; nil if this candidate does not declare it, i64 for answers without numbers.
  package func type(_ word: String) -> ElementType? {
    ([.i64] + types).first { $0.word == word }
  }

  /// Answers a request in the element type of a protocol's word.
  package func respond(to request: Request, dtype word: String) -> CandidateResponse {
    guard let type = type(word) else {
      return .unsupported(why: "no dtype of this candidate is called \(escaped(word))")
    }
    return respond(to: request, in: type)
  }

  /// How many roundings of its tensor's largest number a right port's gradient may be off; about the worst that was
  /// measured.
  private static let gradientUnits = 0x1p10

  /// Whether the deviation changes anything if a request is answered in a type.
  package func isMistaken(about request: Request, in type: ElementType) -> Bool {
    deviation?.apply(answers(in: type), request) != nil
  }

  /// The answers in a type; a port's are rounded after each stage.
  private func answers(in type: ElementType) -> ReferenceAnswers {
    var answers = answers
    answers.type = type
    if isPort { answers.functions.round = type.rounding }
    if movesGradients, let precision = Precision.of(type) {
      answers.gradientFilter = { $0.moved(by: precision.accumulation * Self.gradientUnits) }
    }
    if let shakenBy, let precision = Precision.of(type) {
      answers.functions.shake(by: precision.output, seed: shakenBy)
      answers.rules.shake(by: precision.output, seed: shakenBy)
    }
    return answers
  }

  package func respond(to request: Request, in type: ElementType) -> CandidateResponse {
    response(computed(request, in: type), in: type)
  }

  /// Whether the computation depends on the type asked for; that of the unchanged reference does not.
  var computesByType: Bool { isPort || deviation != nil }

  /// The answer to a request, before its numbers are rounded to a type.
  func computed(_ request: Request, in type: ElementType) -> Result<[ResultTensor], RequestError> {
    var (answers, request) = (answers(in: type), request)
    if let changed = deviation?.apply(answers, request) { (answers, request) = changed }
    return Result { () throws(RequestError) in try answers.answer(request) }
  }

  /// An answer with its numbers rounded to a type.
  func response(_ computed: Result<[ResultTensor], RequestError>, in type: ElementType) -> CandidateResponse {
    switch computed {
    case .failure(let error):
      return error.rejectionCode.map { .rejection(code: $0) } ?? .unsupported(why: error.description)
    case .success(let results):
      var arrays: [NamedArray] = []
      for result in results where !result.isBound {
        do { arrays.append(try result.array(storing: type)) } catch { return .unsupported(why: "\(error)") }
      }
      return .tensors(arrays)
    }
  }
}

extension ResultTensor {
  /// The tensor as it is stored: I64, BOOL, or numbers of a type, each rounded once. If a request that should be
  /// rejected is answered, its type is i64, and numbers are stored as F64.
  func array(storing type: ElementType) throws(ContainerError) -> NamedArray {
    switch content {
    case .integers, .booleans: try array()
    case .doubles(let values): try NamedArray(name, type == .i64 ? .f64 : type, shape: shape, doubles: values)
    }
  }
}
