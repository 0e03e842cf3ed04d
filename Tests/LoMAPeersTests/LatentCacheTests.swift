// Spec chapter 17, the cache: LAT-9; token by token against all at once, and LoMA on latent entries, bit for bit.

import LoMA
import LoMAPeers
import LoMAPeersReference
import LoMAReference
import NaiveLlama
import Testing

@Suite("17 LAT: the cache") struct LatentCacheTests {
  /// Whether reading in passes of some length behind stored entries gives what one pass gives, entries included.
  private func goesOn(_ sample: LatentSample, passLength: Int) throws -> Bool {
    let (model, tokens, whole) = (try sample.model(), sample.text(), try sample.forward())
    var past = model.noPast
    var logits = Tensor(zeros: [0, 16])
    for first in stride(from: 0, to: tokens.count, by: passLength) {
      let rows = first..<min(first + passLength, tokens.count)
      let trace = try model.forward(
        embeddings: try model.embed(Array(tokens[rows])), positions: Array(rows),
        visible: VisibleKeys(lists: rows.map { Array(0...$0) }, keyCount: rows.upperBound), past: past)
      for (place, entries) in trace.stored.enumerated() { past[place] = past[place].appending(entries) }
      logits = logits.appending(trace.logits)
    }
    return logits.bits == whole.logits.bits && past == whole.stored
  }

  @Test func `LAT-9 LAT-4 E2 token by token from stored entries is all at once, bit for bit, quantised or not`() throws
  {
    for sample in someLatents() {
      for passLength in [1, 4] { #expect(try goesOn(sample, passLength: passLength), "\(sample)") }
    }
  }

  @Test func `LAT-2 LAT-9 so it is with strides 1 to 4 over one to eight layers`() throws {
    for layers in 1...8 {
      for stride in 1...4 {
        for profile in [LatentProfile.base, LatentPoint.cla.profile] {
          var sample = LatentSample(
            seed: UInt64(layers * 8 + stride), layers: layers, stride: stride, latentProfile: profile)
          (sample.widths.bits, sample.textLength) = (layers % 2 == 0 ? 4 : nil, 5)
          #expect(try goesOn(sample, passLength: 1), "\(sample)")
        }
      }
    }
  }

  // MARK: - LoMA

  /// Logits of reading, memory and repetition rows of the training layout, by place.
  private func trainingLogits(_ sample: LatentSample) throws -> [Place: [Double]] {
    let rows = try sample.trainingLayout().rows
    let logits = try sample.model().forward(rows: rows, profile: sample.profile, rules: .spec).logits
    return Dictionary(uniqueKeysWithValues: rows.indices.map { (rows[$0].place, Array(logits.row($0))) })
  }

  private func feed(
    _ sample: LatentSample, passLength: Int
  ) throws -> (generator: LatentGenerator, logits: [Place: [Double]]) {
    var generator = LatentGenerator(
      model: try sample.model(), vocabulary: try sample.vocabulary(), parameters: try sample.parameters(),
      profile: sample.profile)
    var byPlace: [Place: [Double]] = [:]
    try generator.feed(sample.text(), passLength: passLength) { event in
      for (r, row) in event.fed.enumerated() { byPlace[row.place] = Array(event.logits.row(r)) }
    }
    return (generator, byPlace)
  }

  /// Every latent sample under a profile of LoMA's, all of these in turn, with chunks of several sizes.
  private func samples() -> [LatentSample] {
    var numbers = SeededNumbers(seed: 2405_04434)
    let single = Profile.all.filter { $0.differences.count <= 1 }
    var samples: [LatentSample] = []
    for latent in someLatents() {
      for profile in [single[samples.count % single.count], Profile.all[numbers.integer(below: Profile.all.count)]] {
        samples.append(
          latent.with {
            ($0.c, $0.t) = (1 + numbers.integer(below: 3), 1 + numbers.integer(below: 3))
            $0.textLength = 2 * $0.c * $0.t + numbers.integer(below: $0.c * $0.t + 1)
            $0.profile = profile
            $0.layers = 2 + numbers.integer(below: 3)
          })
      }
    }
    return samples
  }

  @Test func `LAT-9 GEN-7 over latent entries generation's logits are the training layout's, bit for bit`() throws {
    for sample in samples() {
      let expected = try trainingLogits(sample).filter { $0.key.zone != .repetition }
      for passLength in [1, 3, Int.max] {
        #expect(try feed(sample, passLength: passLength).logits == expected, "\(sample)")
      }
    }
  }

  @Test func `LAT-9 REC-3 a recital from latent entries is that of the training layout, bit for bit`() throws {
    for sample in samples() {
      let expected = try trainingLogits(sample)
      let generator = try feed(sample, passLength: Int.max).generator
      let chunks = try sample.parameters().fullChunks(sample.textLength)
      #expect(chunks >= 2)
      for chunk in 0..<chunks {
        let recital = try generator.reconstruct(chunk: chunk)
        for index in 0..<recital.logits.rows {
          #expect(
            expected[.repetition(chunk: chunk, index: index)] == Array(recital.logits.row(index)), "\(sample)")
        }
        #expect(recital.tokens.count == sample.c * sample.t)
      }
    }
  }

  @Test func `LAT-9 LAT-11 GEN-6 LoMA drops a chunk's entries of every producer, and counts add up`() throws {
    var sample = LatentSample(layers: 5, stride: 2)
    (sample.c, sample.t, sample.textLength) = (3, 1, 8)
    let cost = try LatentCost(sample.attention(), layers: 5)
    var sizes: [Int] = []
    var generator = LatentGenerator(
      model: try sample.model(), vocabulary: try sample.vocabulary(), parameters: try sample.parameters(),
      profile: sample.profile)
    try generator.feed(sample.text(), passLength: 1) { event in
      sizes.append(event.cache.count)
      for entries in event.cache.stored { #expect(entries.count == event.cache.rows.count) }
    }
    #expect(sizes == [1, 2, 3, 4, 1, 2, 3, 4, 5, 2, 3, 4])
    let held = generator.cache.stored.reduce(0) { $0 + $1.contents.values.count + $1.keys.values.count }
    #expect(generator.cache.stored.count == 3 && held * 16 == 4 * cost.tokenBits)
  }

  @Test func `LAT-9 GEN-5 LoMA goes on writing over latent entries, the same whatever the passes`() throws {
    for sample in samples().prefix(12) {
      var (one, two) = (try feed(sample, passLength: 1).generator, try feed(sample, passLength: 5).generator)
      let written = try one.generate(6) { _ in }
      #expect(try two.generate(6, observe: { _ in }) == written && written.count == 6)
      // The last token is chosen and not fed.
      #expect(one.fedLength == sample.textLength + 5 && one.cache == two.cache)
    }
  }

  @Test func `LAT-8 LAT-9 on cla with s = 1 LoMA is LoMA on Llama, bit for bit`() throws {
    let sample = LatentSample(latentProfile: LatentPoint.cla.profile)
    let transformer = Transformer(
      configuration: try Configuration(
        vocabularySize: 16, hiddenSize: 8, intermediateSize: 12, layers: 3, queryHeads: 4, keyValueHeads: 2,
        headDimension: 4, epsilon: 0x1p-10, theta: 10_000, tiesHead: false),
      weights: Weights(try sample.weights()), functions: .llama(workers: .single))
    var generator = Generator(
      transformer: transformer, vocabulary: try sample.vocabulary(), parameters: try sample.parameters(),
      profile: sample.profile)
    var expected: [Place: [Double]] = [:]
    try generator.feed(sample.text(), passLength: 2) { event in
      for (r, row) in event.fed.enumerated() { expected[row.place] = Array(event.logits.row(r)) }
    }
    let (latent, logits) = try feed(sample, passLength: 2)
    #expect(logits == expected)
    #expect(
      zip(latent.cache.stored, generator.cache.layers).allSatisfy { $0.keys == $1.keys && $0.contents == $1.values })
    #expect(try latent.reconstruct(chunk: 1).logits == generator.reconstruct(chunk: 1).logits)
  }
}
