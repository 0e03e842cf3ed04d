// LAT-2…LAT-6, LAT-8, LAT-9: a decoder whose layers store latents, or keys and values of heads, and share what they
// store. LatentModelBackward.swift inverts each step.

import LoMAPeers
import NaiveLlama

/// What a producer stores of some rows, an entry a row.
package struct StoredEntries: Hashable, Sendable {
  /// ĉ [entries, d_c], or values [entries, H_kv·d].
  package var contents: Tensor
  /// k̂^R [entries, d_r], or rotated keys [entries, H_kv·d].
  package var keys: Tensor

  /// Contents and keys of the same rows.
  package init(contents: Tensor, keys: Tensor) {
    precondition(contents.rows == keys.rows, "contents and a key per entry")
    self.contents = contents
    self.keys = keys
  }

  /// The number of entries.
  package var count: Int { contents.rows }

  /// These entries followed by others.
  package func appending(_ other: StoredEntries) -> StoredEntries {
    StoredEntries(contents: contents.appending(other.contents), keys: keys.appending(other.keys))
  }

  /// The entries with these indices, in this order.
  package func selecting(_ indices: [Int]) -> StoredEntries {
    StoredEntries(contents: contents.selecting(rows: indices), keys: keys.selecting(rows: indices))
  }
}

/// Everything a layer computed, for captures and for the backward pass; rows are those fed now.
package struct LatentLayerTrace: Hashable, Sendable {
  /// x: [rows, D].
  package let input: Tensor
  /// RMSNorm of x: [rows, D].
  package let attentionNorm: Tensor
  /// W_DQ y: [rows, d_q]; nil without a query latent.
  package let queryDown: Tensor?
  /// The query latent, after its norm: [rows, d_q]; nil without one.
  package let queryLatent: Tensor?
  /// Queries, rotated: [rows, H·(d_n + d_r)] or [rows, H·d].
  package let query: Tensor
  /// W_DKV y and W_KR y side by side: [rows, d_c + d_r]; nil in consumers, and under `entries = heads`.
  package let down: Tensor?
  /// What the rows fed now leave in the cache; nil in consumers.
  package let own: StoredEntries?
  /// What the layer reads: the cached entries of its producer, then further ones made of those of the rows fed now, then these.
  package let all: StoredEntries
  /// Keys of all heads, made of all entries: [entries, H·(d_n + d_r)], or those stored.
  package let keys: Tensor
  /// Values of all heads, made of all entries: [entries, H·d_v], or those stored.
  package let values: Tensor
  /// Context [rows, H·d_v] and probabilities [H, rows, entries].
  package let attention: AttentionOutput
  /// W_O of the context: [rows, D].
  package let attentionOutput: Tensor
  /// x + attention output: [rows, D].
  package let attentionResidual: Tensor
  /// RMSNorm of the residual after attention: [rows, D].
  package let feedForwardNorm: Tensor
  /// [rows, M].
  package let gate: Tensor
  /// [rows, M].
  package let up: Tensor
  /// silu(gate) ⊙ up: [rows, M].
  package let activation: Tensor
  /// The down projection of the feed-forward block: [rows, D].
  package let feedForwardOutput: Tensor
  /// Residual after attention + feed-forward output: [rows, D].
  package let output: Tensor
}

/// Everything a forward pass computed for the rows fed.
package struct LatentTrace: Hashable, Sendable {
  /// One trace per layer; the first one's input is the embedding.
  package let layers: [LatentLayerTrace]
  /// What the rows fed leave in the cache, by rising producer (LAT-9).
  package let stored: [StoredEntries]
  /// The last layer's output: [rows, D].
  package let hidden: Tensor
  /// RMSNorm of the last layer's output: [rows, D].
  package let finalNorm: Tensor
  /// [rows, V'].
  package let logits: Tensor
}

/// A decoder with latent attention: configuration, weights, and the functions and rules it is made of.
package struct LatentModel: Sendable {
  /// The shape of every weight, ε and θ.
  package let configuration: LatentConfiguration
  /// The weights, read when they are needed.
  package let weights: Weights
  /// What each layer computes, and how its output is rounded.
  package let functions: LayerFunctions
  /// The Spec's rules, or deliberately wrong ones.
  package let rules: LatentRules

  /// A model of weights that fit the configuration; `ParameterSet.check` says whether they do.
  package init(
    configuration: LatentConfiguration, weights: Weights, functions: LayerFunctions, rules: LatentRules
  ) {
    self.configuration = configuration
    self.weights = weights
    self.functions = functions
    self.rules = rules
  }

  /// The decisions, s and the widths.
  var attention: LatentParameters { configuration.attention }

  /// The embeddings of token ids: [tokens.count, D]. Throws `tokenOutsideModel`.
  package func embed(_ tokens: [Int]) throws(ModelError) -> Tensor {
    let size = configuration.shape.vocabularySize
    for (index, token) in tokens.enumerated() where token < 0 || token >= size {
      throw .tokenOutsideModel(token: token, index: index, vocabulary: size)
    }
    return try functions.embedding(of: tokens, from: weights)
  }

  /// The producers by rising number, as the rules have them.
  package var producers: [Int] {
    (0..<configuration.shape.layers).filter { rules.producer($0, attention.stride) == $0 }
  }

  /// An empty cache: no entries of any producer.
  package var noPast: [StoredEntries] {
    let widths = configuration.entryWidths
    let empty = StoredEntries(contents: Tensor(zeros: [0, widths.contents]), keys: Tensor(zeros: [0, widths.keys]))
    return Array(repeating: empty, count: producers.count)
  }

  /// A forward pass of rows given as embeddings [rows, D]; keys are the entries of `past`, by producer, then these rows.
  package func forward(
    embeddings: Tensor, positions: [Int], visible: VisibleKeys, past: [StoredEntries]
  ) throws(ModelError) -> LatentTrace {
    try forward(embeddings: embeddings, positions: positions, visible: visible, past: past, further: nil)
  }

  /// The same with keys between the two that are made of those of these rows (EQB-10).
  package func forward(
    embeddings: Tensor, positions: [Int], visible: VisibleKeys, past: [StoredEntries], further: FurtherKeys?
  ) throws(ModelError) -> LatentTrace {
    precondition(embeddings.rows == positions.count && embeddings.rows == visible.lists.count, "one of each per row")
    let producers = producers
    precondition(past.count == producers.count, "a cache per producer")
    let angles = angles(of: positions)
    var (layers, stored): ([LatentLayerTrace], [StoredEntries]) = ([], [])
    var hidden = embeddings
    for index in 0..<configuration.shape.layers {
      let producer = rules.producer(index, attention.stride)
      let place = producers.firstIndex(of: producer) ?? 0
      let trace = try layer(
        index, producer, hidden, angles: angles, visible: functions.visibleInLayer(visible, index), past: past[place],
        shared: producer == index ? nil : stored[place], further: further)
      if let own = trace.own { stored.append(own) }
      hidden = trace.output
      layers.append(trace)
    }
    let gain = try weights.tensor(ParameterName.finalNorm).values
    let finalNorm = functions.rmsNorm(hidden, gain: gain, epsilon: configuration.epsilon)
    let logits = functions.linear(finalNorm, weight: try weights.tensor(configuration.headName))
    return LatentTrace(layers: layers, stored: stored, hidden: hidden, finalNorm: finalNorm, logits: logits)
  }

  /// The rotation angles of some positions; nil if nothing is rotated.
  func angles(of positions: [Int]) -> RotaryAngles? {
    let width = configuration.rotatedWidth
    return width == 0 ? nil : functions.angles(positions, Rotation(headDimension: width, theta: configuration.theta))
  }

  /// One layer: x [rows, D] → the trace whose `output` is [rows, D]. `past` are the producer's cached entries, `shared`
  /// those it made of the rows fed now; nil if this layer is the producer.
  private func layer(
    _ index: Int, _ producer: Int, _ x: Tensor, angles: RotaryAngles?, visible: VisibleKeys, past: StoredEntries,
    shared: StoredEntries?, further: FurtherKeys?
  ) throws(ModelError) -> LatentLayerTrace {
    let (f, name) = (functions, LatentLayerNames(index: index))
    let attentionNorm = try norm(x, name.attentionNorm)
    let queries = try query(attentionNorm, name, angles: angles)
    var (down, own): (Tensor?, StoredEntries?)
    let fed: StoredEntries
    if let shared, !rules.remakesEntries {
      fed = shared
    } else {
      let made = try entries(of: attentionNorm, LatentLayerNames(index: producer), angles: angles)
      fed = made.entries
      if shared == nil { (down, own) = (made.down, made.entries) }
    }
    let all = past.appending(further?.before(fed, functions) ?? fed)

    let (keys, values) = try keysAndValues(of: all, layer: index, producer: producer)
    let attention = attend(queries.query, keys: keys, values: values, visible: visible)
    let attentionOutput = try linear(attention.context, name.output)
    let attentionResidual = f.sum(x, attentionOutput)

    let feedForwardNorm = try norm(attentionResidual, name.feedForwardNorm)
    let gate = try linear(feedForwardNorm, name.gate)
    let up = try linear(feedForwardNorm, name.up)
    let activation = f.activation(gate: gate, up: up)
    let feedForwardOutput = try linear(activation, name.down)
    let output = f.sum(attentionResidual, feedForwardOutput)

    return LatentLayerTrace(
      input: x, attentionNorm: attentionNorm, queryDown: queries.down, queryLatent: queries.latent,
      query: queries.query, down: down, own: own, all: all, keys: keys, values: values, attention: attention,
      attentionOutput: attentionOutput, attentionResidual: attentionResidual, feedForwardNorm: feedForwardNorm,
      gate: gate, up: up, activation: activation, feedForwardOutput: feedForwardOutput, output: output)
  }

  /// LAT-3: the rotated queries of a layer's rows y [rows, D], with what they are made of.
  private func query(
    _ y: Tensor, _ name: LatentLayerNames, angles: RotaryAngles?
  ) throws(ModelError) -> (down: Tensor?, latent: Tensor?, query: Tensor) {
    switch attention.form {
    case .heads:
      let query = try linear(y, name.query)
      return (nil, nil, angles.map { functions.rotate(query, by: $0) } ?? query)
    case .latent(let widths):
      guard widths.queryLatent != nil else {
        return (nil, nil, rules.rotateQuery(try linear(y, name.query), angles, widths, functions))
      }
      let down = try linear(y, name.queryDown)
      let gain = try weights.tensor(name.queryNorm).values
      let latent = rules.queryLatent(down, gain, configuration.latentEpsilon, functions)
      return (down, latent, rules.rotateQuery(try linear(latent, name.queryUp), angles, widths, functions))
    }
  }

  /// LAT-4, LAT-8: what rows y [rows, D] leave in the cache; `down` is what the down-projections made of them.
  private func entries(
    of y: Tensor, _ name: LatentLayerNames, angles: RotaryAngles?
  ) throws(ModelError) -> (down: Tensor?, entries: StoredEntries) {
    switch attention.form {
    case .heads:
      let key = try linear(y, name.key)
      return (
        nil,
        StoredEntries(
          contents: try linear(y, name.value), keys: angles.map { functions.rotate(key, by: $0) } ?? key)
      )
    case .latent(let widths):
      let projected = try linear(y, name.keyValueDown)
      let down = LatentDown(
        projected: projected, gain: try latentGain(name), epsilon: configuration.latentEpsilon, angles: angles,
        widths: widths, functions: functions)
      return (projected, rules.entries(down, quantisers(widths)))
    }
  }

  /// The gain of the latent's norm; nil where it has none.
  func latentGain(_ name: LatentLayerNames) throws(ModelError) -> [Double]? {
    switch attention.profile.latentNorm {
    case .on: try weights.tensor(name.latentNorm).values
    case .off: nil
    }
  }

  /// The quantisers of an entry, whose bits `LatentParameters` has checked.
  package func quantisers(_ widths: LatentWidths) -> EntryQuantisers {
    guard let quantisers = try? EntryQuantisers(widths, attention.profile) else {
      preconditionFailure("bits that were checked")
    }
    return quantisers
  }

  /// LAT-5, LAT-8: keys and values of all heads, made of a producer's entries.
  func keysAndValues(
    of entries: StoredEntries, layer: Int, producer: Int
  ) throws(ModelError) -> (keys: Tensor, values: Tensor) {
    switch attention.form {
    case .heads: return (entries.keys, entries.contents)
    case .latent(let widths):
      let latents = rules.read(
        entries.contents, try latentGain(LatentLayerNames(index: producer)), configuration.latentEpsilon, functions)
      let up = try linear(latents, upProjectionName(layer: layer, producer: producer))
      let (plainKeys, values) = rules.split(up, widths)
      let rotated = entries.keys.repeated(widths.heads)
      return (Tensor.joinHeads(widths.heads, left: plainKeys, right: rotated), values)
    }
  }

  /// The name of the up-projections that a layer reads with.
  func upProjectionName(layer: Int, producer: Int) -> String {
    LatentLayerNames(index: rules.upProjection(layer, producer, attention.profile.upProjection)).keyValueUp
  }

  /// LAT-6: attention of query rows over keys and values of all heads.
  private func attend(
    _ query: Tensor, keys: Tensor, values: Tensor, visible: VisibleKeys
  ) -> AttentionOutput {
    switch attention.form {
    case .heads(let heads, let keyValue, let dimension):
      return functions.attention(
        query: query, keys: keys, values: values, visible: visible,
        heads: AttentionHeads(query: heads, keyValue: keyValue, dimension: dimension))
    case .latent(let widths):
      let output = LatentAttention.forward(
        query, keys, values, visible: visible, heads: widths.heads, scale: rules.scale(widths),
        workers: functions.workers)
      return AttentionOutput(
        context: functions.round(output.context), probabilities: functions.round(output.probabilities))
    }
  }

  // MARK: - One layer function with the weight of a name

  private func norm(_ x: Tensor, _ name: String) throws(ModelError) -> Tensor {
    functions.rmsNorm(x, gain: try weights.tensor(name).values, epsilon: configuration.epsilon)
  }

  private func linear(_ x: Tensor, _ name: String) throws(ModelError) -> Tensor {
    functions.linear(x, weight: try weights.tensor(name))
  }
}
