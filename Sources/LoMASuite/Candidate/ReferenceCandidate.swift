// OPS-1, OPS-6: the reference as a candidate, without a process: a request in, tensors of the asked type out.

import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama

/// What a candidate says to a request.
package enum CandidateResponse: Sendable {
  /// The answer, numbers in the type that was asked for.
  case tensors([NamedArray])
  /// The input is bad, with the code of the list of rejections.
  case rejection(code: String)
  /// It cannot be asked this.
  case unsupported(why: String)
}

/// What a port does otherwise than the reference: a mistake, or a decision that nobody asked for.
package struct Deviation: Sendable {
  /// Its short name.
  package let id: String
  /// The answers and the request of a port that deviates; nil if this request cannot show it.
  package let apply: @Sendable (ReferenceAnswers, Request) -> (ReferenceAnswers, Request)?

  /// A deviation of a name.
  package init(id: String, apply: @escaping @Sendable (ReferenceAnswers, Request) -> (ReferenceAnswers, Request)?) {
    self.id = id
    self.apply = apply
  }
}

/// The reference, answering in the types it declares.
///
/// As it is, it computes in binary64 whatever it is asked for; in f32 every number of an answer is that result, rounded
/// once. As a port it also rounds the output of every stage to the type, and may make one mistake.
package struct ReferenceCandidate: Sendable {
  /// Its name.
  package let name: String
  /// The types of numbers it answers in.
  package let types: [ElementType]
  private let deviation: Deviation?
  private let isPort: Bool
  /// What its stages' outputs are moved by (TOL-16), beside what the type rounds; none where they are not.
  private let shakenBy: UInt64?
  /// Whether every gradient is moved before the optimiser has it (TOL-16).
  private var movesGradients = false
  var answers: ReferenceAnswers

  /// The reference on some models, by path.
  init(models: [String: ModelInMemory]) {
    self.init(
      name: "loma-reference", types: [.f64, .f32], deviation: nil, isPort: false, shakenBy: nil, models: models)
  }

  /// A port of the reference on some models, with one mistake or none.
  package init(port deviation: Deviation?, types: [ElementType], models: [String: ModelInMemory]) {
    let name = "loma-reference-port" + (deviation.map { "-" + $0.id } ?? "")
    self.init(name: name, types: types, deviation: deviation, isPort: true, shakenBy: nil, models: models)
  }

  /// Ports without a mistake in every type, whose stages each err a rounding more, every port in its own way (TOL-16).
  static func shaken(models: [String: ModelInMemory]) -> [ReferenceCandidate] {
    [1, 2].map { seed in
      ReferenceCandidate(
        name: "loma-reference-shaken", types: [.f64, .f32, .bf16, .f16], deviation: nil, isPort: true, shakenBy: seed,
        models: models)
    }
  }

  /// A port whose every gradient is off by as much as right ones are at worst, before the optimiser has it (TOL-16).
  static func movingGradients(models: [String: ModelInMemory]) -> ReferenceCandidate {
    var port = ReferenceCandidate(
      name: "loma-reference-moved", types: [.f64, .f32], deviation: nil, isPort: true, shakenBy: nil, models: models)
    port.movesGradients = true
    return port
  }

  /// The same on the models of a folder of vectors.
  package static func shaken(models: StoredModels) -> [ReferenceCandidate] { shaken(models: models.models) }

  /// A port in every type of numbers.
  package init(port deviation: Deviation?, models: StoredModels) {
    self.init(port: deviation, types: [.f64, .f32, .bf16, .f16], models: models.models)
  }

  private init(
    name: String, types: [ElementType], deviation: Deviation?, isPort: Bool, shakenBy: UInt64?,
    models: [String: ModelInMemory]
  ) {
    self.name = name
    self.types = types
    self.deviation = deviation
    self.isPort = isPort
    self.shakenBy = shakenBy
    answers = ReferenceAnswers(models: models, workers: .single)
  }

  /// The element type of a protocol's word, as far as it is one of this candidate's; i64 for answers without numbers.
  package func type(_ word: String) -> ElementType? {
    ([.i64] + types).first { $0.word == word }
  }

  /// Answers a request in the type of a protocol's word.
  package func respond(to request: Request, dtype word: String) -> CandidateResponse {
    guard let type = type(word) else {
      return .unsupported(why: "no dtype of this candidate is called \(escaped(word))")
    }
    return respond(to: request, in: type)
  }

  /// So many roundings of its tensor's largest number a gradient of a right port may be off, about as the worst that was
  /// measured.
  private static let gradientUnits = 0x1p10

  /// Whether the mistake changes anything where a request is answered in a type.
  package func isMistaken(about request: Request, in type: ElementType) -> Bool {
    deviation?.apply(answers(in: type), request) != nil
  }

  /// The right answers in a type; a port's are rounded stage by stage.
  private func answers(in type: ElementType) -> ReferenceAnswers {
    var answers = answers
    answers.type = type
    if isPort { answers.functions.round = type.rounding }
    if movesGradients, let precision = Precision.of(type) {
      answers.trained = { $0.moved(by: precision.accumulation * Self.gradientUnits) }
    }
    if let shakenBy, let precision = Precision.of(type) {
      answers.functions.shake(by: precision.output, seed: shakenBy)
      answers.rules.shake(by: precision.output, seed: shakenBy)
    }
    return answers
  }

  /// Answers a request.
  package func respond(to request: Request, in type: ElementType) -> CandidateResponse {
    response(computed(request, in: type), in: type)
  }

  /// Whether what is computed depends on the type that is asked for: not of the reference as it is.
  var computesByType: Bool { isPort || deviation != nil }

  /// The answer to a request before it is stored in a type.
  func computed(_ request: Request, in type: ElementType) -> Result<[ResultTensor], RequestError> {
    var (answers, request) = (answers(in: type), request)
    if let changed = deviation?.apply(answers, request) { (answers, request) = changed }
    return Result { () throws(RequestError) in try answers.answer(request) }
  }

  /// An answer in a type.
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

extension ElementType {
  /// Every element rounded to the type; of an integer type, and of f64, as it is.
  package var rounding: @Sendable (Tensor) -> Tensor {
    switch self {
    case .f32: { Tensor(shape: $0.shape, values: $0.values.map { Double(Float($0)) }) }
    case .bf16: Self.rounding(.bfloat16)
    case .f16: Self.rounding(.float16)
    case .f64, .i64, .i32, .u8, .bool: { $0 }
    }
  }

  private static func rounding(_ format: NarrowFloat) -> @Sendable (Tensor) -> Tensor {
    { Tensor(shape: $0.shape, values: format.rounded($0.values)) }
  }
}

extension ResultTensor {
  /// As an answer holds it: I64, BOOL, or numbers of a type, each rounded once; whoever answers what is to be rejected, where
  /// no type of numbers is asked, answers in F64.
  func array(storing type: ElementType) throws(ContainerError) -> NamedArray {
    switch content {
    case .integers, .booleans: try array()
    case .doubles(let values): try NamedArray(name, type == .i64 ? .f64 : type, shape: shape, doubles: values)
    }
  }
}
