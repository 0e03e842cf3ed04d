// The model that is read with, and why a question cannot be answered.

import LoMA
import LoMAReference
import NaiveLlama

/// Why there is no answer.
enum Fault: Error {
  /// Nothing was loaded.
  case noModel
  case input(InputError)
  case model(ModelError)
  case reference(ReferenceError)
  /// A mistake that this module does not know, or an answer that it spoils altogether.
  case mistake(String)

  var description: String {
    switch self {
    case .noModel: "there is no model"
    case .input(let error): error.description
    case .model(let error): error.description
    case .reference(let error): error.description
    case .mistake(let words): words
    }
  }
}

/// Rethrows what the rooms throw.
func input<Value>(_ body: () throws(InputError) -> Value) throws(Fault) -> Value {
  do { return try body() } catch { throw .input(error) }
}
func model<Value>(_ body: () throws(ModelError) -> Value) throws(Fault) -> Value {
  do { return try body() } catch { throw .model(error) }
}
func reference<Value>(_ body: () throws(ReferenceError) -> Value) throws(Fault) -> Value {
  do { return try body() } catch { throw .reference(error) }
}

/// A model in memory.
struct LoadedModel {
  let configuration: Configuration
  let vocabulary: Vocabulary
  /// What it was trained with.
  let (c, t): (Int, Int)
  var parameters: ParameterSet

  nonisolated(unsafe) static var current: LoadedModel?
}

/// Begins a model: V', hidden, intermediate, layers, H, H_kv, d, whether the head is tied, V, `<m>`, `<r>`, c and t are
/// given.
/// Answers the names of its parameters, in the order in which `weigh` numbers them.
@_expose(wasm, "configure")
@_cdecl("configure")
public func configure(_ epsilon: Double, _ theta: Double) -> Int32 {
  JSON.answer { json throws(Fault) in
    var given = Given()
    let (size, hidden, intermediate, layers) = (given.next(), given.next(), given.next(), given.next())
    let (heads, keyValueHeads, dimension, tied) = (given.next(), given.next(), given.next(), given.next())
    let (textSize, memory, repetition) = (given.next(), given.next(), given.next())
    let (c, t) = (given.next(), given.next())
    let configuration = try model { () throws(ModelError) in
      try Configuration(
        vocabularySize: size, hiddenSize: hidden, intermediateSize: intermediate, layers: layers, queryHeads: heads,
        keyValueHeads: keyValueHeads, headDimension: dimension, epsilon: epsilon, theta: theta, tiesHead: tied != 0)
    }
    let vocabulary = try input { () throws(InputError) in
      try Vocabulary(textSize: textSize, memoryToken: memory, repetitionToken: repetition, modelSize: size)
    }
    LoadedModel.current = LoadedModel(
      configuration: configuration, vocabulary: vocabulary, c: c, t: t, parameters: ParameterSet([:]))
    json.list("parameters") { for parameter in configuration.parameters { $0.string(parameter.name) } }
  }
}

/// Takes the values of one parameter, an integer each whose lower two bytes are a bf16 number.
@_expose(wasm, "weigh")
@_cdecl("weigh")
public func weigh(_ index: Int32) {
  guard let parameters = LoadedModel.current?.configuration.parameters, index < parameters.count else { return }
  let (name, shape) = parameters[Int(index)]
  LoadedModel.current?.parameters.tensors[name] = Tensor(shape: shape, values: Given().narrow)
}
