// BAS-1, BAS-5, BAS-8, BAS-9, MOD-6: a Llama whose cached entries are visible by KV head. A prefill is a pass over no cache;
// what a method leaves of it, later passes read.

import LoMAPeers
import NaiveLlama

/// Everything that matters of a pass; rows are those fed now.
package struct CachedTrace: Sendable {
  /// One trace a layer, of the rows fed that entered it.
  package let layers: [CachedLayerTrace]
  /// What every layer keeps after the pass: what it kept before, and the rows fed, whole. Nothing in a layer that no
  /// layer reads.
  package let caches: [LayerCache]
  /// The rows fed that went through the last layer, ascending; all, but where rows are pruned.
  package let rows: [Int]
  /// The last layer's output: [rows.count, hidden].
  package let hidden: Tensor
  /// RMSNorm of the last layer's output: [rows.count, hidden].
  package let finalNorm: Tensor
  /// [rows.count, V'].
  package let logits: Tensor
}

/// What a layer of a pass computed and wrote.
package struct CachedLayerTrace: Sendable {
  /// The input: [rows, hidden].
  package let input: Tensor
  /// The rows fed that entered the layer, ascending.
  package let rows: [Int]
  /// Where they stand.
  package let positions: [Int]
  /// Their queries, rotated: [rows, H·d].
  package let query: Tensor
  /// The keys that they wrote, before the rotation: [rows, G·d]. Like all that is read, the source's (BAS-14).
  package let unrotatedKey: Tensor
  /// What is read: the entries cached before, then those of these rows.
  package let read: LayerCache
  /// Context [rows, H·d] and softmax weights, 0 where hidden: [H, rows, entries].
  package let attention: AttentionOutput
  /// The output: [rows, hidden].
  package let output: Tensor
}

/// A Llama over cached entries: configuration, weights, layer functions and rules.
package struct CachedDecoder: Sendable {
  /// The shape of every parameter.
  package let configuration: Configuration
  /// The parameters, read when they are needed.
  package let weights: Weights
  /// What each layer computes, and how its output is rounded.
  package let functions: LayerFunctions
  /// Who projects, writes, reads and goes on.
  package var rules: DecoderRules

  /// A decoder of weights that fit the configuration; `ParameterSet.check` says whether they do.
  package init(configuration: Configuration, weights: Weights, functions: LayerFunctions, rules: DecoderRules) {
    self.configuration = configuration
    self.weights = weights
    self.functions = functions
    self.rules = rules
  }

  /// A cache without entries in every layer.
  package var noPast: [LayerCache] {
    Array(repeating: LayerCache(emptyFor: configuration.heads), count: configuration.layers)
  }

  /// The embeddings of token ids: [tokens.count, hidden]. Throws `tokenOutsideModel`.
  package func embed(_ tokens: [Int]) throws(PeerReferenceError) -> Tensor {
    for (index, token) in tokens.enumerated() where token < 0 || token >= configuration.vocabularySize {
      throw .model(.tokenOutsideModel(token: token, index: index, vocabulary: configuration.vocabularySize))
    }
    return try modelling(try functions.embedding(of: tokens, from: weights))
  }

  /// Whether some layer reads what a layer writes (BAS-14).
  package func writes(_ layer: Int) -> Bool { (0..<configuration.layers).contains { rules.source($0) == layer } }

  /// What each layer reads of these caches: its own, or its source's, which then counts no bits of its own.
  package func asRead(_ caches: [LayerCache]) -> [LayerCache] {
    caches.indices.map { layer in
      var read = caches[rules.source(layer)]
      if rules.source(layer) != layer { read.bits = 0 }
      return read
    }
  }

  // MARK: - Passes

  /// A prefill: rows given as embeddings [rows, hidden], each seeing the rows that `visible` lists for it. Rows may be
  /// pruned between layers here, and nowhere else.
  package func prefill(
    embeddings: Tensor, positions: [Int], visible: VisibleKeys
  ) throws(PeerReferenceError) -> CachedTrace {
    try CachedPass(decoder: self, past: noPast, goOn: rules.goOn).run(
      embeddings, positions: positions, visible: visible)
  }

  /// Rows behind caches, which are left as they are: `CachedTrace.caches` has them with these rows appended, whole.
  ///
  /// `visible` lists for each row the entries and rows fed that it may see, entries first, by number; of these, every KV
  /// head sees the entries alive in it, and all rows fed.
  package func feed(
    embeddings: Tensor, positions: [Int], visible: VisibleKeys, past: [LayerCache]
  ) throws(PeerReferenceError) -> CachedTrace {
    try CachedPass(decoder: self, past: past, goOn: nil).run(embeddings, positions: positions, visible: visible)
  }

  /// One layer of a prefill, as a method sees it (BAS-1).
  package func observation(of layer: CachedLayerTrace) -> Observation {
    Observation(
      query: layer.query, key: layer.read.keys, unrotatedKey: layer.unrotatedKey, value: layer.read.values,
      probabilities: layer.attention.probabilities, positions: layer.positions, rows: layer.rows,
      heads: configuration.heads, theta: configuration.theta, functions: functions)
  }

  /// What a method leaves of a prefill, an entry for every row of it, in each layer that some layer reads; without a
  /// method, what was written.
  package func compress(
    _ prefill: CachedTrace, by policy: CachePolicy?
  ) throws(PeerReferenceError) -> [LayerCache] {
    guard let policy else { return prefill.caches }
    let caches = try checking(try policy.compress(prefill.layers.map { observation(of: $0) }))
    precondition(caches.count == configuration.layers, "a cache for every layer")
    let positions = prefill.layers.first.map { $0.positions } ?? []
    return caches.indices.map { layer in
      writes(layer)
        ? caches[layer].spread(over: prefill.layers[layer].rows, of: positions)
        : LayerCache(emptyFor: configuration.heads)
    }
  }
}
