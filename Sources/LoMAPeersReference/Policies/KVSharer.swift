// BAS-14: KVSharer: how far layers' caches are apart, and the search for layers that share one.

import LoMAPeers
import NaiveLlama

/// What the search decides.
package struct SharingRules: Sendable {
  /// BAS-14: the distance of two layers from those of their keys and of their values: half the sum.
  package var distance: @Sendable (_ keys: Double, _ values: Double) -> Double = { ($0 + $1) / 2 }
  /// BAS-14: how many texts a mean over texts divides by, given those summed and those offered: the former.
  package var texts: @Sendable (_ summed: Int, _ offered: Int) -> Int = { summed, _ in summed }
  /// BAS-14: whether one pair is tried before another, given their distances: the farther one.
  package var isTriedFirst: @Sendable (_ one: Double, _ other: Double) -> Bool = { $0 > $1 }
  /// BAS-14: the layer that reads and the layer that is read, of a pair i > j: i reads j.
  package var pair: @Sendable (_ i: Int, _ j: Int) -> LayerPair = { LayerPair(reader: $0, source: $1) }
  /// BAS-14: how alike two texts' states [T, D] are: the cosine of all their numbers as one vector.
  package var similarity: @Sendable (Tensor, Tensor) -> Double = { KVSharer.cosine($0.values[...], $1.values[...]) }
  /// BAS-14: the states of a text that are compared: those behind the final norm.
  package var states: @Sendable (CachedTrace) -> Tensor = { $0.finalNorm }
  /// BAS-14: the layer that each layer reads, given the map as it was made and with its chains closed: the latter.
  package var sources: @Sendable (_ share: [Int], LayerShare) -> [Int] = { $1.sources }

  /// The rules of the Spec.
  package static let spec = SharingRules()
}

/// How far every two layers are apart, and in which order they are tried.
package struct LayerDistances: Hashable, Sendable {
  /// dist(i, j) where i > j, else 0: [L, L].
  package let distances: Tensor
  /// The pairs, farthest first.
  package let pairs: [LayerPair]
}

/// Distances, and the search.
package enum KVSharer {
  /// From rotated keys and values [T, G·d] of C texts and L layers, indexed by text and layer; all texts have one length.
  ///
  ///     K̄_l = Σ_c K_{c,l}/C        V̄_l = Σ_c V_{c,l}/C        by rising text
  ///     dist(i, j) = (mean ‖K̄_i − K̄_j‖ + mean ‖V̄_i − V̄_j‖)/2,  means over tokens and KV heads, ‖·‖ over d channels
  package static func distances(_ texts: [[KeyValues]], heads: Int, rules: SharingRules) -> LayerDistances {
    precondition(!texts.isEmpty && texts.allSatisfy { $0.count == texts[0].count }, "layers of some texts")
    let layers = texts[0].count
    // A text of another length than the first has no place in the means; the Spec's texts all have one (P-16).
    let summed = texts.filter { $0[0].keys.rows == texts[0][0].keys.rows }
    let divisor = Double(rules.texts(summed.count, texts.count))
    let means = (0..<layers).map { layer in
      KeyValues(
        keys: mean(summed.map { $0[layer].keys }, over: divisor),
        values: mean(summed.map { $0[layer].values }, over: divisor))
    }
    var distances = Tensor(zeros: [layers, layers])
    var pairs: [(i: Int, j: Int)] = []
    for i in 0..<layers {
      for j in 0..<i {
        distances[i, j] = rules.distance(
          distance(means[i].keys, means[j].keys, heads: heads),
          distance(means[i].values, means[j].values, heads: heads))
        pairs.append((i, j))
      }
    }
    let ranked = pairs.indices.sorted { a, b in
      let (one, other) = (distances[pairs[a].i, pairs[a].j], distances[pairs[b].i, pairs[b].j])
      return one != other ? rules.isTriedFirst(one, other) : a < b
    }
    return LayerDistances(
      distances: distances, pairs: ranked.map { rules.pair(pairs[$0].i, pairs[$0].j) })
  }

  /// The map that the search finds: pairs in order, those of a mapped reader passed over; a map is kept if the mean over
  /// texts of how alike the states with it and without it are exceeds the threshold; it stops at N mapped layers.
  ///
  /// `states` are those of every calibration text under a map. Throws `shareOutOfRange` for a pair that reads a later
  /// layer, and what `states` throws.
  package static func search(
    _ pairs: [LayerPair], layers: Int, maps: Int, threshold: Double, rules: SharingRules,
    states: (LayerShare) throws(PeerReferenceError) -> [Tensor]
  ) throws(PeerReferenceError) -> LayerShare {
    var share = LayerShare.none(layers: layers)
    let whole = try states(share)
    for pair in pairs where share.maps < maps && share.sources[pair.reader] == pair.reader {
      let tried = try checking(try share.mapping(pair))
      var sum = 0.0
      for (with, without) in zip(try states(tried), whole) { sum += rules.similarity(with, without) }
      if sum / Double(whole.count) > threshold { share = tried }
    }
    return share
  }

  /// a·b/√(a²·b²), at most 1; 0 of a zero vector. Sums by rising index from +0.0.
  package static func cosine(_ a: ArraySlice<Double>, _ b: ArraySlice<Double>) -> Double {
    var (product, squareA, squareB) = (0.0, 0.0, 0.0)
    for (x, y) in zip(a, b) {
      product += x * y
      squareA += x * x
      squareB += y * y
    }
    let lengths = (squareA * squareB).squareRoot()
    return lengths > 0 ? min(product / lengths, 1) : 0
  }

  private static func mean(_ tensors: [Tensor], over divisor: Double) -> Tensor {
    var sum = Tensor(zeros: tensors[0].shape)
    for tensor in tensors { sum += tensor }
    for index in sum.values.indices { sum.values[index] /= divisor }
    return sum
  }

  /// The mean over rows and heads of ‖a − b‖ over a head's channels: row by row, head by head.
  private static func distance(_ a: Tensor, _ b: Tensor, heads: Int) -> Double {
    let width = a.columns / heads
    var sum = 0.0
    for start in stride(from: 0, to: a.values.count, by: width) {
      var square = 0.0
      for i in start..<start + width {
        let difference = a.values[i] - b.values[i]
        square += difference * difference
      }
      sum += square.squareRoot()
    }
    return sum / Double(a.rows * heads)
  }
}

// MARK: - In a decoder

extension KVSharer {
  /// A Llama whose layers read each other's caches, at the prefill and later. Throws `shareOutOfRange`.
  package static func decoderRules(_ share: [Int], rules: SharingRules) throws(PeerError) -> DecoderRules {
    let sources = rules.sources(share, try LayerShare(share))
    var decoder = DecoderRules.spec
    decoder.source = { sources[$0] }
    return decoder
  }

  /// The map that calibration texts of one length find for a model; the decoder's own rules are not asked.
  package static func search(
    _ decoder: CachedDecoder, texts: [[Int]], maps: Int, threshold: Double, rules: SharingRules
  ) throws(PeerReferenceError) -> LayerShare {
    precondition(texts.allSatisfy { $0.count == texts[0].count }, "texts of one length")
    func traces(_ share: [Int]) throws(PeerReferenceError) -> [CachedTrace] {
      var sharing = decoder
      sharing.rules = try checking(try decoderRules(share, rules: rules))
      var traces: [CachedTrace] = []
      for tokens in texts {
        traces.append(
          try sharing.prefill(
            embeddings: try sharing.embed(tokens), positions: Array(tokens.indices),
            visible: .causal(rows: tokens.count, behind: 0)))
      }
      return traces
    }
    let layers = decoder.configuration.layers
    let written = try traces(Array(0..<layers)).map { trace in
      trace.layers.map { KeyValues(keys: $0.read.keys, values: $0.read.values) }
    }
    let found = distances(written, heads: decoder.configuration.heads.keyValue, rules: rules)
    return try search(found.pairs, layers: layers, maps: maps, threshold: threshold, rules: rules) {
      (share) throws(PeerReferenceError) in try traces(share.sources).map { rules.states($0) }
    }
  }
}
