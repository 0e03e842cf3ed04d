// Spec chapter 17, one pass: LAT-3…LAT-8, against a second derivation and against what else must be equal.

import LoMAPeers
import LoMAPeersReference
import NaiveLlama
import Testing

@Suite("17 LAT: one pass") struct LatentForwardTests {
  /// A Llama of the sample's size, with so many heads.
  private func llama(
    _ sample: LatentSample, query: Int, keyValue: Int, dimension: Int
  ) throws -> Configuration {
    try Configuration(
      vocabularySize: 16, hiddenSize: sample.hiddenSize, intermediateSize: sample.hiddenSize + 4,
      layers: sample.layers, queryHeads: query, keyValueHeads: keyValue, headDimension: dimension, epsilon: 0x1p-10,
      theta: 10_000, tiesHead: sample.tiesHead)
  }

  private func forward(
    _ configuration: Configuration, _ weights: ParameterSet, _ sample: LatentSample, positions: [Int]
  ) throws -> ForwardTrace {
    let model = Transformer(
      configuration: configuration, weights: Weights(weights), functions: .llama(workers: .single))
    return try model.forward(
      embeddings: try model.embed(sample.text()), positions: positions, visible: causal(positions.count),
      past: model.noPast)
  }

  /// The identity: [width, width].
  private func identity(_ width: Int) -> Tensor {
    var tensor = Tensor(zeros: [width, width])
    for i in 0..<width { tensor[i, i] = 1 }
    return tensor
  }

  @Test func `LAT-3 LAT-4 LAT-5 LAT-6 every layer's output is that of the second derivation, to 1e-12`() throws {
    for sample in someLatents() where sample.latentProfile.entries == .latent {
      let positions = [0, 1, 2, 2, 5, 6, 9, 3, 4]
      let trace = try sample.forward(positions: positions)
      let second = SecondLatent(
        weights: try sample.weights(), widths: sample.widths, profile: sample.latentProfile, stride: sample.stride,
        theta: 10_000)
      func rows(_ x: Tensor) -> [[Double]] { (0..<x.rows).map { Array(x.row($0)) } }
      for (index, layer) in trace.layers.enumerated() {
        let producer = trace.layers[index - index % sample.stride]
        let expected = second.output(
          layer: index, y: rows(layer.attentionNorm), ofProducer: rows(producer.attentionNorm), positions: positions)
        let far = distance(layer.attentionOutput, Tensor(rows: expected, width: sample.hiddenSize))
        #expect(far <= 1e-12 * max(1, layer.attentionOutput.largest), "\(sample): layer \(index) by \(far)")
      }
    }
  }

  @Test func `LAT-7 E1 the absorbed form is the plain one, to rounding`() throws {
    for sample in someLatents() where sample.latentProfile.entries == .latent {
      let (trace, weights) = (try sample.forward(), try sample.weights())
      for (index, layer) in trace.layers.enumerated() {
        let owner = sample.latentProfile.upProjection == .own ? index : index - index % sample.stride
        let context = AbsorbedAttention.context(
          query: layer.query, entries: layer.all,
          keyValueUp: try #require(weights.tensors[LatentLayerNames(index: owner).keyValueUp]),
          visible: causal(9), widths: sample.widths, scale: LatentRules.spec.scale(sample.widths))
        #expect(distance(context, layer.attention.context) <= 1e-13 * layer.attention.context.largest, "\(sample)")
      }
    }
  }

  @Test func `LAT-5 E3 with s = 1 own and shared up-projections are one model, bit for bit`() throws {
    for name in ["base", "latent_norm=off", "quantiser=symmetric"] {
      for bits in [nil, 3] as [Int?] {
        var sample = LatentSample(latentProfile: try LatentProfile(name: name))
        sample.widths.bits = bits
        let own = try sample.forward()
        sample.latentProfile.upProjection = .shared
        #expect(try sample.forward() == own)
        sample.stride = 2
        #expect(try sample.forward().logits != own.logits)
      }
    }
  }

  @Test func `LAT-4 E4 without bits neither group nor quantiser nor its scales change a bit`() throws {
    let base = try LatentSample(stride: 2).forward()
    for profile in LatentProfile.all
    where profile.entries == .latent && profile.latentNorm == .on && profile.upProjection == .own {
      for group in [1, 2, 3, 6] {
        var sample = LatentSample(stride: 2, latentProfile: profile)
        sample.widths.group = group
        #expect(try sample.forward() == base)
        sample.widths.bits = 4
        // A group of one number rounds to itself.
        if group > 1 { #expect(try sample.forward().logits != base.logits) }
      }
    }
  }

  /// A latent model whose latent is y itself: W_DKV the identity, no norm.
  private func throughIdentity(_ sample: LatentSample, rotated: Int) throws -> LatentSample {
    try sample.with {
      $0.latentProfile = try LatentProfile(name: "latent_norm=off")
      ($0.widths.latent, $0.widths.group, $0.widths.rotated) = (sample.hiddenSize, sample.hiddenSize, rotated)
    }
  }

  @Test func `LAT-5 E5 with d_c = D and W_DKV = I it is multi-head attention at position 0, bit for bit`() throws {
    for seed in 1...4 {
      var sample = try throughIdentity(LatentSample(seed: UInt64(seed)), rotated: 0)
      (sample.widths.heads, sample.widths.plain, sample.widths.value) = (2, 4, 4)
      let configuration = try llama(sample, query: 2, keyValue: 2, dimension: 4)
      var numbers = SeededNumbers(seed: UInt64(seed))
      let base = ParameterSet.highVariance(configuration, numbers: &numbers)
      var weights = base
      for layer in 0..<sample.layers {
        let (names, mine) = (ParameterName.layer(layer), LatentLayerNames(index: layer))
        let (key, value) = (try #require(base.tensors[names.key]), try #require(base.tensors[names.value]))
        weights.tensors[names.key] = nil
        weights.tensors[names.value] = nil
        weights.tensors[mine.keyValueDown] = identity(sample.hiddenSize)
        var up = Tensor(zeros: [0, sample.hiddenSize])
        for head in 0..<2 {
          let rows = Array(head * 4..<head * 4 + 4)
          up = up.appending(key.selecting(rows: rows)).appending(value.selecting(rows: rows))
        }
        weights.tensors[mine.keyValueUp] = up
      }
      try weights.check(against: sample.configuration())
      let still = Array(repeating: 0, count: 9)
      let expected = try forward(configuration, base, sample, positions: still)
      #expect(try sample.forward(weights, positions: still).logits == expected.logits)
      // Without a rotated part positions have no effect: with rotation multi-head attention is no point of the family.
      #expect(try sample.forward(weights).logits == expected.logits)
      #expect(try forward(configuration, base, sample, positions: Array(0..<9)).logits != expected.logits)
    }
  }

  @Test func `LAT-5 E6 with d_n = 0 and one W_UV for all heads it is multi-query attention, to 1e-12`() throws {
    for seed in 1...4 {
      var sample = try throughIdentity(LatentSample(seed: UInt64(seed)), rotated: 4)
      (sample.widths.heads, sample.widths.plain, sample.widths.value) = (4, 0, 4)
      let configuration = try llama(sample, query: 4, keyValue: 1, dimension: 4)
      var numbers = SeededNumbers(seed: UInt64(seed))
      let base = ParameterSet.highVariance(configuration, numbers: &numbers)
      var weights = base
      for layer in 0..<sample.layers {
        let (names, mine) = (ParameterName.layer(layer), LatentLayerNames(index: layer))
        let (key, value) = (try #require(base.tensors[names.key]), try #require(base.tensors[names.value]))
        weights.tensors[names.key] = nil
        weights.tensors[names.value] = nil
        weights.tensors[mine.keyValueDown] = identity(sample.hiddenSize).appending(key)
        weights.tensors[mine.keyValueUp] = value.selecting(rows: (0..<16).map { $0 % 4 })
      }
      try weights.check(against: sample.configuration())
      let expected = try forward(configuration, base, sample, positions: Array(0..<9))
      #expect(distance(try sample.forward(weights).logits, expected.logits) <= 1e-12)
    }
  }

  @Test func `LAT-5 E7 keys and values of low rank are multi-head attention at position 0, to 1e-11`() throws {
    for seed in 1...4 {
      var sample = LatentSample(seed: UInt64(seed), latentProfile: try LatentProfile(name: "latent_norm=off"))
      (sample.widths.heads, sample.widths.plain, sample.widths.value, sample.widths.rotated) = (2, 4, 4, 0)
      let configuration = try llama(sample, query: 2, keyValue: 2, dimension: 4)
      let mine = try sample.weights()
      var numbers = SeededNumbers(seed: 99)
      var weights = ParameterSet.highVariance(configuration, numbers: &numbers)
      for name in weights.names { if let tensor = mine.tensors[name] { weights.tensors[name] = tensor } }
      for layer in 0..<sample.layers {
        let names = LatentLayerNames(index: layer)
        let down = try #require(mine.tensors[names.keyValueDown])
        let up = try #require(mine.tensors[names.keyValueUp])
        let product = Linear.forward(up, weight: down.transposed(), workers: .single)
        for (name, first) in [(names.key, 0), (names.value, 4)] {
          let rows = (0..<8).map { $0 / 4 * 8 + first + $0 % 4 }
          weights.tensors[name] = product.selecting(rows: rows)
        }
      }
      let still = Array(repeating: 0, count: 9)
      let expected = try forward(configuration, weights, sample, positions: still)
      #expect(distance(try sample.forward(positions: still).logits, expected.logits) <= 1e-11)
    }
  }

  @Test func `LAT-8 E8 cla with s = 1 is Llama, bit for bit`() throws {
    for (index, heads) in headChoices.enumerated() {
      var sample = LatentSample(seed: UInt64(index), latentProfile: LatentPoint.cla.profile)
      (sample.heads, sample.tiesHead) = ((heads.query, heads.keyValue, 4), index == 1)
      let configuration = try llama(sample, query: heads.query, keyValue: heads.keyValue, dimension: 4)
      #expect(try sample.weights().names == ParameterSet(zerosFor: configuration).names)
      let expected = try forward(configuration, sample.weights(), sample, positions: Array(0..<9))
      let trace = try sample.forward()
      #expect(trace.logits == expected.logits && trace.hidden == expected.hidden)
      #expect(
        zip(trace.stored, expected.layers).allSatisfy { $0.keys == $1.own.keys && $0.contents == $1.own.values })
    }
  }

  @Test func `LAT-8 E8 a consumer of cla reads its producer's keys and values, rotated before or after`() throws {
    for stride in 2...4 {
      let sample = LatentSample(layers: 4, stride: stride, latentProfile: LatentPoint.cla.profile)
      let (trace, weights) = (try sample.forward(), try sample.weights())
      let angles = RotaryAngles(positions: Array(0..<9), headDimension: 4, theta: 10_000)
      for (index, layer) in trace.layers.enumerated() {
        let producer = index - index % stride
        let names = LatentLayerNames(index: producer)
        let y = trace.layers[producer].attentionNorm
        let key = Linear.forward(y, weight: try #require(weights.tensors[names.key]), workers: .single)
        #expect(layer.keys == RotaryPosition.forward(key, angles: angles))
        #expect(
          layer.values == Linear.forward(y, weight: try #require(weights.tensors[names.value]), workers: .single))
      }
    }
  }

  @Test func `LAT-4 E9 the error does not grow with the bits`() throws {
    for form in ["asymmetric", "symmetric"] {
      var total: [Double] = [0, 0, 0, 0, 0]
      for seed in 1...8 {
        var sample = LatentSample(
          seed: UInt64(seed), stride: 2, latentProfile: try LatentProfile(name: "quantiser=" + form))
        sample.widths.group = 6
        let exact = try sample.forward().logits
        for (index, bits) in [2, 4, 8, 16, 24].enumerated() {
          (sample.widths.bits, sample.widths.rotatedBits) = (bits, bits)
          total[index] += distance(try sample.forward().logits, exact)
        }
      }
      #expect(zip(total, total.dropFirst()).allSatisfy { $0 >= $1 } && total[0] > 0.1 && total[4] < 1e-3, "\(total)")
    }
  }

  @Test func `LAT-3 E10 neighbouring pairs are the half-split rotation with permuted rows, to 1e-12`() throws {
    for queryLatent in [nil, 4] as [Int?] {
      var sample = LatentSample(stride: 2)
      sample.widths.queryLatent = queryLatent
      let widths = sample.widths
      var neighbours = LayerFunctions.llama(workers: .single)
      neighbours.rotate = { x, angles in
        let half = angles.cosines.columns
        var y = x
        for r in 0..<x.rows {
          for first in stride(from: 0, to: x.columns, by: 2 * half) {
            for i in 0..<half {
              let (a, b) = (x[r, first + 2 * i], x[r, first + 2 * i + 1])
              y[r, first + 2 * i] = a * angles.cosines[r, i] - b * angles.sines[r, i]
              y[r, first + 2 * i + 1] = b * angles.cosines[r, i] + a * angles.sines[r, i]
            }
          }
        }
        return y
      }
      // (2i, 2i + 1) → (i, i + d_r/2), in every rotated block of rows.
      func permuted(_ w: Tensor, firsts: [Int]) -> Tensor {
        var rows = Array(0..<w.rows)
        for first in firsts {
          for i in 0..<widths.rotated / 2 {
            (rows[first + i], rows[first + i + widths.rotated / 2]) = (first + 2 * i, first + 2 * i + 1)
          }
        }
        return w.selecting(rows: rows)
      }
      let released = try sample.weights()
      var weights = released
      for layer in 0..<sample.layers {
        let names = LatentLayerNames(index: layer)
        let query = queryLatent == nil ? names.query : names.queryUp
        weights.tensors[query] = permuted(
          try #require(released.tensors[query]), firsts: (0..<widths.heads).map { $0 * widths.key + widths.plain })
        if let down = released.tensors[names.keyValueDown] {
          weights.tensors[names.keyValueDown] = permuted(down, firsts: [widths.latent])
        }
      }
      let expected = try sample.forward(released, functions: neighbours).logits
      #expect(distance(try sample.forward(weights).logits, expected) <= 1e-12)
      #expect(distance(try sample.forward(released).logits, expected) > 1e-3)
    }
  }

  @Test func `LAT-6 scores are scaled by the whole key, and no rule is idle`() throws {
    var sample = LatentSample(stride: 2)
    (sample.widths.queryLatent, sample.widths.bits, sample.widths.rotatedBits) = (4, 3, 4)
    let right = try sample.forward().logits
    func change(_ name: String, _ mutate: (inout LatentRules) -> Void) throws {
      var wrong = sample
      mutate(&wrong.rules)
      #expect(distance(try wrong.forward().logits, right) > 1e-3, "\(name)")
    }
    try change("scaled by d_n alone") { $0.scale = { 1 / Double($0.plain).squareRoot() } }
    try change("scaled by the latent's width") { $0.scale = { 1 / Double($0.latent + $0.rotated).squareRoot() } }
    try change("query latent not normed") { $0.queryLatent = { down, _, _, _ in down } }
    try change("plain part rotated too") {
      $0.rotateQuery = { query, angles, widths, f in
        guard let angles else { return query }
        return f.rotate(query.columns(0..<12), by: angles).padded(to: query.columns)
      }
    }
    try change("latent not normed") {
      $0.entries = { down, quantisers in
        StoredEntries(
          contents: quantisers.latent.quantised(down.projected.columns(0..<down.widths.latent)),
          keys: quantisers.rotatedKey.quantised(down.rotatedKey))
      }
    }
    try change("shared key not rotated") {
      $0.entries = { down, quantisers in
        StoredEntries(
          contents: quantisers.latent.quantised(down.latent),
          keys: quantisers.rotatedKey.quantised(
            down.projected.columns(down.widths.latent..<down.projected.columns)))
      }
    }
    try change("norm after quantising") {
      $0.entries = { down, quantisers in
        let stored = quantisers.latent.quantised(down.projected.columns(0..<down.widths.latent))
        return StoredEntries(
          contents: down.functions.rmsNorm(stored, gain: down.gain ?? [], epsilon: down.epsilon),
          keys: quantisers.rotatedKey.quantised(down.rotatedKey))
      }
    }
    try change("consumer reads with its producer's up-projections") { $0.upProjection = { _, producer, _ in producer } }
    try change("consumer makes entries of its own input") { $0.remakesEntries = true }
    try change("values before keys") {
      $0.split = { up, widths in
        let parts = LatentRules.spec.split(up, widths)
        var turned = widths
        (turned.plain, turned.value) = (widths.value, widths.plain)
        let swapped = LatentRules.spec.split(up, turned)
        return (plainKeys: swapped.values, values: parts.values)
      }
    }
  }

  @Test func `LAT-9 every producer stores an entry a row, and no consumer anything`() throws {
    for sample in someLatents() {
      let trace = try sample.forward()
      let widths = try sample.configuration().entryWidths
      #expect(trace.stored.count == (sample.layers + sample.stride - 1) / sample.stride)
      for entries in trace.stored {
        #expect(entries.contents.shape == [9, widths.contents] && entries.keys.shape == [9, widths.keys])
      }
      for (index, layer) in trace.layers.enumerated() {
        #expect((layer.own == nil) == (index % sample.stride != 0))
        #expect(layer.all == trace.stored[index / sample.stride])
      }
    }
  }
}

extension Tensor {
  /// These columns and zeros behind them.
  fileprivate func padded(to width: Int) -> Tensor {
    Tensor(
      rows: (0..<rows).map { Array(row($0)) + [Double](repeating: 0, count: width - columns) }, width: width)
  }
}
