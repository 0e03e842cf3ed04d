// BAS-15, BAS-26: a Llama that appends or accumulates every token of a text, all tokens at once. PooledModelBackward.swift
// inverts each step.

import LoMAPeers
import NaiveLlama

/// What one layer made of a text; rows are all rows fed, tokens those of the text.
package struct PooledLayerTrace: Hashable, Sendable {
  /// x: [rows, D].
  package let input: Tensor
  /// RMSNorm of x: [rows, D].
  package let attentionNorm: Tensor
  /// Queries before the rotation, the channel that decides in them: [rows, H·d].
  package let rawQuery: Tensor
  /// Keys, likewise: [rows, G·d].
  package let rawKey: Tensor
  /// Values: [rows, G·d].
  package let rawValue: Tensor
  /// By KV head, the decisions over the tokens.
  package let decisions: [PooledDecisions]
  /// ω: [G, tokens].
  package let weights: Tensor
  /// By KV head, the means of keys and values side by side: [tokens, 2·d].
  package let means: [RelaxedMeans]
  /// Queries as they are scored: [rows, H·d].
  package let query: Tensor
  /// Keys as they are read: [rows, G·d].
  package let keys: Tensor
  /// Values as they are read: [rows, G·d].
  package let values: Tensor
  /// Context [rows, H·d] and probabilities [H, rows, rows].
  package let attention: AttentionOutput
  /// x + attention output: [rows, D].
  package let attentionResidual: Tensor
  /// RMSNorm of it: [rows, D].
  package let feedForwardNorm: Tensor
  /// [rows, M].
  package let gate: Tensor
  /// [rows, M].
  package let up: Tensor
  /// silu(gate) ⊙ up: [rows, M].
  package let activation: Tensor
  /// The output: [rows, D].
  package let output: Tensor

  /// By KV head, where the entries of the first tokens begin.
  package func runs(of tokens: Int) -> [PooledRuns] {
    decisions.map { PooledRuns(starts: Array($0.starts.prefix(tokens))) }
  }
}

/// What a pass over a text made.
package struct PooledTrace: Hashable, Sendable {
  /// One trace a layer.
  package let layers: [PooledLayerTrace]
  /// The last layer's output: [rows, D].
  package let hidden: Tensor
  /// RMSNorm of it: [rows, D].
  package let finalNorm: Tensor
  /// [rows, V'].
  package let logits: Tensor

  /// The entries after the first tokens, by layer and KV head.
  package func entries(of tokens: Int) -> [Int] {
    layers.flatMap { layer in layer.runs(of: tokens).map { $0.ends.count } }
  }
}

/// What becomes of stored entries when they are read later (EQB-3, BAS-18): given a layer, a KV head, the runs of the
/// tokens held and the means of keys and values after every token [held, 2·d], the same otherwise.
package typealias PooledStorage = @Sendable (_ layer: Int, _ head: Int, PooledRuns, Tensor) -> Tensor

/// A Llama whose KV heads pool: configuration, weights and layer functions.
package struct PooledModel: Sendable {
  /// The shape of every weight, ε and θ.
  package let configuration: Configuration
  /// The weights, read when they are needed.
  package let weights: Weights
  /// What each layer computes.
  package let functions: LayerFunctions

  /// A model of weights that fit the configuration; `ParameterSet.check` says whether they do.
  package init(configuration: Configuration, weights: Weights, functions: LayerFunctions) {
    self.configuration = configuration
    self.weights = weights
    self.functions = functions
  }

  /// H, G and d.
  var heads: AttentionHeads { configuration.heads }

  /// A pass over a text. With `storage`, rows that come when `held` tokens were read see and continue entries that were
  /// stored so; the others see them as they are.
  package func forward(
    _ text: PooledRows, deciding: PooledDeciding, storage: PooledStorage? = nil
  ) throws(ModelError) -> PooledTrace {
    let visible = text.visible
    let angles = functions.angles(
      text.rows.map { $0.position }, Rotation(headDimension: heads.dimension, theta: configuration.theta))
    var hidden = try functions.embedding(of: text.rows.map { $0.token }, from: weights)
    var layers: [PooledLayerTrace] = []
    for index in 0..<configuration.layers {
      let trace = try layer(
        index, hidden, text, deciding, storage: storage, angles: angles, visible: visible)
      hidden = trace.output
      layers.append(trace)
    }
    let finalNorm = functions.rmsNorm(
      hidden, gain: try weights.tensor(ParameterName.finalNorm).values, epsilon: configuration.epsilon)
    let logits = functions.linear(finalNorm, weight: try weights.tensor(configuration.headName))
    return PooledTrace(layers: layers, hidden: hidden, finalNorm: finalNorm, logits: logits)
  }

  private func layer(
    _ index: Int, _ x: Tensor, _ text: PooledRows, _ deciding: PooledDeciding, storage: PooledStorage?,
    angles: RotaryAngles, visible: VisibleKeys
  ) throws(ModelError) -> PooledLayerTrace {
    let (f, name) = (functions, ParameterName.layer(index))
    let attentionNorm = try norm(x, name.attentionNorm)
    let rawQuery = try linear(attentionNorm, name.query)
    let rawKey = try linear(attentionNorm, name.key)
    let rawValue = try linear(attentionNorm, name.value)

    let decisions = decisions(index, rawKey, text, deciding)
    let weights = accumulationWeights(rawQuery, text)
    var means: [RelaxedMeans] = []
    var (later, logarithms): ([Tensor], [Tensor]) = ([], [])
    for g in 0..<heads.keyValue {
      let own = keyAndValue(rawKey, rawValue, head: g)
      let x = own.selecting(rows: Array(0..<text.tokens))
      let (alpha, omega) = (decisions[g].accumulated, Array(weights.row(g)))
      let made = RelaxedMeans(x, accumulated: alpha, weights: omega)
      means.append(made)
      logarithms.append(text.logarithms(decisions[g]))
      guard let storage else { continue }
      let held = text.held
      let runs = PooledRuns(starts: Array(decisions[g].starts.prefix(held)))
      let stored = storage(index, g, runs, made.means.selecting(rows: Array(0..<held)))
      let rest = RelaxedMeans(
        x.selecting(rows: Array(held..<text.tokens)), accumulated: Array(alpha[held...]),
        weights: Array(omega[held...]), before: (Array(stored.row(held - 1)), made.sums[held - 1]))
      later.append(stored.appending(rest.means))
    }
    let query = cleared(f.rotate(cleared(rawQuery), by: angles))
    let read = asRead(means.map { $0.means }, rawKey, rawValue, text, angles)
    var attention = WeighedAttention.forward(
      query, read.keys, read.values, logarithms: logarithms, visible: visible, heads: heads)
    if storage != nil {
      let stored = asRead(later, rawKey, rawValue, text, angles)
      let second = WeighedAttention.forward(
        query, stored.keys, stored.values, logarithms: logarithms, visible: visible, heads: heads)
      attention = AttentionOutput(
        context: attention.context.selecting(rows: Array(0..<text.held)).appending(
          second.context.selecting(rows: Array(text.held..<text.rows.count))),
        probabilities: attention.probabilities)
    }

    let attentionResidual = f.sum(x, try linear(attention.context, name.attentionOutput))
    let feedForwardNorm = try norm(attentionResidual, name.feedForwardNorm)
    let gate = try linear(feedForwardNorm, name.gate)
    let up = try linear(feedForwardNorm, name.up)
    let activation = f.activation(gate: gate, up: up)
    return PooledLayerTrace(
      input: x, attentionNorm: attentionNorm, rawQuery: rawQuery, rawKey: rawKey, rawValue: rawValue,
      decisions: decisions, weights: weights, means: means, query: query, keys: read.keys, values: read.values,
      attention: attention, attentionResidual: attentionResidual, feedForwardNorm: feedForwardNorm, gate: gate, up: up,
      activation: activation, output: f.sum(attentionResidual, try linear(activation, name.down)))
  }

  /// BAS-15: α of every KV head, from the last channel of its keys.
  private func decisions(
    _ layer: Int, _ rawKey: Tensor, _ text: PooledRows, _ deciding: PooledDeciding
  ) -> [PooledDecisions] {
    let d = heads.dimension
    func channel(_ g: Int) -> [Double] { (0..<text.tokens).map { rawKey[$0, g * d + d - 1] } }
    switch deciding {
    case .hard: return (0..<heads.keyValue).map { PooledDecisions(hard: channel($0)) }
    case .relaxed(let noise, let temperature):
      let numbers = noise.numbers(layer: layer, heads: heads.keyValue, tokens: text.tokens)
      return (0..<heads.keyValue).map {
        PooledDecisions(relaxed: channel($0), noise: Array(numbers.row($0)), temperature: temperature)
      }
    }
  }

  /// BAS-15: ω of every KV head and token, from the last channel of its queries: [G, tokens].
  private func accumulationWeights(_ rawQuery: Tensor, _ text: PooledRows) -> Tensor {
    let (d, group) = (heads.dimension, heads.query / heads.keyValue)
    var weights = Tensor(zeros: [heads.keyValue, text.tokens])
    for g in 0..<heads.keyValue {
      for t in 0..<text.tokens {
        var sum = 0.0
        for h in g * group..<(g + 1) * group { sum += rawQuery[t, h * d + d - 1] }
        weights[g, t] = PoolingRules.spec.weight(sum / Double(group))
      }
    }
    return weights
  }

  /// Key and value of a KV head side by side: [rows, 2·d].
  func keyAndValue(_ key: Tensor, _ value: Tensor, head g: Int) -> Tensor {
    let d = heads.dimension
    return Tensor(sideBySide: [key.columns(g * d..<(g + 1) * d), value.columns(g * d..<(g + 1) * d)], rows: key.rows)
  }

  /// Keys and values of all rows as they are read: the means of tokens, rotated to the token's place, and the
  /// repetition rows' own.
  private func asRead(
    _ means: [Tensor], _ rawKey: Tensor, _ rawValue: Tensor, _ text: PooledRows, _ angles: RotaryAngles
  ) -> (keys: Tensor, values: Tensor) {
    let d = heads.dimension
    let asking = Array(text.tokens..<text.rows.count)
    let ownKeys = rawKey.selecting(rows: asking)
    let ownValues = rawValue.selecting(rows: asking)
    let keys = Tensor(sideBySide: means.map { $0.columns(0..<d) }, rows: text.tokens).appending(ownKeys)
    let values = Tensor(sideBySide: means.map { $0.columns(d..<2 * d) }, rows: text.tokens).appending(ownValues)
    return (cleared(functions.rotate(cleared(keys), by: angles)), values)
  }

  /// With the channel that decides 0 in every head.
  func cleared(_ x: Tensor) -> Tensor {
    var x = x
    let d = heads.dimension
    for index in stride(from: d - 1, to: x.values.count, by: d) { x.values[index] = 0 }
    return x
  }

  // MARK: - One layer function with the weight of a name

  private func norm(_ x: Tensor, _ name: String) throws(ModelError) -> Tensor {
    functions.rmsNorm(x, gain: try weights.tensor(name).values, epsilon: configuration.epsilon)
  }

  private func linear(_ x: Tensor, _ name: String) throws(ModelError) -> Tensor {
    functions.linear(x, weight: try weights.tensor(name))
  }
}
