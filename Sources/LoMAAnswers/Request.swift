// Chapter 11: a request, and the ways in which it can be bad.

import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama

/// A scalar parameter of a request.
package enum RequestParameter: Hashable, Sendable {
  case integer(Int)
  /// A number, exact in binary64.
  case real(Double)
  case word(String)
}

extension [String: RequestParameter] {
  /// These parameters and others, which replace those of the same name; `merging` does not exist in Embedded Swift.
  package func adding(_ others: [String: RequestParameter]) -> [String: RequestParameter] {
    var all = self
    for (name, value) in others { all[name] = value }
    return all
  }
}

/// One operation with all its inputs.
package struct Request: Equatable, Sendable {
  package let operation: Operation
  /// The axes that differ from `base`, with their values, as the request gives them.
  package let axes: [String: String]
  /// Scalars by name.
  package let parameters: [String: RequestParameter]
  /// The directory of the model, below Vectors; nil if the operation needs no model.
  package let model: String?
  /// Tensors by name.
  package let input: ArrayFile
  /// The intermediates to return beside the logits (MOD-7).
  package let captures: [String]

  package init(
    _ operation: Operation, axes: [String: String], parameters: [String: RequestParameter], model: String?,
    input: ArrayFile, captures: [String]
  ) {
    self.operation = operation
    self.axes = axes
    self.parameters = parameters
    self.model = model
    self.input = input
    self.captures = captures
  }
}

/// Why a request cannot be answered with tensors.
package enum RequestError: Error, Sendable {
  /// The input breaks a clause; the right answer is a rejection with this error's code.
  case rejected(InputError)
  /// The model, or an id given to it, cannot be used.
  case model(ModelError)
  /// The text or the model is unusable while it is being generated.
  case reference(ReferenceError)
  /// A parameter is missing or has the wrong type.
  case parameter(String)
  /// A tensor is missing or does not fit.
  case tensor(ContainerError)
  /// The shape of a tensor does not fit the others.
  case shape(tensor: String)
  /// The input of part II breaks a clause, or its model cannot be used.
  case peer(PeerFault)
}

extension RequestError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .rejected(let error): error.description
    case .model(let error): error.description
    case .reference(let error): error.description
    case .parameter(let name): "missing-parameter: \(name)"
    case .tensor(let error): "bad-tensor: \(error)"
    case .shape(let name): "bad-shape: \(name)"
    case .peer(let fault): fault.description
    }
  }

  /// The code in the Spec's list of rejections; nil if the fault has none.
  package var rejectionCode: String? {
    switch self {
    case .rejected(let error): error.code
    case .model(let error): error.rejectionCode
    case .reference(let error): error.rejectionCode
    case .peer(let fault): fault.code
    case .parameter, .tensor, .shape: nil
    }
  }
}

extension Request {
  package func integer(_ name: String) throws(RequestError) -> Int {
    guard case .integer(let value)? = parameters[name] else { throw .parameter(name) }
    return value
  }

  package func real(_ name: String) throws(RequestError) -> Double {
    switch parameters[name] {
    case .real(let value): return value
    case .integer(let value): return Double(value)
    case .word, nil: throw .parameter(name)
    }
  }

  package func word(_ name: String) throws(RequestError) -> String {
    guard case .word(let value)? = parameters[name] else { throw .parameter(name) }
    return value
  }

  package func tensor(_ name: String) throws(RequestError) -> Tensor {
    do {
      let array = try input.array(name)
      return Tensor(shape: array.shape, values: try array.doubles())
    } catch { throw .tensor(error) }
  }

  /// An integer tensor of the input, flattened.
  package func integers(_ name: String) throws(RequestError) -> [Int] {
    do { return try input.array(name).integers() } catch { throw .tensor(error) }
  }

  /// The texts of a batch: `tokens`, cut by `lengths`.
  package func texts() throws(RequestError) -> [[Int]] {
    let (tokens, lengths) = (try integers("tokens"), try integers("lengths"))
    do {
      return try cutTexts(tokens, by: lengths)
    } catch {
      switch error {
      case .lengths: throw .shape(tensor: "lengths")
      case .tokens: throw .shape(tensor: "tokens")
      }
    }
  }

  package func profile() throws(RequestError) -> Profile {
    let sorted = axes.sorted { $0.key < $1.key }.map { (axis: $0.key, value: $0.value) }
    // An unknown axis is reported before an unknown value (OPS-6).
    let pairs = sorted.filter { Axis(rawValue: $0.axis) == nil } + sorted.filter { Axis(rawValue: $0.axis) != nil }
    return try input { () throws(InputError) in try Profile(pairs) }
  }

  package func lomaParameters() throws(RequestError) -> Parameters {
    let (c, t) = (try integer("c"), try integer("t"))
    return try input { () throws(InputError) in try Parameters(c: c, t: t) }
  }

  package func vocabulary() throws(RequestError) -> Vocabulary {
    let text = try integer("text_vocabulary")
    let (memory, repetition) = (try integer("memory_token"), try integer("repetition_token"))
    let model = try integer("model_vocabulary")
    return try input { () throws(InputError) in
      try Vocabulary(textSize: text, memoryToken: memory, repetitionToken: repetition, modelSize: model)
    }
  }

  /// Rethrows an `InputError` as a `RequestError`.
  package func input<Value>(_ check: () throws(InputError) -> Value) throws(RequestError) -> Value {
    do { return try check() } catch { throw .rejected(error) }
  }

  /// Rethrows a `ModelError` as a `RequestError`.
  func model<Value>(_ step: () throws(ModelError) -> Value) throws(RequestError) -> Value {
    do { return try step() } catch { throw .model(error) }
  }

  /// Runs a step of a generator under this error type.
  func model<Value>(_ step: () throws(ReferenceError) -> Value) throws(RequestError) -> Value {
    do { return try step() } catch { throw .reference(error) }
  }
}
