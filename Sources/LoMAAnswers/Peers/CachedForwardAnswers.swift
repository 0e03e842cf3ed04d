// BAS-21: a model whose prefill a method changes.

import LoMA
import LoMAPeers
import LoMAPeersReference
import LoMAReference
import LoMAVectors
import NaiveLlama

extension ReferenceAnswers {
  /// `logits` [N − T + 1, V]; `cache.keys`, `cache.values` [L, T, G·d]; `cache.alive` [L, G, T]; `bits` [].
  func cachedForward(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let asked = try CachedAsked(request, self)
    let pass = try asked.pass()
    let caches = asked.decoder.asRead(pass.caches)
    let bits = try request.peer { () throws(PeerError) in try pass.bits }
    let heads = asked.decoder.configuration.heads
    func kept(_ numbers: (LayerCache) -> Tensor) -> [Tensor] {
      caches.map { cache in
        var kept = Tensor(zeros: [asked.prefill, heads.keyValue * heads.dimension])
        for (g, alive) in cache.alive.enumerated() {
          for entry in alive {
            for column in g * heads.dimension..<(g + 1) * heads.dimension {
              kept[entry, column] = numbers(cache)[entry, column]
            }
          }
        }
        return kept
      }
    }
    let alive = caches.flatMap { cache in
      cache.alive.flatMap { head in (0..<asked.prefill).map { head.contains($0) } }
    }
    return [
      .tensor("logits", pass.logits), .stacked("cache.keys", kept { $0.keys }),
      .stacked("cache.values", kept { $0.values }),
      .booleans("cache.alive", shape: [caches.count, heads.keyValue, asked.prefill], alive), .integer("bits", bits),
    ]
  }
}

/// A request of `cached_forward` whose faults were looked for in the order of the list (BAS-22).
package struct CachedAsked {
  package let decoder: CachedDecoder
  package let policy: CachePolicy?
  package let tokens: [Int]
  /// T.
  package let prefill: Int

  package init(_ request: Request, _ answers: ReferenceAnswers) throws(RequestError) {
    let baseline = try request.baseline()
    guard let path = request.model else { throw .parameter("model") }
    let model = answers.models[path]
    guard model != nil || answers.refusals[path] != nil else { throw .parameter("model") }
    let (tokens, lengths) = (try request.integers("tokens"), try request.integers("lengths"))
    guard lengths == [tokens.count] else { throw .shape(tensor: "lengths") }
    let prefill = try request.integer("prefill")
    let configuration = model?.configuration
    let method = try CachedMethod(
      request, baseline, rows: prefill, configuration: configuration, rules: answers.peers.baselines)
    try request.require(
      1...max(1, tokens.count) ~= prefill && !tokens.isEmpty, else: .prefillOutOfRange(prefill, limit: tokens.count))
    try method.checkLate(request)
    if let size = configuration?.vocabularySize {
      for (index, token) in tokens.enumerated() {
        try request.require(
          token >= 0 && token < size,
          else: .textTokenOutOfRange(token: token, segment: 0, index: index, textVocabulary: size))
      }
    }
    if let refusal = answers.refusals[path] { throw .reference(refusal) }
    guard let model else { throw .parameter("model") }
    let weights = Weights(model.parameters)
    let made = try method.made(request, model.configuration, weights, answers.peers.baselines)
    decoder = CachedDecoder(
      configuration: model.configuration, weights: weights, functions: answers.functions,
      rules: answers.peers.baselines.decoder(made.rules))
    let left = answers.peers.baselines.left
    let policy = made.policy
    self.policy = policy.map { policy in
      CachePolicy(name: policy.name) { (seen) throws(PeerError) in left(try policy.compress(seen)) }
    }
    (self.tokens, self.prefill) = (tokens, prefill)
  }

  /// The whole text, row by row behind the prefill.
  package func pass() throws(RequestError) -> CachedForward {
    do throws(PeerReferenceError) {
      return try decoder.forward(tokens, prefill: prefill, policy: policy, passLength: tokens.count)
    } catch { throw .peer(.reference(error)) }
  }
}

/// A method with its parameters, checked as far as a request and the sizes of a model go.
private enum CachedMethod {
  case none
  case eviction(window: Int, budget: Int)
  case zigzag(window: Int, total: Int, least: Int)
  case think(window: Int, pruned: Int, recent: Int)
  case zipCache(low: Int, bits: (low: Int?, high: Int?), probe: [Int]?)
  case pyramid(recent: Int, counts: [Int])
  case sharer([Int])
  case dmc
  case lorc(keys: [Int], values: [Int])
  case csr(steps: Int, [SparseDictionary])
  case noise(sigma: Double, seed: UInt64)

  init(
    _ request: Request, _ baseline: Baseline, rows: Int, configuration: Configuration?, rules: BaselineRules
  ) throws(RequestError) {
    let layers = configuration?.layers
    func perLayer(_ name: String, _ less: Int = 0) throws(RequestError) -> [Int] {
      let values = try request.integers(name)
      if let layers, values.count != layers - less { throw .shape(tensor: name) }
      return values
    }
    switch baseline {
    case .none: self = .none
    case .eviction:
      let (window, budget) = (try request.integer("window"), try request.integer("budget"))
      _ = try request.peer { () throws(PeerError) in try EvictionBudget(window: window, budget: budget, rows: rows) }
      self = .eviction(window: window, budget: budget)
    case .zigzag:
      let (window, total) = (try request.integer("window"), try request.integer("total"))
      let least = try request.integer("least")
      if let layers {
        _ = try request.peer { () throws(PeerError) in
          try ZigZagBudget(window: window, total: total, least: least, layers: layers, rows: rows)
        }
      }
      self = .zigzag(window: window, total: total, least: least)
    case .think:
      let (window, pruned) = (try request.integer("window"), try request.integer("pruned"))
      let recent = try request.integer("recent")
      if let configuration {
        _ = try request.peer { () throws(PeerError) in
          try ThinKChannels(
            window: window, pruned: pruned, recent: recent, dimension: configuration.heads.dimension, rows: rows)
        }
      }
      self = .think(window: window, pruned: pruned, recent: recent)
    case .zipCache:
      let low = try request.integer("low")
      let bits = (low: try request.bits("low_bits"), high: try request.bits("high_bits"))
      _ = try request.peer { () throws(PeerError) in
        try ZipClasses(low: low, lowBits: bits.low, highBits: bits.high, rows: rows)
      }
      self = .zipCache(low: low, bits: bits, probe: try request.probe(rows: rows))
    case .pyramidInfer:
      let (recent, counts) = (try request.integer("recent"), try perLayer("counts", 1))
      _ = try request.peer { () throws(PeerError) in try RowCounts(tokens: rows, recent: recent, counts: counts) }
      self = .pyramid(recent: recent, counts: counts)
    case .kvSharer:
      let share = try perLayer("share")
      _ = try request.peer { () throws(PeerError) in try LayerShare(share) }
      self = .sharer(share)
    case .dmc: self = .dmc
    case .lorc:
      let (keys, values) = (try perLayer("key_ranks"), try perLayer("value_ranks"))
      if let configuration {
        let limit = min(configuration.heads.keyValue * configuration.heads.dimension, configuration.hiddenSize)
        _ = try request.peer { () throws(PeerError) in try LowRanks(keys: keys, values: values, limit: limit) }
      }
      self = .lorc(keys: keys, values: values)
    case .csr: self = try Self.sparse(request, configuration)
    case .noise:
      self = .noise(sigma: try request.real("sigma"), seed: UInt64(bitPattern: Int64(try request.integer("seed"))))
    }
  }

  private static func sparse(
    _ request: Request, _ configuration: Configuration?
  ) throws(RequestError) -> CachedMethod {
    let steps = try request.integer("steps")
    let (keys, values) = (try request.tensor("key_atoms"), try request.tensor("value_atoms"))
    for (name, tensor) in [("key_atoms", keys), ("value_atoms", values)] {
      guard tensor.shape.count == 3, tensor.shape[1] >= 1, tensor.shape[2] >= 1,
        configuration.map({ tensor.shape[0] == $0.layers && tensor.shape[2] == $0.heads.dimension }) ?? true
      else { throw .shape(tensor: name) }
    }
    guard keys.shape[0] == values.shape[0] else { throw .shape(tensor: "value_atoms") }
    try request.peer { () throws(PeerError) in
      try SparseCost.check(steps: steps, dimension: configuration?.heads.dimension ?? keys.shape[2])
    }
    func layer(_ atoms: Tensor, _ l: Int) -> Tensor {
      let size = atoms.shape[1] * atoms.shape[2]
      return Tensor(
        shape: Array(atoms.shape.dropFirst()), values: Array(atoms.values[l * size..<(l + 1) * size]))
    }
    let dictionaries = try request.peer { () throws(PeerError) in
      var dictionaries: [SparseDictionary] = []
      for l in 0..<keys.shape[0] {
        dictionaries.append(try SparseDictionary(keys: layer(keys, l), values: layer(values, l)))
      }
      return dictionaries
    }
    return .csr(steps: steps, dictionaries)
  }

  /// What comes after the prefill in the list.
  func checkLate(_ request: Request) throws(RequestError) {
    if case .noise(let sigma, _) = self {
      _ = try request.peer { () throws(PeerError) in try StoredNoise(sigma: sigma, rules: .spec) }
    }
  }

  /// The decoder's rules and the policy; no policy where what was written stays.
  func made(
    _ request: Request, _ configuration: Configuration, _ weights: Weights, _ rules: BaselineRules
  ) throws(RequestError) -> (rules: DecoderRules, policy: CachePolicy?) {
    switch self {
    case .none: return (.spec, CachePolicy.none)
    case .eviction(let window, let budget):
      return (.spec, Eviction.policy(window: window, budget: budget, rules: rules.eviction))
    case .zigzag(let window, let total, let least):
      var zigzag = rules.zigzag
      zigzag.eviction = rules.eviction
      return (.spec, ZigZagKV.policy(window: window, total: total, least: least, rules: zigzag))
    case .think(let window, let pruned, let recent):
      return (.spec, ThinK.policy(window: window, pruned: pruned, recent: recent, rules: rules.think))
    case .zipCache(let low, let bits, let probe):
      return (
        .spec,
        ZipCache.policy(low: low, lowBits: bits.low, highBits: bits.high, probe: probe, rules: rules.zip)
      )
    case .pyramid(let recent, let counts):
      return try request.peer { () throws(PeerError) in
        let rows = try RowCounts(tokens: request.prefillLength, recent: recent, counts: counts)
        return (
          PyramidInfer.decoderRules(rows, rules: rules.pyramid), PyramidInfer.policy(rows, rules: rules.pyramid)
        )
      }
    case .sharer(let share):
      return try request.peer { () throws(PeerError) in
        (try KVSharer.decoderRules(share, rules: rules.sharing), nil)
      }
    case .dmc: return (DynamicMemoryCompression.decoderRules(rules.pooling), nil)
    case .lorc(let keys, let values):
      let limit = min(configuration.heads.keyValue * configuration.heads.dimension, configuration.hiddenSize)
      let ranks = try request.peer { () throws(PeerError) in try LowRanks(keys: keys, values: values, limit: limit) }
      let decoder = try request.peer { () throws(PeerReferenceError) in
        try LowRank.decoderRules(ranks, configuration: configuration, weights: weights, rules: rules.lowRank)
      }
      return (decoder, LowRank.policy(ranks, rules: rules.lowRank))
    case .csr(let steps, let dictionaries):
      return (.spec, SparsePursuit.policy(dictionaries, steps: steps, rules: rules.pursuit))
    case .noise(let sigma, let seed):
      let noise = try request.peer { () throws(PeerError) in try StoredNoise(sigma: sigma, rules: rules.noise) }
      return (.spec, noise.policy(over: .none, seed: seed))
    }
  }
}

extension Request {
  /// T of a request that has been checked.
  fileprivate var prefillLength: Int { (try? integer("prefill")) ?? 0 }

  /// `probe`, ascending rows of T, at least one; nil if it is not given.
  package func probe(rows: Int) throws(RequestError) -> [Int]? {
    guard input["probe"] != nil else { return nil }
    let probe = try integers("probe")
    guard !probe.isEmpty else { throw .shape(tensor: "probe") }
    try require(ascending: true, probe, below: rows)
    return probe
  }
}
