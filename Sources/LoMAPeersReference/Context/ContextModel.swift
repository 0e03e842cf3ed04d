// CCM-17…CCM-20: a Llama with a compressed context memory: the rows of a text, or of a pass behind a cache, through
// every layer. ContextModelBackward.swift inverts each step.

import LoMAPeers
import NaiveLlama

/// Everything a layer computed, for captures and for the backward pass; rows are those fed now.
package struct ContextLayerTrace: Hashable, Sendable {
  /// x: [rows, hidden].
  package let input: Tensor
  /// RMSNorm of x: [rows, hidden].
  package let attentionNorm: Tensor
  /// Rotated queries: [rows, H·d].
  package let query: Tensor
  /// Keys before the rotation: [rows, H_kv·d].
  package let unrotatedKey: Tensor
  /// Rotated keys, and values, of the rows fed now, as projected: [rows, H_kv·d] each.
  package let own: KeyValues
  /// The same with those of SUM rows replaced by the merged memory (CCM-17).
  package let written: KeyValues
  /// Those of the cache followed by those written now.
  package let all: KeyValues
  /// Context [rows, H·d] and probabilities [H, rows, entries].
  package let attention: AttentionOutput
  /// The output projection of the context: [rows, hidden].
  package let attentionOutput: Tensor
  /// x + attention output: [rows, hidden].
  package let attentionResidual: Tensor
  /// RMSNorm of the residual after attention: [rows, hidden].
  package let feedForwardNorm: Tensor
  /// [rows, intermediate].
  package let gate: Tensor
  /// [rows, intermediate].
  package let up: Tensor
  /// silu(gate) ⊙ up: [rows, intermediate].
  package let activation: Tensor
  /// The down projection: [rows, hidden].
  package let feedForwardOutput: Tensor
  /// Residual after attention + feed-forward output: [rows, hidden].
  package let output: Tensor
}

/// Everything a forward pass computed for the rows fed.
package struct ContextTrace: Hashable, Sendable {
  /// The embeddings fed: [rows, hidden].
  package let embeddings: Tensor
  /// One trace per layer.
  package let layers: [ContextLayerTrace]
  /// The last layer's output: [rows, hidden].
  package let hidden: Tensor
  /// RMSNorm of the last layer's output: [rows, hidden].
  package let finalNorm: Tensor
  /// [rows, V]: memory tokens have no row in the head (CCM-2).
  package let logits: Tensor
}

/// A base model, an adapter, and the decisions.
package struct ContextModel: Sendable {
  /// The shape of the base model; its vocabulary is V.
  package let configuration: Configuration
  /// The base's parameters.
  package let weights: Weights
  /// A, B and the memory embeddings.
  package let adapter: ContextAdapter
  /// V, n, BOS and the axes.
  package let parameters: ContextParameters
  /// What each layer computes, and how its output is rounded.
  package let functions: LayerFunctions
  /// The Spec's rules, or deliberately wrong ones.
  package let rules: ContextRules

  /// A model of weights and an adapter that fit; their `check` says whether they do.
  package init(
    configuration: Configuration, weights: Weights, adapter: ContextAdapter, parameters: ContextParameters,
    functions: LayerFunctions, rules: ContextRules
  ) {
    precondition(configuration.vocabularySize == parameters.textSize, "one V")
    self.configuration = configuration
    self.weights = weights
    self.adapter = adapter
    self.parameters = parameters
    self.functions = functions
    self.rules = rules
  }

  /// An empty cache: no entries in any layer.
  package var noPast: [KeyValues] {
    let empty = Tensor(zeros: [0, configuration.heads.keyValue * configuration.heads.dimension])
    return Array(repeating: KeyValues(keys: empty, values: empty), count: configuration.layers)
  }

  /// The embeddings of rows, each id's own: those below V from the base's table, the others from the adapter (CCM-2).
  package func embed(_ rows: [ContextRow]) throws(ModelError) -> Tensor {
    let isText = rows.map { $0.token < parameters.textSize }
    let (texts, memories) = (rows.indices.filter { isText[$0] }, rows.indices.filter { !isText[$0] })
    var embeddings = Tensor(zeros: [rows.count, configuration.hiddenSize])
    embeddings.replace(rows: texts, by: try functions.embedding(of: texts.map { rows[$0].token }, from: weights))
    let table = try adapter.tensor(AdapterParameterName.memoryEmbedding)
    embeddings.replace(
      rows: memories,
      by: functions.round(table.selecting(rows: memories.map { rows[$0].token - parameters.textSize })))
    return embeddings
  }

  /// A forward pass of a text in the parallel layout, pads included or not.
  package func forward(_ mask: ContextMask) throws(ModelError) -> ContextTrace {
    try forward(mask.rows, embeddings: embed(mask.rows), visible: visible(mask), past: noPast)
  }

  /// The same with every row given its embedding [rows, hidden], whatever its role (CCM-33).
  package func forward(_ mask: ContextMask, embeddings: Tensor) throws(ModelError) -> ContextTrace {
    try forward(mask.rows, embeddings: embeddings, visible: visible(mask), past: noPast)
  }

  /// What the rows of a text see, each row query and key.
  func visible(_ mask: ContextMask) -> VisibleKeys { rules.visible(mask, mask.rows.indices) }

  /// A forward pass of rows given with their embeddings [rows, hidden]; keys are the entries of `past`, then these
  /// rows.
  package func forward(
    _ rows: [ContextRow], embeddings: Tensor, visible: VisibleKeys, past: [KeyValues]
  ) throws(ModelError) -> ContextTrace {
    precondition(embeddings.rows == rows.count && visible.lists.count == rows.count, "one of each per row")
    precondition(past.count == configuration.layers, "a cache per layer")
    let angles = angles(of: rows.map { $0.position })
    var layers: [ContextLayerTrace] = []
    var hidden = embeddings
    for index in 0..<configuration.layers {
      let trace = try layer(
        index, hidden, rows: rows, angles: angles, visible: functions.visibleInLayer(visible, index), past: past[index])
      hidden = trace.output
      layers.append(trace)
    }
    let gain = try weights.tensor(ParameterName.finalNorm).values
    let finalNorm = functions.rmsNorm(hidden, gain: gain, epsilon: configuration.epsilon)
    let logits = functions.linear(finalNorm, weight: try weights.tensor(configuration.headName))
    return ContextTrace(
      embeddings: embeddings, layers: layers, hidden: hidden, finalNorm: finalNorm, logits: logits)
  }

  /// The rotation angles of some positions.
  func angles(of positions: [Int]) -> RotaryAngles {
    functions.angles(positions, configuration.rotation)
  }

  /// One layer: x [rows, hidden] → the trace whose `output` is [rows, hidden].
  private func layer(
    _ index: Int, _ x: Tensor, rows: [ContextRow], angles: RotaryAngles, visible: VisibleKeys, past: KeyValues
  ) throws(ModelError) -> ContextLayerTrace {
    let (f, heads, name) = (functions, configuration.heads, ParameterName.layer(index))
    let gates = rows.map(rules.gate)

    let attentionNorm = try norm(x, name.attentionNorm)
    let query = f.rotate(try adapted(attentionNorm, index, .query, gates), by: angles)
    let unrotatedKey = try adapted(attentionNorm, index, .key, gates)
    let key = f.rotate(unrotatedKey, by: angles)
    let value = f.rotateValues(try adapted(attentionNorm, index, .value, gates), by: angles)
    let own = KeyValues(keys: key, values: value)
    let written = merging(own, unrotatedKey: unrotatedKey, rows: rows)
    let all = past.appending(written)
    let attention = f.attention(query: query, keys: all.keys, values: all.values, visible: visible, heads: heads)
    let attentionOutput = try adapted(attention.context, index, .output, gates)
    let attentionResidual = f.sum(x, attentionOutput)

    let feedForwardNorm = try norm(attentionResidual, name.feedForwardNorm)
    let gate = f.linear(feedForwardNorm, weight: try weights.tensor(name.gate))
    let up = f.linear(feedForwardNorm, weight: try weights.tensor(name.up))
    let activation = f.activation(gate: gate, up: up)
    let feedForwardOutput = f.linear(activation, weight: try weights.tensor(name.down))
    let output = f.sum(attentionResidual, feedForwardOutput)

    return ContextLayerTrace(
      input: x, attentionNorm: attentionNorm, query: query, unrotatedKey: unrotatedKey, own: own, written: written,
      all: all, attention: attention, attentionOutput: attentionOutput, attentionResidual: attentionResidual,
      feedForwardNorm: feedForwardNorm, gate: gate, up: up, activation: activation,
      feedForwardOutput: feedForwardOutput, output: output)
  }

  /// CCM-17: the rows' keys and values with those of each SUM block replaced by the mean of the COMP blocks before it.
  private func merging(_ own: KeyValues, unrotatedKey: Tensor, rows: [ContextRow]) -> KeyValues {
    let blocks = ContextBlock.all(in: rows)
    guard blocks.contains(where: { $0.role == .sum }) else { return own }
    var (written, memory) = (own, emptyMemory)
    for block in blocks {
      let entries = own.selecting(block.rows)
      if block.role == .comp {
        memory = folding(entries, unrotatedKeys: unrotatedKey.selecting(rows: block.rows), into: memory)
      } else {
        let mean = merged(
          memory, own: entries, segments: blocks.count { $0.role == .comp },
          positions: block.rows.map { rows[$0].position })
        written.keys.replace(rows: block.rows, by: mean.keys)
        written.values.replace(rows: block.rows, by: mean.values)
      }
    }
    return written
  }
}

// MARK: - The merged memory of one layer

extension ContextModel {
  /// A memory of nothing.
  var emptyMemory: MergedMemory {
    MergedMemory(
      rate: parameters.mergeRate, entries: parameters.memoryTokens,
      width: configuration.heads.keyValue * configuration.heads.dimension)
  }

  /// A memory with the entries of one segment more.
  func folding(_ entries: KeyValues, unrotatedKeys: Tensor, into memory: MergedMemory) -> MergedMemory {
    rules.fold(
      memory, KeyValues(keys: rules.enteringKeys(entries.keys, unrotatedKeys), values: entries.values))
  }

  /// The n entries that a memory is read as, at the positions of its SUM rows; rounded like every layer's output.
  func merged(_ memory: MergedMemory, own: KeyValues?, segments: Int?, positions: [Int]) -> KeyValues {
    let mean = rules.merged(memory, own, segments)
    return KeyValues(
      keys: functions.round(rules.mergedKeys(mean.keys, angles(of: positions))), values: functions.round(mean.values))
  }
}

// MARK: - One layer function with the parameter of a name

extension ContextModel {
  /// RMSNorm with the gain of that name.
  private func norm(_ x: Tensor, _ parameter: String) throws(ModelError) -> Tensor {
    functions.rmsNorm(x, gain: try weights.tensor(parameter).values, epsilon: configuration.epsilon)
  }

  /// A projection of attention with its update on open rows (CCM-20).
  private func adapted(
    _ x: Tensor, _ layer: Int, _ projection: AdaptedProjection, _ gates: [Bool]
  ) throws(ModelError) -> Tensor {
    ConditionalLinear.forward(
      x, weight: try weights.tensor(projection.baseName(layer: layer)), update: try update(layer, projection),
      gates: gates, functions: functions)
  }

  /// The update of a projection; nil if the rules leave it out.
  func update(_ layer: Int, _ projection: AdaptedProjection) throws(ModelError) -> LowRankUpdate? {
    guard rules.adapts(projection, layer, configuration.layers) else { return nil }
    return try adapter.update(layer: layer, projection, scale: rules.scale(adapter.settings))
  }
}

extension AdaptedProjection {
  /// The base's parameter that the update is added to.
  func baseName(layer: Int) -> String {
    let name = ParameterName.layer(layer)
    return switch self {
    case .query: name.query
    case .key: name.key
    case .value: name.value
    case .output: name.attentionOutput
    }
  }
}

extension KeyValues {
  /// The entries with these indices, in this order.
  func selecting(_ indices: [Int]) -> KeyValues {
    KeyValues(keys: keys.selecting(rows: indices), values: values.selecting(rows: indices))
  }
}
