// MOD-7: intermediates taken from another stage than their names say.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors
import NaiveLlama

extension Mutant {
  /// Returns another intermediate under a name; not asked if it is the right one.
  private static func capturing(
    _ id: String, _ sentence: String, _ other: @escaping @Sendable (_ name: String, _ layers: Int) -> String
  ) -> Mutant {
    Mutant(id, .model, sentence, on: [.forward]) { answers, request in
      guard let layers = request.configuration(answers)?.layers else { return nil }
      let taken = request.captures.map { other($0, layers) }
      guard taken != request.captures else { return nil }
      var answers = answers
      answers.finish = { tensors in
        tensors.prefix(1) + zip(request.captures, tensors.dropFirst()).map { $1.named($0) }
      }
      return (answers, request.with(captures: taken))
    }
  }

  static var captured: [Mutant] {
    [
      capturing("M260", "I captured hidden.k behind the norm of layer k") { name, layers in
        (0..<layers).contains { name == "hidden.\($0)" }
          ? "layers.\(name.dropFirst("hidden.".count)).attention.norm" : name
      },
      capturing("M261", "I captured the middle behind its norm") { name, _ in
        name.hasSuffix(".middle") ? name.dropLast("middle".count) + "feed_forward.norm" : name
      },
      capturing("M262", "I captured the last hidden state behind the last norm, as Hugging Face does") { name, layers in
        name == "hidden.\(layers)" ? "final_norm" : name
      },
      answers("M263", .model, "I captured keys before their rotation", on: [.forward]) { answers, request in
        guard let configuration = request.configuration(answers) else { return }
        let positions = request.rows(answers).flatMap { $0 }.map { $0.position }
        let angles = RotaryAngles(positions: positions, rotation: configuration.rotation)
        answers.finish = { tensors in
          tensors.map { tensor in
            // Beside a mistake that adds or loses rows the keys are not those of these positions.
            guard tensor.name.hasSuffix(".attention.key"), let keys = tensor.rows, keys.rows == positions.count else {
              return tensor
            }
            return .tensor(
              tensor.name,
              Tensor(shape: tensor.shape, values: RotaryPosition.backward(keys, angles: angles).values))
          }
        }
      }.asked { _, request in request.captures.contains { $0.hasSuffix(".attention.key") } },
      unnormed,
    ]
  }

  /// The logits of memory rows from the last layer's output, without the final norm.
  private static var unnormed: Mutant {
    Mutant("M264", .model, "I left out the last RMSNorm at memory rows", on: [.forward]) { answers, request in
      guard let path = request.model, let model = answers.models[path],
        let head = model.parameters.tensors[model.configuration.headName]
      else { return nil }
      let places = request.rows(answers).flatMap { $0 }.map { $0.place }
      let memory = places.indices.filter { places[$0].zone == .memory }
      guard !memory.isEmpty else { return nil }
      var answers = answers
      let (name, functions) = ("hidden.\(model.configuration.layers)", answers.functions)
      answers.finish = { tensors in
        guard let hidden = tensors.last?.rows else { return tensors }
        let logits = functions.round(functions.linear(hidden, head, functions.workers))
        return tensors.dropLast().map { tensor in
          switch tensor.name {
          case "logits": tensor.replacing(rows: memory, by: logits)
          case "final_norm": tensor.replacing(rows: memory, by: hidden)
          default: tensor
          }
        }
      }
      return (answers, request.with(captures: request.captures + [name]))
    }
  }
}

extension Request {
  /// The request with other intermediates beside the logits.
  fileprivate func with(captures: [String]) -> Request {
    Request(operation, axes: axes, parameters: parameters, model: model, input: input, captures: captures)
  }
}

extension ResultTensor {
  fileprivate func named(_ name: String) -> ResultTensor { ResultTensor(name: name, shape: shape, content: content) }

  /// The tensor as a matrix whose columns are its last dimension; nil for integers.
  fileprivate var rows: Tensor? {
    guard case .doubles(let values) = content, let width = shape.last else { return nil }
    return Tensor(shape: [shape.dropLast().reduce(1, *), width], values: values)
  }

  /// The tensor with some rows replaced by those of a matrix, as far as it has them.
  fileprivate func replacing(rows indices: [Int], by other: Tensor) -> ResultTensor {
    guard var own = rows, own.shape == other.shape else { return self }
    for row in indices where row < own.rows {
      for column in 0..<own.columns { own[row, column] = other[row, column] }
    }
    return .tensor(name, Tensor(shape: shape, values: own.values))
  }
}
