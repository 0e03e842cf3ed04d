// OPS-1, OPS-6: the reference as a candidate, without a process: a request in, tensors of the asked type out.

import LoMA
import LoMAReference
import LoMAVectors

/// What a candidate says to a request.
public enum CandidateResponse: Sendable {
  /// The answer, numbers in the type that was asked for.
  case tensors([NamedArray])
  /// The input is bad, with the code of the list of rejections.
  case rejection(code: String)
  /// It cannot be asked this.
  case unsupported(why: String)
}

/// The reference, answering in the types it declares.
///
/// It computes in binary64 whatever it is asked for; in f32 every number of an answer is that result, rounded once.
public struct Candidate: Sendable {
  /// Its name.
  public let name: String
  /// The types of numbers it answers in.
  public let types: [ElementType]
  var answers: ReferenceAnswers

  /// The reference on some models, by path.
  init(models: [String: ModelInMemory]) {
    name = "loma-reference"
    types = [.f64, .f32]
    answers = ReferenceAnswers(models: models, workers: .single)
  }

  /// The element type of a protocol's word, as far as it is one of this candidate's; i64 for answers without numbers.
  func type(_ word: String) -> ElementType? {
    ([.i64] + types).first { $0.word == word }
  }

  /// Answers a request.
  func respond(to request: Request, in type: ElementType) -> CandidateResponse {
    let results: [ResultTensor]
    do { results = try answers.answer(request) } catch {
      return error.rejectionCode.map { .rejection(code: $0) } ?? .unsupported(why: error.description)
    }
    var arrays: [NamedArray] = []
    for result in results where !result.isBound {
      do { arrays.append(try result.array(storing: type)) } catch { return .unsupported(why: "\(error)") }
    }
    return .tensors(arrays)
  }
}

extension ElementType {
  /// Its word in the protocol: f64 for F64.
  var word: String { rawValue.lowercased() }
}

extension ResultTensor {
  /// As an answer holds it: I64, BOOL, or numbers of a type, each rounded once.
  func array(storing type: ElementType) throws(ContainerError) -> NamedArray {
    switch content {
    case .integers, .booleans: try array()
    case .doubles(let values): try NamedArray(name, type, shape: shape, doubles: values)
    }
  }
}
