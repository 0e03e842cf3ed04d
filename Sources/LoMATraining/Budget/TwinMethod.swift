// EQB-2, EQB-3, EQB-8: a method on the twin, ready to act: the decoder it reads through, what it does once at the end
// of the prefill, and what it needs beside the cache.

import LoMA
import LoMAPeers
import LoMAPeersReference
import NaiveLlama

/// What calibration gives methods that need it: from the training part alone, and with a seed of its own (EQB-8).
package struct CalibrationTexts: Sendable {
  /// Texts of one length.
  package let texts: [[Int]]

  /// The number of calibration texts, and the seed that they are drawn with.
  package static let count = 8
  package static let seed: UInt64 = 2_000_000
  /// The cosine above which KVSharer keeps a map, as released (BAS-14).
  package static let threshold = 0.5

  /// These texts.
  package init(texts: [[Int]]) { self.texts = texts }
}

/// A setting on a model.
package struct TwinMethod: Sendable {
  /// What it is.
  package let setting: CacheSetting
  /// The decoder that reads by its rules.
  let decoder: CachedDecoder
  /// What is left of a prefill.
  let policy: CachePolicy?
  /// Whether the prefill is the plain one, which all such methods then share.
  let hasPlainPrefill: Bool
  /// Bits beside the cache that every text shares: a dictionary.
  package let sideBits: Int
  /// What calibration found, in words; empty where there is none.
  package let found: String

  /// Makes a setting ready on a model.
  package init(_ setting: CacheSetting, on model: CachedDecoder, calibration: CalibrationTexts)
    throws(PeerReferenceError)
  {
    let configuration = model.configuration
    let heads = configuration.heads
    var decoder = model
    var policy: CachePolicy? = CachePolicy.none
    var (sideBits, found, isPlain) = (0, "", true)
    switch setting {
    case .full: break
    case .last(let entries):
      policy = CachePolicy(name: setting.method) { (_, seen) throws(PeerError) in
        let whole = try LayerCache(whole: seen.key, seen.value, positions: seen.positions, heads: seen.heads)
        return try whole.keeping { $0 >= seen.positions.count - entries }
      }
    case .uniform(let bits):
      policy = try peers(try Self.uniform(bits: bits, heads: heads))
    case .evict(let window, let budget):
      policy = Eviction.policy(window: window, budget: budget, rules: .spec)
    case .zigzag(let window, let total, let least):
      policy = ZigZagKV.policy(window: window, total: total, least: least, rules: .spec)
    case .think(let window, let pruned, let recent):
      policy = ThinK.policy(window: window, pruned: pruned, recent: recent, rules: .spec)
    case .zipCache(let low, let lowBits, let highBits):
      func given(_ bits: Int) -> Int? { bits == 0 ? nil : bits }
      policy = ZipCache.policy(
        low: low, lowBits: given(lowBits), highBits: given(highBits), probe: nil, rules: .spec)
    case .pyramid(let recent, let counts):
      isPlain = false
      policy = nil
      decoder.rules.goOn = { (layer, seen) throws(PeerError) in
        let counts = try RowCounts(tokens: seen[0].rows.count, recent: recent, counts: counts)
        let rules = PyramidInfer.decoderRules(counts, rules: .spec)
        return try rules.goOn?(layer, seen) ?? Array(seen[layer].rows.indices)
      }
    case .kvSharer(let maps):
      isPlain = false
      policy = nil
      let share = try KVSharer.search(
        model, texts: calibration.texts, maps: maps, threshold: CalibrationTexts.threshold, rules: .spec)
      decoder.rules = try peers(try KVSharer.decoderRules(share.sources, rules: .spec))
      found = "layers read " + share.sources.map { "\($0)" }.joined(separator: ",")
    case .lowRank(let rank, let bits):
      isPlain = false
      let limit = min(heads.keyValue * heads.dimension, configuration.hiddenSize)
      let ranks = try peers(
        try LowRanks(
          keys: Array(repeating: rank, count: configuration.layers),
          values: Array(repeating: rank, count: configuration.layers), limit: limit))
      if let bits {
        decoder.rules.project = try Self.quantisedProjection(rank: rank, bits: bits, of: model)
        policy = try peers(try Self.quantisedLatents(rank: rank, bits: bits))
      } else {
        decoder.rules = try LowRank.decoderRules(
          ranks, configuration: configuration, weights: model.weights, rules: .spec)
        policy = LowRank.policy(ranks, rules: .spec)
      }
    case .sparse(let steps, let atoms):
      let dictionaries = try Self.dictionaries(atoms: atoms, of: model, calibration)
      policy = SparsePursuit.policy(dictionaries, steps: steps, rules: .spec)
      sideBits = 2 * configuration.layers * atoms * heads.dimension * StoredBits.ofNumber
    }
    self.setting = setting
    self.decoder = decoder
    self.policy = policy
    self.hasPlainPrefill = isPlain
    self.sideBits = sideBits
    self.found = found
  }

  /// Whether the whole cache stands until the method acts, so that it is the peak (EQB-1).
  var actsOnFullCache: Bool {
    switch setting {
    case .full, .last, .uniform, .evict, .zigzag, .think, .zipCache, .sparse: true
    case .pyramid, .kvSharer, .lowRank: false
    }
  }

  /// Keys and values in b bits, a group for each token and KV head.
  private static func uniform(bits: Int, heads: AttentionHeads) throws(PeerError) -> CachePolicy {
    let quantiser = try Quantiser(form: .asymmetric, bits: bits, group: heads.dimension, scaleRounding: .none)
    return CachePolicy(name: "uniform") { (_, seen) throws(PeerError) in
      var cache = try LayerCache(
        whole: quantiser.quantised(seen.key), quantiser.quantised(seen.value), positions: seen.positions,
        heads: seen.heads)
      cache.bits = try StoredBits.payload(
        count: 2 * seen.key.values.count, bits: bits, groups: 2 * seen.positions.count * heads.keyValue,
        form: .asymmetric)
      return cache
    }
  }

  /// LoRC whose latents are read back from b bits, a group a token: x → up·Q(down·x).
  private static func quantisedProjection(
    rank: Int, bits: Int, of model: CachedDecoder
  ) throws(PeerReferenceError) -> @Sendable (Int, Projection, Tensor, Tensor, LayerFunctions) -> Tensor {
    let quantiser = try peers(
      try Quantiser(form: .asymmetric, bits: bits, group: rank, scaleRounding: .none))
    var factors: [[Projection: LowRankWeight]] = []
    for layer in 0..<model.configuration.layers {
      factors.append([:])
      for projection in [Projection.key, .value] {
        let weight: Tensor
        do { weight = try model.weights.tensor(projection.name(ParameterName.layer(layer))) } catch {
          throw .model(error)
        }
        factors[layer][projection] = LowRank.weight(
          weight, rank: rank, heads: model.configuration.heads.keyValue, rules: .spec)
      }
    }
    let made = factors
    return { layer, projection, x, weight, functions in
      guard let low = made[layer][projection] else { return functions.linear(x, weight: weight) }
      return functions.linear(quantiser.quantised(functions.linear(x, weight: low.down)), weight: low.up)
    }
  }

  private static func quantisedLatents(rank: Int, bits: Int) throws(PeerError) -> CachePolicy {
    try StoredBits.check(bits, .asymmetric)
    return CachePolicy(name: "quantised-lorc") { (_, seen) throws(PeerError) in
      var cache = try LayerCache(whole: seen.key, seen.value, positions: seen.positions, heads: seen.heads)
      cache.bits = try StoredBits.payload(
        count: 2 * seen.positions.count * rank, bits: bits, groups: 2 * seen.positions.count, form: .asymmetric)
      return cache
    }
  }

  /// The farthest atoms of the keys, before the rotation, and of the values of calibration texts, a dictionary a layer.
  private static func dictionaries(
    atoms: Int, of model: CachedDecoder, _ calibration: CalibrationTexts
  ) throws(PeerReferenceError) -> [SparseDictionary] {
    let width = model.configuration.heads.dimension
    var (keys, values) = (
      Array(repeating: [Double](), count: model.configuration.layers),
      Array(repeating: [Double](), count: model.configuration.layers)
    )
    for text in calibration.texts {
      let trace = try model.prefill(
        embeddings: try model.embed(text), positions: Array(text.indices),
        visible: .causal(rows: text.count, behind: 0))
      for (layer, trace) in trace.layers.enumerated() {
        keys[layer] += trace.unrotatedKey.values
        values[layer] += trace.read.values.values
      }
    }
    func farthest(_ numbers: [Double]) throws(PeerReferenceError) -> Tensor {
      let vectors = Tensor(shape: [numbers.count / width, width], values: numbers)
      guard let found = SparsePursuit.farthestAtoms(vectors, count: atoms) else {
        throw .rejected(.prunedOutOfRange(atoms, limit: vectors.rows))
      }
      return found
    }
    var dictionaries: [SparseDictionary] = []
    for layer in keys.indices {
      let (ofKeys, ofValues) = (try farthest(keys[layer]), try farthest(values[layer]))
      dictionaries.append(try peers(try SparseDictionary(keys: ofKeys, values: ofValues)))
    }
    return dictionaries
  }
}

/// The value of an expression of integers, its error as a `PeerReferenceError`.
func peers<Value>(_ check: @autoclosure () throws(PeerError) -> Value) throws(PeerReferenceError) -> Value {
  do { return try check() } catch { throw .rejected(error) }
}
