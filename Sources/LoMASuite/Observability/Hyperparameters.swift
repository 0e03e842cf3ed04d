// Every hyperparameter off by the smallest wrong amount.

import LoMA
import LoMAReference

extension Change {
  static var hyperparameters: [Change] { norms + rotations + attention + heads + method }

  private static func norm(
    _ id: String, _ sentence: String, _ wrong: @escaping @Sendable (Tensor, [Double], Double) -> Tensor
  ) -> Change {
    functions(id, .hyperparameter, sentence) { $0.rmsNorm = wrong }
  }

  private static var norms: [Change] {
    [
      norm("epsilon-dropped", "ε is left out") { x, gain, _ in RMSNorm.forward(x, gain: gain, epsilon: 0) },
      norm("epsilon-tenth", "a tenth of ε, as 1e-6 for 1e-5") {
        RMSNorm.forward($0, gain: $1, epsilon: $2 / 10)
      },
      norm("epsilon-tenfold", "ten times ε, as 1e-5 for 1e-6") {
        RMSNorm.forward($0, gain: $1, epsilon: $2 * 10)
      },
      norm("epsilon-outside-root", "ε is added to the root, not under it") { x, gain, epsilon in
        var y = RMSNorm.forward(x, gain: gain, epsilon: 0)
        for r in 0..<x.rows {
          let root = (x.row(r).reduce(0) { $0 + $1 * $1 } / Double(x.columns)).squareRoot()
          for i in 0..<x.columns { y[r, i] = x[r, i] / (root + epsilon) * gain[i] }
        }
        return y
      },
    ]
  }

  private static func angles(
    _ id: String, _ sentence: String, _ wrong: @escaping @Sendable ([Int], Int, Double) -> RotaryAngles
  ) -> Change {
    functions(id, .hyperparameter, sentence) { $0.angles = wrong }
  }

  private static var rotations: [Change] {
    [
      angles("theta-one-more", "θ + 1: 1001 for 1000, 10001 for 10000") {
        RotaryAngles(positions: $0, headDimension: $1, theta: $2 + 1)
      },
      angles("theta-10000", "θ is taken to be 10000") { positions, d, _ in
        RotaryAngles(positions: positions, headDimension: d, theta: 10_000)
      },
      angles("position-one-more", "every position + 1, which attention itself cannot see") {
        RotaryAngles(positions: $0.map { $0 + 1 }, headDimension: $1, theta: $2)
      },
      angles("position-is-row", "positions are row indices of what is fed") {
        RotaryAngles(positions: Array($0.indices), headDimension: $1, theta: $2)
      },
      angles("head-dim-two-more", "frequencies of head_dim + 2") { positions, d, theta in
        // θ'^(−2i/d) = θ^(−2i/(d + 2)).
        let other = Elementary.power(theta, Double(d) / Double(d + 2))
        return RotaryAngles(positions: positions, headDimension: d, theta: other)
      },
    ]
  }

  private static var attention: [Change] {
    [
      functions("scale-of-width", .hyperparameter, "scores are scaled by 1/√(H·d), not 1/√d") {
        $0.attend = { q, k, v, visible, heads, workers in
          let factor = 1 / Double(heads.query).squareRoot()
          let smaller = Tensor(shape: q.shape, values: q.values.map { $0 * factor })
          return Attention.forward(smaller, k, v, visible: visible, heads: heads, workers: workers)
        }
      },
      functions("heads-interleaved", .hyperparameter, "query head h reads KV head h mod H_kv, not its block's") {
        $0.attend = { q, k, v, visible, heads, workers in
          let spread = { (x: Tensor) in
            let columns = (0..<heads.query).flatMap { h in
              (0..<heads.dimension).map { h % heads.keyValue * heads.dimension + $0 }
            }
            return Tensor(
              shape: [x.rows, columns.count], values: (0..<x.rows).flatMap { r in columns.map { x[r, $0] } })
          }
          let all = AttentionHeads(query: heads.query, keyValue: heads.query, dimension: heads.dimension)
          return Attention.forward(q, spread(k), spread(v), visible: visible, heads: all, workers: workers)
        }
      },
    ]
  }

  private static var heads: [Change] {
    [
      Change(id: "head-tied", subject: .hyperparameter, sentence: "an untied head is taken to be the embedding") {
        answers, request in
        guard let path = request.model, let model = answers.models[path], !model.configuration.tiesHead else {
          return nil
        }
        guard let tied = try? model.configuration.tied() else { return nil }
        var answers = answers
        answers.models[path] = ModelInMemory(configuration: tied, parameters: model.parameters)
        return (answers, request)
      },
      Change(id: "final-norm-missing", subject: .hyperparameter, sentence: "the last RMSNorm is missing") {
        answers, request in
        guard let path = request.model, let model = answers.models[path] else { return nil }
        guard let final = model.parameters.tensors[ParameterName.finalNorm]?.values else { return nil }
        var answers = answers
        let right = answers.functions.rmsNorm
        // The norms of a model are told apart by their gains.
        answers.functions.rmsNorm = { x, gain, epsilon in gain == final ? x : right(x, gain, epsilon) }
        return (answers, request)
      },
    ]
  }

  private static func off(_ name: String, by amount: Int) -> Change {
    parameters("\(name)\(amount < 0 ? "-less" : "-more")", "\(name) \(amount < 0 ? "− 1" : "+ 1")") { parameters in
      guard case .integer(let value)? = parameters[name], value + amount >= 1 else { return nil }
      return parameters.adding([name: .integer(value + amount)])
    }
  }

  private static var method: [Change] {
    [
      off("c", by: 1), off("c", by: -1), off("t", by: 1), off("t", by: -1),
      parameters("special-ids-swapped", "`<m>` and `<r>` are swapped") { parameters in
        guard let memory = parameters["memory_token"], let repetition = parameters["repetition_token"] else {
          return nil
        }
        return parameters.adding(["memory_token": repetition, "repetition_token": memory])
      },
    ]
  }
}

extension Configuration {
  /// The same with the embedding table as its head.
  fileprivate func tied() throws(ModelError) -> Configuration {
    try Configuration(
      vocabularySize: vocabularySize, hiddenSize: hiddenSize, intermediateSize: intermediateSize, layers: layers,
      queryHeads: heads.query, keyValueHeads: heads.keyValue, headDimension: heads.dimension, epsilon: epsilon,
      theta: theta, tiesHead: true)
  }
}
