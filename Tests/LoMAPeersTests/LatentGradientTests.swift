// Spec chapter 17: every gradient against central differences of the forward pass, and those of a rounding (P-21).

import LoMA
import LoMAPeers
import LoMAPeersReference
import LoMAReference
import NaiveLlama
import Testing

@Suite("17 LAT: loss and gradients") struct LatentGradientTests {
  /// A LoMA text with two full chunks and a tail, in its training layout.
  private func rows(_ sample: LatentSample) throws -> [Row] {
    try sample.with { ($0.c, $0.t, $0.textLength) = (1, 2, 5) }.trainingLayout().rows
  }

  private func loss(_ sample: LatentSample, _ weights: ParameterSet, _ rows: [Row]) throws -> Double {
    let logits = try sample.model(weights).forward(rows: rows, profile: sample.profile, rules: .spec).logits
    return Loss(texts: [rows], logits: [logits]).total
  }

  /// The largest difference of a gradient from the central differences of some of its numbers, over its largest number.
  private func worst(_ sample: LatentSample, numbers count: Int) throws -> [String: Double] {
    let (rows, weights) = (try rows(sample), try sample.weights())
    let pass = try sample.model().trainingPass(texts: [rows], profile: sample.profile, rules: .spec)
    #expect(pass.gradients.names == weights.names)
    // Four points, so that what the step cuts off is of its fourth power.
    let step = 0x1p-15
    var worst: [String: Double] = [:]
    for name in weights.names {
      let gradient = try #require(pass.gradients.tensors[name])
      var far = 0.0
      for i in stride(from: 0, to: gradient.values.count, by: 1 + gradient.values.count / count) {
        func moved(_ amount: Double) throws -> Double {
          var weights = weights
          weights.tensors[name]?.values[i] += amount
          return try loss(sample, weights, rows)
        }
        let difference = try (8 * (moved(step) - moved(-step)) - (moved(2 * step) - moved(-2 * step))) / (12 * step)
        far = max(far, (difference - gradient.values[i]).magnitude)
      }
      worst[name] = far / max(gradient.largest, 1e-3)
    }
    return worst
  }

  @Test func `LAT-3 LAT-4 LAT-5 LAT-8 every gradient agrees with central differences to 1e-7`() throws {
    for (index, profile) in LatentProfile.all.enumerated()
    where profile.quantiser == .asymmetric && profile.scaleRounding == .none {
      for stride in 1...3 {
        var sample = LatentSample(seed: UInt64(70 + index), stride: stride, latentProfile: profile)
        (sample.hiddenSize, sample.tiesHead) = (4, stride == 2)
        sample.widths = LatentWidths(
          heads: 2, plain: stride == 3 ? 0 : 2, rotated: stride == 1 ? 0 : 2, value: 3, latent: 3,
          queryLatent: stride == 1 ? nil : 3, bits: nil, rotatedBits: nil, group: nil)
        for (name, far) in try worst(sample, numbers: 4) { #expect(far <= 1e-7, "\(sample): \(name) by \(far)") }
      }
    }
  }

  /// The model with ĉ = c + a constant in the place of ĉ = Q(c), the constants such that nothing changes; one producer.
  private func frozen(_ sample: LatentSample, _ rows: [Row]) throws -> LatentSample {
    let trace = try sample.model().forward(rows: rows, profile: sample.profile, rules: .spec)
    let exact = try sample.with { ($0.widths.bits, $0.widths.rotatedBits) = (nil, nil) }
      .model().forward(rows: rows, profile: sample.profile, rules: .spec)
    #expect(trace.stored.count == 1)
    func offset(_ a: Tensor, _ b: Tensor) -> Tensor {
      Tensor(shape: a.shape, values: zip(a.values, b.values).map { $0 - $1 })
    }
    let contents = offset(trace.stored[0].contents, exact.stored[0].contents)
    let keys = offset(trace.stored[0].keys, exact.stored[0].keys)
    #expect(contents.largest > 1e-3 && keys.largest > 1e-3)
    return sample.with {
      $0.rules.entries = { down, _ in
        StoredEntries(contents: down.latent + contents, keys: down.rotatedKey + keys)
      }
    }
  }

  @Test func `LAT-4 through a quantiser the gradient is that of the same model with its rounding held fixed`() throws {
    for name in ["base", "quantiser=symmetric,up_projection=shared", "latent_norm=off,scale_rounding=bf16"] {
      var sample = LatentSample(seed: 3, layers: 2, stride: 2, latentProfile: try LatentProfile(name: name))
      sample.hiddenSize = 4
      sample.widths = LatentWidths(
        heads: 2, plain: 2, rotated: 4, value: 3, latent: 4, queryLatent: nil, bits: 3, rotatedBits: 2, group: 4)
      let rows = try rows(sample)
      let fixed = try frozen(sample, rows)
      let pass = try sample.model().trainingPass(texts: [rows], profile: sample.profile, rules: .spec)
      let expected = try fixed.model().trainingPass(texts: [rows], profile: sample.profile, rules: .spec)
      for (name, gradient) in expected.gradients.tensors {
        let far = distance(gradient, try #require(pass.gradients.tensors[name]))
        #expect(far <= 1e-12 * max(1, gradient.largest), "\(name)")
      }
      for (name, far) in try worst(fixed, numbers: 3) { #expect(far <= 1e-7, "\(name) by \(far)") }
    }
  }

  @Test func `LAT-4 cut at the quantiser, as the alternative of P-21, nothing below it learns`() throws {
    var sample = LatentSample(stride: 2)
    sample.rules.quantiserBackward = { Tensor(zeros: $0.shape) }
    let rows = try rows(sample)
    let pass = try sample.model().trainingPass(texts: [rows], profile: sample.profile, rules: .spec)
    let straight = try sample.with { $0.rules = .spec }.model()
      .trainingPass(texts: [rows], profile: sample.profile, rules: .spec)
    for (name, gradient) in pass.gradients.tensors where name.contains("kv_a_") {
      #expect(gradient.largest == 0 && (straight.gradients.tensors[name]?.largest ?? 0) > 1e-3)
    }
    #expect(pass.loss == straight.loss)
  }

  @Test func `LAT-2 a producer's gradients are those that its readers give it, one by one`() throws {
    for profile in [LatentProfile.base, LatentPoint.cla.profile] {
      let sample = LatentSample(layers: 3, stride: 3, latentProfile: profile)
      let (model, rows) = (try sample.model(), try rows(sample))
      let trace = try model.forward(rows: rows, profile: sample.profile, rules: .spec)
      let dLogits = LoMARules.spec.lossBackward([rows], [trace.logits])[0]
      func gradient(dropping layer: Int?) throws -> ParameterSet {
        // A reader whose output projection is cut gives the entries nothing.
        var weights = try sample.weights()
        if let layer {
          let name = LatentLayerNames(index: layer).output
          weights.tensors[name] = weights.tensors[name].map { Tensor(zeros: $0.shape) }
        }
        return try sample.model(weights).backward(
          dLogits, trace: trace, tokens: nil, positions: rows.map { $0.position },
          visible: LoMARules.spec.visible(rows, sample.profile), further: nil
        ).parameters
      }
      let all = try gradient(dropping: nil)
      let names = LatentLayerNames(index: 0)
      let name = profile.entries == .heads ? names.key : names.keyValueDown
      for layer in 0..<3 {
        #expect(distance(try #require(all.tensors[name]), try #require(gradient(dropping: layer).tensors[name])) > 1e-6)
      }
    }
  }

  @Test func `LAT-8 on cla with s = 1 loss and gradients are Llama's, bit for bit`() throws {
    let sample = LatentSample(latentProfile: LatentPoint.cla.profile)
    let transformer = Transformer(
      configuration: try Configuration(
        vocabularySize: 16, hiddenSize: 8, intermediateSize: 12, layers: 3, queryHeads: 4, keyValueHeads: 2,
        headDimension: 4, epsilon: 0x1p-10, theta: 10_000, tiesHead: false),
      weights: Weights(try sample.weights()), functions: .llama(workers: .single))
    let rows = try rows(sample)
    let expected = try transformer.trainingPass(texts: [rows, rows], profile: sample.profile)
    let pass = try sample.model().trainingPass(texts: [rows, rows], profile: sample.profile, rules: .spec)
    #expect(pass.loss == expected.loss && pass.logits == expected.logits && pass.gradients == expected.gradients)
  }

  @Test func `LAT-9 a training pass has the same bits on one thread and on two`() throws {
    let sample = LatentSample(stride: 2)
    let texts = [try rows(sample), try rows(sample.with { $0.seed = 9 })]
    let one = try sample.model().trainingPass(texts: texts, profile: sample.profile, rules: .spec)
    let two = try sample.with { $0.workers = Workers(threads: 2) }.model()
      .trainingPass(texts: texts, profile: sample.profile, rules: .spec)
    #expect(one == two)
  }
}
