// Spec chapter 19: how DMC is trained, BAS-26; every gradient against central differences, and hard decisions against the
// decoder of BAS-15, which appends and accumulates token by token. Tests/Candidates/cache/check_pooled_training.py
// compares the same pass with PyTorch's.

import LoMA
import LoMAPeers
import LoMAPeersReference
import LoMAReference
import NaiveLlama
import Testing

@Suite("19 BAS: DMC in training") struct PooledTrainingTests {
  private func deciding(_ seed: UInt64, temperature: Double) -> PooledDeciding {
    .relaxed(noise: PooledNoise(seed: seed), temperature: temperature)
  }

  // MARK: - Gradients

  /// The loss of a text, and a number times the sum of all its αs but the first of each head.
  private func value(
    _ sample: PooledSample, _ weights: ParameterSet, _ text: PooledRows, share: Double
  ) throws -> Double {
    let trace = try sample.model(weights).forward(text, deciding: deciding(7, temperature: 2))
    let sum = trace.layers.flatMap { $0.decisions }.flatMap { $0.accumulated }.reduce(0, +)
    return Loss(texts: [text.rows], logits: [trace.logits]).total + share * sum
  }

  @Test(arguments: [(4, 2), (4, 4), (2, 1)])
  func `BAS-26 every gradient agrees with central differences to 1e-7`(query: Int, keyValue: Int) throws {
    var sample = PooledSample(seed: 19)
    sample.heads = AttentionHeads(query: query, keyValue: keyValue, dimension: 4)
    let text = try sample.text(chunks: 3, seed: 5)
    let (weights, model) = (try sample.weights(), try sample.model())
    let share = 0.01
    let trace = try model.forward(text, deciding: deciding(7, temperature: 2))
    let alphas = trace.layers.flatMap { $0.decisions }.flatMap { $0.accumulated.dropFirst() }
    #expect(alphas.contains { $0 > 0.9 } && alphas.contains { $0 < 0.1 } && alphas.contains { 0.2...0.8 ~= $0 })
    let gradients = try model.backward(
      Loss.backward(texts: [text.rows], logits: [trace.logits])[0], trace: trace, text: text, accumulated: share)
    #expect(gradients.names == weights.names)
    let step = 0x1p-14
    for name in weights.names {
      let gradient = try #require(gradients.tensors[name])
      var far = 0.0
      for i in stride(from: 0, to: gradient.values.count, by: 1 + gradient.values.count / 12) {
        func moved(_ amount: Double) throws -> Double {
          var weights = weights
          weights.tensors[name]?.values[i] += amount
          return try value(sample, weights, text, share: share)
        }
        let difference = try (8 * (moved(step) - moved(-step)) - (moved(2 * step) - moved(-2 * step))) / (12 * step)
        far = max(far, (difference - gradient.values[i]).magnitude)
      }
      let largest = gradient.values.reduce(0) { max($0, $1.magnitude) }
      #expect(far <= 1e-7 * max(largest, 1e-3), "\(name): \(far) of \(largest)")
    }
  }

  @Test func `BAS-26 the gradients of means agree with central differences, with shares of 0 and 1 among them`() throws
  {
    var numbers = SeededNumbers(seed: 3)
    let x = Tensor(shape: [6, 2], values: numbers.deviates(12, mean: 0, standardDeviation: 1))
    let d = Tensor(shape: [6, 2], values: numbers.deviates(12, mean: 0, standardDeviation: 1))
    let alpha = [0, 0.5, 1, 0.25, 0, 0.75]
    let omega = [0.5, 0.25, 1, 0.75, 0.5, 0.25]
    func value(_ x: Tensor, _ alpha: [Double], _ omega: [Double]) -> Double {
      zip(RelaxedMeans(x, accumulated: alpha, weights: omega).means.values, d.values).reduce(0) { $0 + $1.0 * $1.1 }
    }
    let made = RelaxedMeans(x, accumulated: alpha, weights: omega)
    let gradients = made.backward(d, x: x, accumulated: alpha, weights: omega)
    let step = 0x1p-12
    for i in x.values.indices {
      var (up, down) = (x, x)
      up.values[i] += step
      down.values[i] -= step
      let difference = (value(up, alpha, omega) - value(down, alpha, omega)) / (2 * step)
      #expect((difference - gradients.x.values[i]).magnitude < 1e-10)
    }
    for t in 1..<6 {
      var (up, down) = (omega, omega)
      up[t] += step
      down[t] -= step
      let byWeight = (value(x, alpha, up) - value(x, alpha, down)) / (2 * step)
      #expect((byWeight - gradients.weights[t]).magnitude < 1e-6)
      // A share of exactly 0 is the one number at which the mean is not the formula's own: from the other side.
      guard alpha[t] > 0 else { continue }
      (up, down) = (alpha, alpha)
      up[t] += step
      down[t] -= step
      let byShare = (value(x, up, omega) - value(x, down, omega)) / (2 * step)
      #expect((byShare - gradients.accumulated[t]).magnitude < 1e-6)
    }
    #expect(gradients.accumulated[0] == 0)
  }

  @Test func `BAS-26 losses and gradients of a batch are those of PyTorch's autograd`() throws {
    let sample = PooledSample()
    let configuration = try sample.configuration()
    var tensors: [String: Tensor] = [:]
    let shapes = configuration.parameters.sorted { $0.name < $1.name }
    for (place, (name, shape)) in shapes.enumerated() {
      let decides = name.hasSuffix("q_proj.weight") || name.hasSuffix("k_proj.weight")
      tensors[name] = Tensor(
        shape: shape,
        values: (0..<shape.reduce(1, *)).map { i in
          let value = Double((i * 7919 + place * 104_729 + 12_345) % 2003 - 1001) / 1024
          if shape.count == 1 { return 1 + value / 8 }
          return decides && i / shape[1] % 4 == 3 ? 6 * value : value
        })
    }
    let texts = try [(0..<9).map { (5 * $0 + 3 + $0 * $0) % 10 }, (0..<6).map { (7 * $0 + 1) % 10 }].map {
      try sample.text($0)
    }
    let pass = try sample.model(ParameterSet(tensors)).trainingPass(
      texts, noise: [PooledNoise(seed: 70), PooledNoise(seed: 71)], temperature: 0.5, target: 4)
    var found = [
      "L_LM": pass.loss.languageModelling, "L_rep": pass.loss.repetition, "compression": pass.compression,
      "accumulated": pass.accumulated,
    ]
    for name in pass.gradients.names {
      let gradient = try #require(pass.gradients.tensors[name]).values
      found[name] = gradient.enumerated().reduce(0) { $0 + $1.element * Double($1.offset % 7 - 3) }
      found[name + " squared"] = gradient.reduce(0) { $0 + $1 * $1 }
    }
    #expect(Set(found.keys) == Set(pooledGolden.keys))
    for (name, value) in pooledGolden {
      let far = (try #require(found[name]) - value).magnitude
      #expect(far <= 1e-11 * max(value.magnitude, 1), "\(name): \(far)")
    }
  }

  // MARK: - Decisions

  @Test func `BAS-26 decisions of a low temperature and no noise are BAS-15's, and so are their means`() throws {
    var numbers = SeededNumbers(seed: 11)
    for _ in 0..<50 {
      let channel = numbers.deviates(9, mean: 5, standardDeviation: 4)
      let hard = PooledDecisions(hard: channel)
      #expect(hard.starts == PoolingRules.spec.starts(channel))
      let soft = PooledDecisions(relaxed: channel, noise: Array(repeating: 0, count: 9), temperature: 1e-3)
      #expect(soft.starts == hard.starts)
      let weights = (0..<9).map { _ in numbers.unitInterval() + 0x1p-10 }
      let x = Tensor(shape: [9, 3], values: numbers.deviates(27, mean: 0, standardDeviation: 1))
      let means = RelaxedMeans(x, accumulated: hard.accumulated, weights: weights).means
      let near = RelaxedMeans(x, accumulated: soft.accumulated, weights: weights).means
      for (a, b) in zip(means.values, near.values) { #expect((a - b).magnitude < 1e-9) }
      // Continued behind any token, the means are the same bits.
      for cut in 1..<9 {
        let first = RelaxedMeans(
          x.selecting(rows: Array(0..<cut)), accumulated: Array(hard.accumulated[..<cut]),
          weights: Array(weights[..<cut]))
        let rest = RelaxedMeans(
          x.selecting(rows: Array(cut..<9)), accumulated: Array(hard.accumulated[cut...]),
          weights: Array(weights[cut...]), before: (Array(first.means.row(cut - 1)), first.sums[cut - 1]))
        #expect(first.means.appending(rest.means) == means)
      }
    }
  }

  @Test func `BAS-26 noise is logistic, and the same however it is asked for`() {
    let noise = PooledNoise(seed: 4)
    let all = noise.numbers(layer: 0, heads: 8, tokens: 4000)
    let sorted = all.values.sorted()
    // The quartiles of a logistic distribution are ±log 3, its standard deviation is π/√3.
    #expect((sorted[8000] + 1.0986).magnitude < 0.03 && (sorted[24_000] - 1.0986).magnitude < 0.03)
    let deviation = (all.values.reduce(0) { $0 + $1 * $1 } / 32_000).squareRoot()
    #expect((deviation - 1.8138).magnitude < 0.03)
    var numbers = SeededNumbers(seed: 4)
    let drawn = (0..<24).map { _ in (Double(numbers.next() >> 12) + 0.5) * 0x1p-52 }
    let second = noise.numbers(layer: 1, heads: 3, tokens: 4)
    #expect(second.values == drawn[12...].map { Elementary.logarithm($0) - Elementary.logarithm(1 - $0) })
  }

  // MARK: - The whole model

  /// The decoder of BAS-15, which asks repetition rows what `PooledRows` says: they begin entries of their own, and see
  /// those that hold a token of their chunk.
  private func decoder(_ sample: PooledSample, _ text: PooledRows) throws -> CachedDecoder {
    var rules = PoolingRules.spec
    rules.starts = { channel in
      PoolingRules.spec.starts(channel).enumerated().map { t, starts in t >= text.tokens || starts }
    }
    rules.visible = { runs, t in
      guard t >= text.tokens else { return runs.visible(toRow: t) }
      let asked = text.asked[t - text.tokens]
      let held = PooledRuns(starts: Array(runs.starts[..<text.held]))
      return held.ends.filter { end in
        asked.tokens.overlaps(held.first(ofToken: end)..<end + 1)
      } + Array(asked.first...t)
    }
    return CachedDecoder(
      configuration: try sample.configuration(), weights: Weights(try sample.weights()),
      functions: .llama(workers: .single),
      rules: DynamicMemoryCompression.decoderRules(rules))
  }

  @Test func `BAS-26 with hard decisions the pass is the decoder of BAS-15, and counts its entries`() throws {
    var pooled = 0
    for seed in UInt64(30)..<50 {
      var sample = PooledSample(seed: seed)
      sample.heads = AttentionHeads(query: 4, keyValue: seed % 2 == 0 ? 2 : 4, dimension: 4)
      let whole = try sample.text(chunks: 4, seed: seed)
      for held in [12, 8, 3] {
        let text = PooledSample.asked(whole, held: held)
        let trace = try sample.model().forward(text, deciding: .hard)
        let decoder = try decoder(sample, text)
        let second = try decoder.prefill(
          embeddings: try decoder.embed(text.rows.map { $0.token }), positions: text.rows.map { $0.position },
          visible: .causal(rows: text.rows.count, behind: 0))
        for (a, b) in zip(trace.logits.values, second.logits.values) {
          #expect((a - b).magnitude < 1e-11, "seed \(seed), held \(held)")
        }
        let read = try decoder.prefill(
          embeddings: try decoder.embed(text.rows[..<held].map { $0.token }), positions: Array(0..<held),
          visible: .causal(rows: held, behind: 0))
        #expect(trace.entries(of: held) == read.caches.flatMap { $0.alive.map { $0.count } })
        pooled += trace.entries(of: held).reduce(0) { $0 + held - $1 }
      }
    }
    #expect(pooled > 100, "tokens that were accumulated")
  }

  @Test func `BAS-26 entries that are stored as they are change nothing, and a change reaches later rows alone`() throws
  {
    let sample = PooledSample(seed: 41)
    let text = PooledSample.asked(try sample.text(chunks: 4, seed: 2), held: 6)
    let plain = try sample.model().forward(text, deciding: .hard)
    let same = try sample.model().forward(text, deciding: .hard) { _, _, _, means in means }
    #expect(same.logits == plain.logits)
    let other = try sample.model().forward(text, deciding: .hard) { _, _, runs, means in
      var means = means
      for end in runs.ends { for i in 0..<means.columns { means[end, i] *= 1.5 } }
      return means
    }
    let early = Array(0..<6)
    #expect(other.logits.selecting(rows: early) == plain.logits.selecting(rows: early))
    for r in 6..<text.rows.count { #expect(other.logits.row(r) != plain.logits.row(r), "row \(r)") }
  }

  // MARK: - The term of compression

  @Test func `BAS-26 the target rises in a line over three quarters of the steps`() {
    let settings = PooledSettings(ratio: 4)
    #expect(settings.temperature == 0.1)
    #expect(settings.target(step: 100, of: 400) == 2)
    #expect(settings.target(step: 300, of: 400) == 4)
    #expect(settings.target(step: 400, of: 400) == 4)
    #expect(PooledSettings(ratio: 1).target(step: 1, of: 400) == 1)
  }

  @Test func `BAS-26 the term is one-sided by text, and its gradient straight through`() throws {
    let sample = PooledSample(seed: 23)
    let model = try sample.model()
    let texts = try [2, 3].map { try sample.text(chunks: $0, seed: UInt64($0)) }
    let noise = [PooledNoise(seed: 1), PooledNoise(seed: 2)]
    func pass(_ target: Double) throws -> PooledTrainingPass {
      try model.trainingPass(texts, noise: noise, temperature: 2, target: target)
    }
    let traces = try zip(texts, noise).map { text, noise in
      try model.forward(text, deciding: .relaxed(noise: noise, temperature: 2))
    }
    let shares = traces.map { $0.accumulated }
    let (least, most) = (min(shares[0], shares[1]), max(shares[0], shares[1]))
    #expect(least > 0 && least < most && most < 1)
    // At a target of 1 nothing is asked; between the shares, of one text; above both, of both.
    let none = try pass(1)
    #expect(none.compression == 0 && none.accumulated == (shares[0] + shares[1]) / 2)
    let between = 1 / (1 - (least + most) / 2)
    #expect((try pass(between).compression - ((least + most) / 2 - least) / 2).magnitude < 1e-15)
    let both = try pass(1000)
    #expect((both.compression - (0.999 - (least + most) / 2)).magnitude < 1e-15)
    #expect(both.loss == none.loss && both.logits == none.logits)
    // The gradient of the term is that of the mean α.
    for (index, text) in texts.enumerated() {
      let zero = Tensor(zeros: traces[index].logits.shape)
      let alone = try model.backward(
        zero, trace: traces[index], text: text,
        accumulated: -1 / Double(2 * text.tokens * sample.layers * sample.heads.keyValue))
      let name = ParameterName.layer(0).key
      let one = try model.trainingPass([text], noise: [noise[index]], temperature: 2, target: 1000)
      let less = try model.trainingPass([text], noise: [noise[index]], temperature: 2, target: 1)
      let (a, b, c) = (
        try #require(one.gradients.tensors[name]), try #require(less.gradients.tensors[name]),
        try #require(alone.tensors[name])
      )
      #expect(c.values.contains { $0.magnitude > 1e-4 })
      for i in a.values.indices { #expect((a.values[i] - b.values[i] - 2 * c.values[i]).magnitude < 1e-12) }
    }
  }

  @Test func `BAS-26 a model begins with a channel that decides nothing`() throws {
    let sample = PooledSample()
    var numbers = SeededNumbers(seed: 9)
    let configuration = try sample.configuration()
    let plain = ParameterSet.initial(configuration, numbers: &numbers)
    let weights = plain.withoutDecisions(configuration)
    for name in plain.names {
      let (a, b) = (try #require(weights.tensors[name]), try #require(plain.tensors[name]))
      let isDecided = name.hasSuffix("q_proj.weight") || name.hasSuffix("k_proj.weight")
      for row in 0..<(isDecided ? a.rows : 0) {
        #expect(a.row(row).elementsEqual(row % 4 == 3 ? Array(repeating: 0, count: a.columns)[...] : b.row(row)))
      }
      if !isDecided { #expect(a == b) }
    }
    // Nothing is accumulated, and the weights of BAS-15 are all σ(5).
    let trace = try sample.model(weights).forward(try sample.text(chunks: 3, seed: 1), deciding: .hard)
    #expect(trace.accumulated == 0)
    let weight = PoolingRules.spec.weight(0)
    #expect(trace.layers.allSatisfy { $0.weights.values.allSatisfy { $0 == weight } })
  }
}
