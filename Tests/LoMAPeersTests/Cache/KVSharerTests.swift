// Spec chapter 19: KVSharer, BAS-14; maps of layers, distances, the search, and a decoder whose layers share.

import LoMAPeers
import LoMAPeersReference
import NaiveLlama
import Testing

@Suite("19 BAS: KVSharer") struct KVSharerTests {
  /// Keys and values [T, G·d] of C texts and L layers.
  private func texts(_ count: Int, layers: Int, rows: Int, width: Int, seed: UInt64) -> [[KeyValues]] {
    var numbers = SeededNumbers(seed: seed)
    func drawn() -> Tensor {
      Tensor(shape: [rows, width], values: numbers.deviates(rows * width, mean: 0, standardDeviation: 1))
    }
    return (0..<count).map { _ in (0..<layers).map { _ in KeyValues(keys: drawn(), values: drawn()) } }
  }

  private func wrong(_ change: (inout SharingRules) -> Void) -> SharingRules {
    var rules = SharingRules.spec
    change(&rules)
    return rules
  }

  private func sharing(_ sample: CachedSample, _ share: [Int], _ rules: SharingRules = .spec) throws -> CachedSample {
    try sample.with { $0.rules = try KVSharer.decoderRules(share, rules: rules) }
  }

  // MARK: - Maps

  @Test func `BAS-14 a chain is closed to its root, by hand and whatever the map`() throws {
    #expect(try LayerShare([0, 0, 1, 3, 2]).sources == [0, 0, 0, 3, 0])
    #expect(try LayerShare([0, 0, 1, 3, 2]).maps == 3)
    #expect(try LayerShare([0, 1, 1]).mapping(LayerPair(reader: 1, source: 0)).sources == [0, 0, 0])
    #expect(LayerShare.none(layers: 3).sources == [0, 1, 2] && LayerShare.none(layers: 3).maps == 0)
    for (share, error) in [
      ([0, 2, 1], PeerError.shareOutOfRange(2, layer: 1)), ([0, -1], .shareOutOfRange(-1, layer: 1)),
      ([1, 3], .shareOutOfRange(1, layer: 0)),
    ] {
      #expect(throws: error) { try LayerShare(share) }
    }
    var numbers = SeededNumbers(seed: 14)
    for _ in 0..<200 {
      let share = (0..<1 + numbers.integer(below: 8)).map { numbers.integer(below: $0 + 1) }
      let sources = try LayerShare(share).sources
      for (layer, source) in sources.enumerated() {
        // Following the map as it was given ends at the source, and the source reads its own.
        var root = layer
        while share[root] != root { root = share[root] }
        #expect(source == root && sources[source] == source)
      }
      #expect(try LayerShare(sources).sources == sources)
    }
  }

  @Test func `BAS-14 bits are those of the layers that have a cache`() throws {
    let share = try LayerShare([0, 0, 2, 1])
    #expect(try share.bits(tokens: 5, heads: 2, dimension: 4) == 2 * 2 * 4 * 16 * 5 * 2)
    #expect(try LayerShare.none(layers: 4).bits(tokens: 5, heads: 2, dimension: 4) == 2 * 2 * 4 * 16 * 5 * 4)
    #expect(throws: PeerError.cacheSizeOutOfRange) { try share.bits(tokens: .max / 4, heads: 2, dimension: 4) }
  }

  // MARK: - Distances

  @Test func `BAS-14 distances by hand`() {
    // One text, two layers, two tokens of one head with two channels: keys differ by (3, 4) and (0, 0), values by (0, 1).
    let layer = { (k: [Double], v: [Double]) in
      KeyValues(keys: Tensor(shape: [2, 2], values: k), values: Tensor(shape: [2, 2], values: v))
    }
    let found = KVSharer.distances(
      [[layer([0, 0, 1, 1], [0, 0, 0, 0]), layer([3, 4, 1, 1], [0, 1, 0, 1])]], heads: 1, rules: .spec)
    #expect(found.distances.values == [0, 0, (2.5 + 1) / 2, 0])
    #expect(found.pairs == [LayerPair(reader: 1, source: 0)])
  }

  @Test func `BAS-14 distances are of means over texts, head by head, and pairs fall`() {
    for seed in UInt64(0)..<20 {
      let (layers, rows, heads, d) = (4, 3, 2, 3)
      let texts = texts(3, layers: layers, rows: rows, width: heads * d, seed: seed)
      let found = KVSharer.distances(texts, heads: heads, rules: .spec)
      func mean(_ layer: Int, _ part: KeyPath<KeyValues, Tensor>, _ row: Int, _ i: Int) -> Double {
        texts.map { $0[layer][keyPath: part][row, i] }.reduce(0, +) / 3
      }
      for i in 0..<layers {
        for j in 0..<layers where j < i {
          var sum = 0.0
          for part in [\KeyValues.keys, \KeyValues.values] {
            for row in 0..<rows {
              for head in 0..<heads {
                let squares = (head * d..<head * d + d).map { c in
                  let difference = mean(i, part, row, c) - mean(j, part, row, c)
                  return difference * difference
                }
                sum += squares.reduce(0, +).squareRoot()
              }
            }
          }
          #expect((found.distances[i, j] - sum / Double(2 * rows * heads)).magnitude <= 1e-13)
          #expect(found.distances[j, i] == 0)
        }
        #expect(found.distances[i, i] == 0)
      }
      let ranked = found.pairs.map { found.distances[$0.reader, $0.source] }
      #expect(ranked == ranked.sorted(by: >) && Set(found.pairs).count == layers * (layers - 1) / 2)
    }
  }

  @Test func `BAS-14 BAS-3 equal distances are tried by rising reader, then source`() {
    let same = texts(1, layers: 1, rows: 2, width: 2, seed: 5)[0][0]
    let found = KVSharer.distances([[same, same, same, same]], heads: 1, rules: .spec)
    #expect(found.pairs.map { [$0.reader, $0.source] } == [[1, 0], [2, 0], [2, 1], [3, 0], [3, 1], [3, 2]])
  }

  @Test func `BAS-14 mistakes of the distances change them, or their order`() {
    let texts = texts(3, layers: 4, rows: 3, width: 4, seed: 6)
    let right = KVSharer.distances(texts, heads: 2, rules: .spec)
    let nearest = KVSharer.distances(texts, heads: 2, rules: wrong { $0.isTriedFirst = { $0 < $1 } })
    #expect(nearest.pairs == right.pairs.reversed())
    let keysOnly = KVSharer.distances(texts, heads: 2, rules: wrong { $0.distance = { keys, _ in keys } })
    #expect(keysOnly.distances != right.distances)
    let turned = KVSharer.distances(
      texts, heads: 2, rules: wrong { $0.pair = { LayerPair(reader: $1, source: $0) } })
    #expect(turned.pairs.allSatisfy { $0.reader < $0.source })
    // A text of another length is left out of the means; to count it nevertheless makes all distances smaller.
    let mixed = texts + self.texts(1, layers: 4, rows: 2, width: 4, seed: 7)
    #expect(KVSharer.distances(mixed, heads: 2, rules: .spec) == right)
    let counted = KVSharer.distances(mixed, heads: 2, rules: wrong { $0.texts = { $1 } })
    #expect(counted.distances[1, 0] < right.distances[1, 0])
  }

  // MARK: - The search

  /// States of one text that turn away from the first ones by an angle for each mapped layer.
  private func states(_ angles: [Double]) -> (LayerShare) throws(PeerReferenceError) -> [Tensor] {
    { share throws(PeerReferenceError) in
      var angle = 0.0
      for (layer, source) in share.sources.enumerated() where source != layer { angle += angles[layer] }
      return [Tensor(shape: [1, 2], values: [Elementary.cosine(angle), Elementary.sine(angle)])]
    }
  }

  private func search(
    _ pairs: [(Int, Int)], maps: Int, threshold: Double = 0.5, angles: [Double]
  ) throws -> [Int] {
    try KVSharer.search(
      pairs.map { LayerPair(reader: $0.0, source: $0.1) }, layers: 4, maps: maps, threshold: threshold, rules: .spec,
      states: states(angles)
    ).sources
  }

  @Test func `BAS-14 the search keeps pairs in order while the states stay alike, and stops at N`() throws {
    let pairs = [(2, 1), (3, 2), (3, 0), (1, 0)]
    #expect(try search(pairs, maps: 4, angles: [0, 0, 0, 0]) == [0, 0, 0, 0])
    #expect(try search(pairs, maps: 2, angles: [0, 0, 0, 0]) == [0, 1, 1, 1])
    #expect(try search(pairs, maps: 1, angles: [0, 0, 0, 0]) == [0, 1, 1, 3])
    // Layer 2 alone turns by 1.1, whose cosine is 0.45: it is not mapped, and 3 reads it.
    #expect(try search(pairs, maps: 4, angles: [0, 0, 1.1, 0]) == [0, 0, 2, 2])
    // Each turns by 0.7: two are above one half together, three or more not... cos 1.4 = 0.17, cos 0.7 = 0.76.
    #expect(try search(pairs, maps: 4, angles: [0, 0.7, 0.7, 0.7]) == [0, 1, 1, 3])
    // A pair whose reader is mapped is passed over; so 3 keeps the first source that was kept.
    #expect(try search([(3, 1), (3, 0)], maps: 4, angles: [0, 0, 0, 0]) == [0, 1, 2, 1])
  }

  @Test func `BAS-14 BAS-7 no map with N = 0 or a threshold of 1, on a model too`() throws {
    #expect(try search([(1, 0)], maps: 0, angles: [0, 0, 0, 0]) == [0, 1, 2, 3])
    #expect(try search([(1, 0), (2, 0)], maps: 4, threshold: 1, angles: [0, 0, 0, 0]) == [0, 1, 2, 3])
    for sample in someCached(6, seed: 141) {
      let share = try KVSharer.search(
        try sample.decoder(), texts: [sample.text()], maps: 9, threshold: 1, rules: .spec)
      #expect(share.maps == 0)
      let plain = try sample.forward(nil)
      #expect(try sharing(sample, share.sources).forward(nil).logits.bits == plain.logits.bits)
    }
    var numbers = SeededNumbers(seed: 142)
    for _ in 0..<200 {
      let a = numbers.deviates(7, mean: 0, standardDeviation: 1)
      #expect(KVSharer.cosine(a[...], a[...]) == 1 && KVSharer.cosine(a[...], a.map { -$0 }[...]) == -1)
    }
    #expect(KVSharer.cosine([0, 0], [1, 2]) == 0)
  }

  /// A model of five layers and three texts of one length.
  private func calibrated(_ seed: UInt64) -> (sample: CachedSample, texts: [[Int]]) {
    let sample = CachedSample(seed: seed, layers: 5, textLength: 7, prefill: 6)
    return (sample, (0..<3).map { index in sample.with { $0.seed = seed &+ 10 + UInt64(index) }.text() })
  }

  @Test func `BAS-14 on a model the search finds what pair by pair trials find`() throws {
    var found: Set<Int> = []
    for seed in UInt64(0)..<6 {
      let (sample, texts) = calibrated(seed)
      let share = try KVSharer.search(try sample.decoder(), texts: texts, maps: 3, threshold: 0.5, rules: .spec)
      found.insert(share.maps)
      // Again, each trial a decoder of its own on the whole texts.
      func traces(_ sources: [Int]) throws -> [CachedTrace] {
        let decoder = try sharing(sample, sources).decoder()
        return try texts.map {
          try decoder.prefill(
            embeddings: try decoder.embed($0), positions: Array($0.indices), visible: .causal(rows: 7, behind: 0))
        }
      }
      let plain = try traces([0, 1, 2, 3, 4])
      let pairs = KVSharer.distances(
        plain.map { $0.layers.map { KeyValues(keys: $0.read.keys, values: $0.read.values) } }, heads: 2, rules: .spec
      ).pairs
      var sources = [0, 1, 2, 3, 4]
      for pair in pairs {
        guard sources[pair.reader] == pair.reader, try LayerShare(sources).maps < 3 else { continue }
        var tried = sources
        tried[pair.reader] = pair.source
        tried = try LayerShare(tried).sources
        let cosines = zip(try traces(tried), plain).map {
          KVSharer.cosine($0.finalNorm.values[...], $1.finalNorm.values[...])
        }
        if cosines.reduce(0, +) / 3 > 0.5 { sources = tried }
      }
      #expect(share.sources == sources)
    }
    #expect(found.count > 1, "some searches find fewer maps")
  }

  @Test func `BAS-14 mistakes of the search find other maps`() throws {
    for (name, rules) in [
      ("nearest first", wrong { $0.isTriedFirst = { $0 < $1 } }),
      ("keys only", wrong { $0.distance = { keys, _ in keys } }),
      ("input hidden states", wrong { $0.states = { $0.layers[0].input } }),
    ] {
      var changed = 0
      for seed in UInt64(0)..<20 {
        let (sample, texts) = calibrated(seed)
        let maps = try [SharingRules.spec, rules].map {
          try KVSharer.search(try sample.decoder(), texts: texts, maps: 3, threshold: 0.5, rules: $0).sources
        }
        if maps[0] != maps[1] { changed += 1 }
      }
      #expect(changed > 0, "\(name)")
    }
    // Normed states of tokens are nearly of one length, so that a mean of cosines differs little: of other lengths it shows.
    for (rules, expected) in [(SharingRules.spec, [0, 0]), (wrong { $0.similarity = meanCosine }, [0, 1])] {
      let share = try KVSharer.search(
        [LayerPair(reader: 1, source: 0)], layers: 2, maps: 1, threshold: 0.5, rules: rules
      ) { share throws(PeerReferenceError) in
        [Tensor(shape: [2, 2], values: [9, 0, share.maps == 0 ? 1 : -1, 0])]
      }
      #expect(share.sources == expected)
    }
    let (sample, texts) = calibrated(1)
    #expect(throws: PeerReferenceError.self) {
      try KVSharer.search(
        try sample.decoder(), texts: texts, maps: 3, threshold: -2,
        rules: wrong { $0.pair = { LayerPair(reader: $1, source: $0) } })
    }
  }

  // MARK: - In a decoder

  @Test func `BAS-14 LAT-8 layers that share in groups are those of chapter 17, bit for bit`() throws {
    for stride in 1...3 {
      for plain in someCached(5, seed: UInt64(stride)) {
        let sample = plain.with { $0.layers = 4 }
        let heads = sample.heads
        let configuration = try LatentConfiguration(
          shape: LatentShape(
            vocabularySize: 16, hiddenSize: 8, intermediateSize: 12, layers: 4, tiesHead: sample.tiesHead,
            attention: LatentParameters(
              profile: LatentPoint.cla.profile, stride: stride,
              form: .heads(query: heads.query, keyValue: heads.keyValue, dimension: heads.dimension))),
          epsilon: 0x1p-10, latentEpsilon: 1e-6, theta: 10_000)
        let model = LatentModel(
          configuration: configuration, weights: Weights(try sample.weights()), functions: sample.functions,
          rules: .spec)
        let tokens = sample.text()
        let expected = try model.forward(
          embeddings: try model.embed(tokens), positions: Array(tokens.indices), visible: causal(tokens.count),
          past: model.noPast)
        let shared = try sharing(sample, (0..<4).map { $0 / stride * stride }).forward(nil)
        #expect(shared.logits.bits == expected.logits.bits(sample.prefill - 1..<tokens.count))
      }
    }
  }

  @Test func `BAS-14 a reader's own W_K and W_V have no part, and bits are the roots'`() throws {
    for plain in someCached(10, seed: 143) {
      let sample = try sharing(plain.with { $0.layers = 4 }, [0, 0, 2, 1])
      let forward = try sample.forward(nil)
      var weights = try sample.weights()
      for layer in [1, 3] {
        for projection in [Projection.key, .value] {
          let name = projection.name(ParameterName.layer(layer))
          weights.tensors[name] = try #require(weights.tensors[name]).scaled(by: .nan)
        }
      }
      let decoder = CachedDecoder(
        configuration: try sample.configuration(), weights: Weights(weights), functions: sample.functions,
        rules: sample.rules)
      let poisoned = try decoder.forward(sample.text(), prefill: sample.prefill, policy: nil, passLength: 2)
      #expect(poisoned.logits.bits == forward.logits.bits)
      #expect(
        try forward.bits
          == LayerShare([0, 0, 2, 1]).bits(
            tokens: sample.prefill, heads: sample.heads.keyValue, dimension: sample.heads.dimension))
    }
  }

  @Test func `BAS-14 an open chain reads another layer's entries`() throws {
    let sample = CachedSample(layers: 3, textLength: 9, prefill: 6)
    let open = wrong { $0.sources = { share, _ in share } }
    let right = try sharing(sample, [0, 0, 1]).forward(nil)
    #expect(try sharing(sample, [0, 0, 0]).forward(nil).logits.bits == right.logits.bits)
    #expect(try sharing(sample, [0, 0, 1], open).forward(nil).logits != right.logits)
  }
}

/// The mean over tokens of the cosines of their states.
private func meanCosine(_ a: Tensor, _ b: Tensor) -> Double {
  (0..<a.rows).map { KVSharer.cosine(a.row($0), b.row($0)) }.reduce(0, +) / Double(a.rows)
}

extension Tensor {
  fileprivate func scaled(by factor: Double) -> Tensor { Tensor(shape: shape, values: values.map { $0 * factor }) }
}
