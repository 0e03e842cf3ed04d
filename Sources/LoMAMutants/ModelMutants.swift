// MOD: a decoder with a wrong stage.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors
import NaiveLlama

extension Mutant {
  static var models: [Mutant] { norms + rotations + heads + blocks }

  private static let norm: Set<Operation> = Set.models.union([.rmsNorm, .decoderLayer])
  private static let rotation: Set<Operation> = Set.models.union([.rope, .decoderLayer])
  private static let attention: Set<Operation> = Set.models.union([.attention, .decoderLayer])
  private static let activation: Set<Operation> = Set.models.union([.feedForward, .decoderLayer])

  private static func norm(
    _ id: String, _ sentence: String, _ wrong: @escaping @Sendable (Tensor, [Double], Double) -> Tensor
  ) -> Mutant {
    functions(id, .model, sentence, on: norm) { $0.rmsNorm = wrong }
  }

  private static var norms: [Mutant] {
    [
      norm("M090", "I left ε out") { x, gain, _ in RMSNorm.forward(x, gain: gain, epsilon: 0) },
      norm("M091", "I took a tenth of ε, as 1e-6 for 1e-5") { RMSNorm.forward($0, gain: $1, epsilon: $2 / 10) },
      norm("M092", "I took ten times ε, as 1e-5 for 1e-6") { RMSNorm.forward($0, gain: $1, epsilon: $2 * 10) },
      norm("M093", "I added ε to the root, not under it") { x, gain, epsilon in
        var y = RMSNorm.forward(x, gain: gain, epsilon: 0)
        for r in 0..<x.rows {
          let root = (x.row(r).reduce(0) { $0 + $1 * $1 } / Double(x.columns)).squareRoot()
          for i in 0..<x.columns { y[r, i] = x[r, i] / (root + epsilon) * gain[i] }
        }
        return y
      },
      norm("M094", "I subtracted the mean first, as LayerNorm does") { x, gain, epsilon in
        var centred = x
        for r in 0..<x.rows {
          let mean = x.row(r).reduce(0, +) / Double(x.columns)
          for i in 0..<x.columns { centred[r, i] -= mean }
        }
        return RMSNorm.forward(centred, gain: gain, epsilon: epsilon)
      },
      norm("M108", "I ignored rms_norm_eps and took 1e-6") { x, gain, _ in
        RMSNorm.forward(x, gain: gain, epsilon: 1e-6)
      },
    ]
  }

  private static func angles(
    _ id: String, _ sentence: String, _ wrong: @escaping @Sendable ([Int], Rotation) -> RotaryAngles
  ) -> Mutant {
    functions(id, .model, sentence, on: rotation) { $0.angles = wrong }
  }

  private static var rotations: [Mutant] {
    [
      angles("M095", "I took θ + 1 for θ: 10001 for 10000") {
        RotaryAngles(positions: $0, rotation: $1.with(theta: $1.theta + 1))
      },
      angles("M096", "I ignored rope_theta and took 10000") {
        RotaryAngles(positions: $0, rotation: $1.with(theta: 10_000))
      },
      angles("M097", "I took the frequencies of head_dim + 2") { positions, rotation in
        let d = rotation.headDimension
        // θ'^(−2i/d) = θ^(−2i/(d + 2)).
        let other = Elementary.power(rotation.theta, Double(d) / Double(d + 2))
        return RotaryAngles(positions: positions, rotation: rotation.with(theta: other))
      },
      functions("M098", .model, "I rotated neighbours, not halves", on: rotation) { functions in
        functions.rotate = { x, angles in Self.interleaved(x, angles) }
      },
      functions("M099", .model, "I rotated the values too", on: Set.models.union([.decoderLayer])) { functions in
        functions.rotateValues = { RotaryPosition.forward($0, angles: $1) }
      },
      functions("M100", .model, "I rotated backwards", on: rotation) { functions in
        functions.rotate = { RotaryPosition.backward($0, angles: $1) }
      },
    ]
  }

  static func interleaved(_ x: Tensor, _ angles: RotaryAngles) -> Tensor {
    let half = angles.cosines.columns
    var y = x
    for r in 0..<x.rows {
      for head in stride(from: 0, to: x.columns, by: 2 * half) {
        for i in 0..<half {
          let (a, b) = (x[r, head + 2 * i], x[r, head + 2 * i + 1])
          let (cosine, sine) = (angles.cosines[r, i], angles.sines[r, i])
          y[r, head + 2 * i] = a * cosine - b * sine
          y[r, head + 2 * i + 1] = b * cosine + a * sine
        }
      }
    }
    return y
  }

  private static func scaled(
    _ id: String, _ sentence: String, _ factor: @escaping @Sendable (AttentionHeads) -> Double
  ) -> Mutant {
    functions(id, .model, sentence, on: attention) { functions in
      functions.attend = { q, k, v, visible, heads, workers in
        let other = Tensor(shape: q.shape, values: q.values.map { $0 * factor(heads) })
        return Attention.forward(other, k, v, visible: visible, heads: heads, workers: workers)
      }
    }
  }

  private static var heads: [Mutant] {
    [
      scaled("M101", "I scaled scores by 1/√(H·d), not 1/√d") { 1 / Double($0.query).squareRoot() },
      scaled("M102", "I did not scale scores") { Double($0.dimension).squareRoot() },
      functions("M103", .model, "I let query head h read KV head h mod H_kv", on: attention) { functions in
        functions.attend = { q, k, v, visible, heads, workers in
          reading(q, k, v, visible, heads, workers) { _, h in h % heads.keyValue }
        }
      },
    ]
  }

  /// Attention whose query heads read wrong KV heads, row by row.
  static func reading(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, _ visible: VisibleKeys, _ heads: AttentionHeads, _ workers: Workers,
    _ head: (_ key: Int, _ query: Int) -> Int
  ) -> AttentionOutput {
    func spread(_ x: Tensor) -> Tensor {
      var values: [Double] = []
      for r in 0..<x.rows {
        for h in 0..<heads.query {
          // A head beyond the last of its row is one of the next row.
          let cell = r * x.columns + head(r, h) * heads.dimension
          values += (0..<heads.dimension).map { x.values[(cell + $0) % x.values.count] }
        }
      }
      return Tensor(shape: [x.rows, heads.query * heads.dimension], values: values)
    }
    let all = AttentionHeads(query: heads.query, keyValue: heads.query, dimension: heads.dimension)
    return Attention.forward(q, spread(k), spread(v), visible: visible, heads: all, workers: workers)
  }

  private static var blocks: [Mutant] {
    [
      functions("M104", .model, "I swapped gate and up", on: activation) { functions in
        functions.activate = { FeedForward.forward(gate: $1, up: $0, workers: $2) }
      },
      functions("M105", .model, "I took GELU for SiLU", on: activation) { functions in
        functions.activate = { gate, up, _ in
          Tensor(shape: gate.shape, values: zip(gate.values, up.values).map { Self.gelu($0) * $1 })
        }
      },
      Mutant("M106", .model, "I took an untied head to be the embedding", on: .models) { answers, request in
        guard let path = request.model, let model = answers.models[path], !model.configuration.tiesHead else {
          return nil
        }
        guard let tied = try? model.configuration.with(tiedHead: true) else { return nil }
        var (answers, parameters) = (answers, model.parameters)
        parameters.tensors[ParameterName.head] = nil
        answers.models[path] = Model(configuration: tied, parameters: parameters, stated: model.stated)
        return (answers, request)
      },
      Mutant("M107", .model, "I left out the last RMSNorm", on: .models) { answers, request in
        guard let path = request.model, let model = answers.models[path] else { return nil }
        guard let final = model.parameters.tensors[ParameterName.finalNorm]?.values else { return nil }
        var answers = answers
        let right = answers.functions.rmsNorm
        // The norms of a model are recognised by their gains.
        answers.functions.rmsNorm = { x, gain, epsilon in gain == final ? x : right(x, gain, epsilon) }
        return (answers, request)
      },
    ]
  }

  /// ½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))), with tanh z computed from e^2z.
  private static func gelu(_ x: Double) -> Double {
    let z = (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)
    return x * (1 - 1 / (1 + Elementary.exponential(2 * z)))
  }
}

extension Configuration {
  /// The configuration with the embedding as its head, or with a head of its own.
  func with(tiedHead: Bool) throws(ModelError) -> Configuration {
    try Configuration(
      vocabularySize: vocabularySize, hiddenSize: hiddenSize, intermediateSize: intermediateSize, layers: layers,
      queryHeads: heads.query, keyValueHeads: heads.keyValue, headDimension: heads.dimension, epsilon: epsilon,
      theta: theta, tiesHead: tiedHead, family: family, scaling: rotation.scaling, biases: biases,
      normalisesQueriesAndKeys: normalisesQueriesAndKeys, maximumPositions: maximumPositions,
      slidingWindow: slidingWindow)
  }
}
