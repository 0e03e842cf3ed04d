// OPS-1, MOD-1, MOD-4, LOS-6: numbers from elsewhere than the request or the model, or right for some models only.

import LoMA
import LoMAVectors
import NaiveLlama

extension Mutant {
  static var configured: [Mutant] { thetas + stated + groups + optimiserNumbers }

  private static func theta(_ id: String, _ sentence: String, on operations: Set<Operation>) -> Mutant {
    functions(id, .model, sentence, on: operations) { functions in
      let right = functions.angles
      functions.angles = { right($0, $1.with(theta: $1.theta.rounded(.towardZero))) }
    }.asked { answers, request in request.theta(answers).map { $0 != $0.rounded(.towardZero) } ?? false }
  }

  private static var thetas: [Mutant] {
    [
      theta("M250", "I read rope_theta as an integer", on: .models),
      theta("M251", "I took θ for an integer, wherever it is from", on: .rotating),
      functions("M254", .model, "I ignored rms_norm_eps and took 1e-5", on: .normalising) {
        $0.rmsNorm = { x, gain, _ in RMSNorm.forward(x, gain: gain, epsilon: 1e-5) }
      }.asked { answers, request in (request.configuration(answers)?.epsilon ?? (try? request.epsilon())) != 1e-5 },
    ]
  }

  /// Some parameters of the request replaced by those in the model's files.
  private static func stated(_ id: String, _ sentence: String, _ names: Set<String>) -> Mutant {
    Mutant(id, .model, sentence, on: .models) { answers, request in
      guard let stated = request.model.flatMap({ answers.models[$0]?.stated }) else { return nil }
      let parameters = request.parameters.adding(stated.filter { names.contains($0.key) })
      return parameters == request.parameters ? nil : (answers, request.with(parameters: parameters))
    }
  }

  private static var stated: [Mutant] {
    [
      stated("M252", "I took c and t from config.json, not from the request", ["c", "t"]),
      stated(
        "M253", "I took V, `<m>` and `<r>` from config.json, not from the request",
        ["text_vocabulary", "memory_token", "repetition_token"]),
    ]
  }

  private static var groups: [Mutant] {
    [
      Mutant(
        "M255", .model, "I scaled scores by 1/√(hidden/H) where head_dim is another",
        on: Set.models.union([.decoderLayer])
      ) { answers, request in
        guard let heads = request.heads(answers),
          let hidden = request.configuration(answers)?.hiddenSize ?? (try? request.matrix("x").columns),
          hidden != heads.query * heads.dimension
        else { return nil }
        var answers = answers
        let right = answers.functions.attend
        let factor = (Double(heads.dimension) * Double(heads.query) / Double(hidden)).squareRoot()
        answers.functions.attend = { q, k, v, visible, heads, workers in
          right(Tensor(shape: q.shape, values: q.values.map { $0 * factor }), k, v, visible, heads, workers)
        }
        return (answers, request)
      },
      functions("M256", .model, "I let query head h read KV head h mod H_kv in groups of 3", on: .attending) {
        $0.attend = { q, k, v, visible, heads, workers in
          reading(q, k, v, visible, heads, workers) { _, h in h % heads.keyValue }
        }
      }.asked { answers, request in
        request.heads(answers).map { $0.keyValue > 1 && $0.query == 3 * $0.keyValue } ?? false
      },
      functions("M257", .model, "I repeated the one KV head along the rows, not along the heads", on: .attending) {
        $0.attend = { q, k, v, visible, heads, workers in
          // Head h of row r is number r·H + h of the repeated rows, counted here from row r.
          reading(q, k, v, visible, heads, workers) { r, h in r * (heads.query - 1) + h }
        }
      }.asked { answers, request in request.heads(answers).map { $0.keyValue == 1 && $0.query > 1 } ?? false },
    ]
  }

  /// The optimiser with other numbers than the request's.
  private static func optimiser(_ id: String, _ sentence: String, _ numbers: [String: Double]) -> Mutant {
    parameters(id, .optimiser, sentence, on: [.trainStep]) { parameters in
      let other = parameters.adding(numbers.mapValues { .real($0) })
      return other == parameters ? nil : other
    }
  }

  private static var optimiserNumbers: [Mutant] {
    [
      optimiser(
        "M258", "I wrote down the optimiser's numbers as the first cases have them",
        [
          "learning_rate": 0x1p-7, "beta1": 0.875, "beta2": 0.9375, "adam_epsilon": 0x1p-10, "weight_decay": 0.125,
        ]),
      optimiser(
        "M259", "I passed the learning rate alone, and left β₁, β₂, ε and the decay at PyTorch's",
        ["beta1": 0.9, "beta2": 0.999, "adam_epsilon": 1e-8, "weight_decay": 0.01]),
    ]
  }
}
