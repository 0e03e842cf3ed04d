// CCM-20…CCM-22: what is trained beside the base model: low-rank updates of four projections a layer, and the
// embeddings of the memory tokens; their names, shapes and first values.

import LoMAPeers
import NaiveLlama

/// The four projections of attention that conditional LoRA updates, under their checkpoint names (CCM-20).
package enum AdaptedProjection: String, CaseIterable, Hashable, Sendable {
  /// Wq.
  case query = "q_proj"
  /// Wk.
  case key = "k_proj"
  /// Wv.
  case value = "v_proj"
  /// Wo.
  case output = "o_proj"
}

/// r and α (CCM-20).
package struct AdapterSettings: Hashable, Sendable {
  /// r, the rank of every update; 8 in the released configurations.
  package let rank: Int
  /// α; 16 in the released configurations.
  package let alpha: Double

  /// Throws `rankBelowOne` or `nonFiniteAlpha`.
  package init(rank: Int, alpha: Double) throws(PeerReferenceError) {
    guard rank >= 1 else { throw .rankBelowOne(rank) }
    guard alpha.isFinite else { throw .nonFiniteAlpha }
    self.rank = rank
    self.alpha = alpha
  }

  /// α/r.
  package var scale: Double { alpha / Double(rank) }
}

/// The names of the adapter's tensors, as PEFT writes them (CCM-22).
package enum AdapterParameterName {
  private static let prefix = "base_model.model.model."
  /// COMP_0 … COMP_{n−1}, then SUM_0 … SUM_{n−1} if the adapter is for merges too: [m, hidden], m = n or 2n.
  package static let memoryEmbedding = prefix + "embed_tokens.comp_embeddings.weight"

  /// A of a projection: [r, in].
  package static func a(layer: Int, _ projection: AdaptedProjection) -> String {
    prefix + "layers.\(layer).self_attn." + projection.rawValue + ".lora_A.weight"
  }

  /// B of a projection: [out, r].
  package static func b(layer: Int, _ projection: AdaptedProjection) -> String {
    prefix + "layers.\(layer).self_attn." + projection.rawValue + ".lora_B.weight"
  }
}

/// The trained part of a compressed context memory (CCM-21).
package struct ContextAdapter: Hashable, Sendable {
  /// r and α.
  package let settings: AdapterSettings
  /// A and B of every layer's projections, and the memory embeddings, under the names of CCM-22.
  package var parameters: ParameterSet

  /// An adapter of these tensors, unchecked.
  package init(settings: AdapterSettings, parameters: ParameterSet) {
    self.settings = settings
    self.parameters = parameters
  }

  /// Every tensor with its shape: m memory embeddings, then q, k, v, o of each layer, A before B.
  package static func shapes(
    _ configuration: Configuration, memoryEmbeddings m: Int, rank: Int
  ) -> [(name: String, shape: [Int])] {
    let hidden = configuration.hiddenSize
    let query = configuration.heads.query * configuration.heads.dimension
    let keyValue = configuration.heads.keyValue * configuration.heads.dimension
    var shapes = [(name: AdapterParameterName.memoryEmbedding, shape: [m, hidden])]
    for layer in 0..<configuration.layers {
      for projection in AdaptedProjection.allCases {
        let (inputs, outputs) =
          switch projection {
          case .query: (hidden, query)
          case .key, .value: (hidden, keyValue)
          case .output: (query, hidden)
          }
        shapes.append((name: AdapterParameterName.a(layer: layer, projection), shape: [rank, inputs]))
        shapes.append((name: AdapterParameterName.b(layer: layer, projection), shape: [outputs, rank]))
      }
    }
    return shapes
  }

  /// m: the rows of the memory embeddings.
  package var memoryEmbeddings: Int { parameters.tensors[AdapterParameterName.memoryEmbedding]?.shape.first ?? 0 }

  /// Every tensor with its shape, for this adapter's r and m.
  package func shapes(_ configuration: Configuration) -> [(name: String, shape: [Int])] {
    Self.shapes(configuration, memoryEmbeddings: memoryEmbeddings, rank: settings.rank)
  }

  /// Checks that the tensors are exactly those of a configuration, in their shapes and finite (CCM-22).
  ///
  /// m is 2n, or n if nothing is merged. Throws `vocabularyMismatch`, `adapterShapeMismatch` or `nonFiniteWeight`.
  package func check(_ configuration: Configuration, _ context: ContextParameters) throws(PeerReferenceError) {
    guard context.textSize == configuration.vocabularySize else {
      throw .rejected(
        .vocabularyMismatch(textVocabulary: context.textSize, modelVocabulary: configuration.vocabularySize))
    }
    let (n, m) = (context.memoryTokens, memoryEmbeddings)
    let holdsSums = m % 2 == 0 && m / 2 == n
    guard holdsSums || m == n && context.profile.memory == .concat else {
      throw .adapterShapeMismatch(tensor: AdapterParameterName.memoryEmbedding)
    }
    let expected = shapes(configuration)
    for (name, shape) in expected where parameters.tensors[name]?.shape != shape {
      throw .adapterShapeMismatch(tensor: name)
    }
    let names = Set(expected.map { $0.name })
    for name in parameters.names where !names.contains(name) { throw .adapterShapeMismatch(tensor: name) }
    for name in parameters.names {
      for (index, value) in (parameters.tensors[name]?.values ?? []).enumerated() where !value.isFinite {
        throw .model(.nonFiniteWeight(tensor: name, index: index))
      }
    }
  }

  /// A tensor by its name.
  package func tensor(_ name: String) throws(ModelError) -> Tensor {
    guard let tensor = parameters.tensors[name] else { throw .missingTensor(name) }
    return tensor
  }

  /// B·A of a projection of a layer, at a scale.
  package func update(
    layer: Int, _ projection: AdaptedProjection, scale: Double
  ) throws(ModelError) -> LowRankUpdate {
    LowRankUpdate(
      a: try tensor(AdapterParameterName.a(layer: layer, projection)),
      b: try tensor(AdapterParameterName.b(layer: layer, projection)), scale: scale)
  }
}

// MARK: - First values and drawn ones

extension ContextAdapter {
  /// The values that training starts from (CCM-21): A uniform in ±1/√in, which is Kaiming's with a = √5; B = 0; the
  /// k-th memory embedding counted from the end the mean of the base's embedding rows ≡ k mod m, m the number of memory
  /// ids.
  ///
  /// A draws in the order of `shapes`, row by row, one draw a value. Throws `noRowsToAverage` if V < m.
  package static func initial(
    base: Weights, configuration: Configuration, memoryEmbeddings m: Int, settings: AdapterSettings,
    numbers: inout SeededNumbers
  ) throws(PeerReferenceError) -> ContextAdapter {
    let table = try modelling(try base.tensor(ParameterName.embedding))
    var tensors: [String: Tensor] = [:]
    for (name, shape) in shapes(configuration, memoryEmbeddings: m, rank: settings.rank) {
      tensors[name] = Tensor(zeros: shape)
    }
    tensors[AdapterParameterName.memoryEmbedding] = try means(of: table, count: m)
    for layer in 0..<configuration.layers {
      for projection in AdaptedProjection.allCases {
        let name = AdapterParameterName.a(layer: layer, projection)
        guard var a = tensors[name] else { preconditionFailure("a factor for every projection") }
        let bound = 1 / Double(a.columns).squareRoot()
        for i in a.values.indices { a.values[i] = (2 * numbers.unitInterval() - 1) * bound }
        tensors[name] = a
      }
    }
    return ContextAdapter(settings: settings, parameters: ParameterSet(tensors))
  }

  /// Row m − 1 − k is the mean of the table's rows k, k + m, …: [m, hidden], each sum by rising row.
  private static func means(of table: Tensor, count m: Int) throws(PeerReferenceError) -> Tensor {
    guard table.rows >= m else { throw .noRowsToAverage(textVocabulary: table.rows, memoryEmbeddings: m) }
    var means = Tensor(zeros: [m, table.columns])
    for k in 0..<m {
      let rows = Array(stride(from: k, to: table.rows, by: m))
      for column in 0..<table.columns {
        var sum = 0.0
        for row in rows { sum += table[row, column] }
        means[m - 1 - k, column] = sum / Double(rows.count)
      }
    }
    return means
  }

  /// Values in which mistakes show, like `ParameterSet.highVariance`: factors with standard deviation 1.5/√fan-in,
  /// embeddings with 1, drawn in the order of `shapes`, every value exact in bf16.
  package static func highVariance(
    _ configuration: Configuration, memoryEmbeddings m: Int, settings: AdapterSettings,
    numbers: inout SeededNumbers
  ) -> ContextAdapter {
    var tensors: [String: Tensor] = [:]
    for (name, shape) in shapes(configuration, memoryEmbeddings: m, rank: settings.rank) {
      let deviation = name == AdapterParameterName.memoryEmbedding ? 1 : 1.5 / Double(shape[1]).squareRoot()
      var values: [Double] = []
      for _ in 0..<shape[0] * shape[1] { values.append(numbers.deviate(mean: 0, standardDeviation: deviation)) }
      tensors[name] = Tensor(shape: shape, values: values)
    }
    return ContextAdapter(settings: settings, parameters: ParameterSet(tensors))
  }
}
