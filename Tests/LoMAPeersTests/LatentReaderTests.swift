// LAT-9: a text read in passes from what was stored is the text read at once, bit for bit; what a pass stores and what a
// step of training does.

import LoMA
import LoMAPeers
import LoMAPeersReference
import LoMAReference
import NaiveLlama
import Testing

@Suite("Latent attention: reading and training")
struct LatentReaderTests {
  private let text = [3, 1, 4, 1, 5, 9, 2, 6, 5]

  private static let samples: [LatentSample] = [
    LatentSample(), LatentSample().with { $0.stride = 2 },
    LatentSample().with { sample in
      sample.stride = 2
      sample.widths.bits = 3
      sample.widths.rotatedBits = 4
    },
    LatentSample().with { sample in
      sample.widths.rotated = 0
      sample.widths.queryLatent = 5
    },
    LatentSample().with { sample in
      sample.latentProfile.entries = .heads
      sample.stride = 3
    },
  ]

  @Test(arguments: samples) func `LAT-9 any passes give the bits of one`(sample: LatentSample) throws {
    let model = try sample.model()
    var whole = LatentReader(model: model)
    let trace = try whole.read(text)
    for length in [1, 2, 4] {
      var reader = LatentReader(model: model)
      var logits = Tensor(zeros: [0, 16])
      for start in stride(from: 0, to: text.count, by: length) {
        logits = logits.appending(try reader.read(Array(text[start..<min(start + length, text.count)])).logits)
      }
      #expect(logits == trace.logits && reader.stored == whole.stored, "passes of \(length)")
      #expect(reader.fedLength == text.count && reader.lastLogits == Array(trace.logits.row(text.count - 1)))
    }
    #expect(whole.stored.count == model.producers.count)
    // An ordinary text is a tail of LoMA: reading rows of one chunk.
    let rows = text.enumerated().map {
      Row(token: $1, place: .reading(chunk: 0, index: $0), position: $0, label: nil)
    }
    #expect(try model.forward(rows: rows, profile: .base, rules: .spec).logits == trace.logits)
  }

  @Test(arguments: samples) func `LAT-4 what was made is what is stored, but for the quantiser`(
    sample: LatentSample
  ) throws {
    let model = try sample.model()
    var reader = LatentReader(model: model)
    let trace = try reader.read(text)
    for (index, layer) in trace.layers.enumerated() {
      let made = try model.unquantised(layer: index, trace: layer, positions: Array(text.indices))
      guard let own = layer.own, sample.latentProfile.entries == .latent else {
        #expect(made == nil)
        continue
      }
      if sample.widths.bits == nil {
        #expect(made == own)
      } else {
        #expect(made?.contents != own.contents && made?.keys != own.keys)
        let quantiser = try Quantiser(form: .asymmetric, bits: 3, group: 3, scaleRounding: .none)
        #expect(made.map { quantiser.quantised($0.contents) } == own.contents)
      }
    }
  }

  @Test func `GEN-5 of equal logits the lowest id is chosen`() {
    #expect(LatentReader.greedyToken([1, 3, 3, 2]) == 1)
    #expect(LatentReader.greedyToken([-0.0, 0]) == 0)
  }

  @Test func `a token outside the model is refused, and nothing was fed`() throws {
    var reader = LatentReader(model: try LatentSample().model())
    #expect(throws: ModelError.tokenOutsideModel(token: 16, index: 1, vocabulary: 16)) { try reader.read([1, 16]) }
    #expect(reader.fedLength == 0 && reader.lastLogits == nil && reader.stored == reader.model.noPast)
  }

  @Test func `TRN-1 TRN-2 a step clips all gradients together and takes AdamW's step`() throws {
    let sample = LatentSample().with { $0.stride = 2 }
    let (configuration, weights) = (try sample.configuration(), try sample.weights())
    let rows = text.enumerated().map { index, token in
      Row(
        token: token, place: .reading(chunk: 0, index: index), position: index,
        label: index + 1 < text.count ? text[index + 1] : nil)
    }
    let adamW = AdamWSettings(learningRate: 0, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1)
    let rate = LearningRate(peak: 0.01, warmUp: 2, steps: 4, decay: .linear)
    var trainer = LatentTrainer(configuration: configuration, parameters: weights)
    let settings = TrainerSettings(learningRate: rate, optimiser: adamW, largestNorm: 0.5, objective: .both)
    let pass = try trainer.step(
      [rows], profile: .base, rules: .spec, further: { _ in nil }, settings: settings, workers: .single)
    #expect(pass.loss.languageModelling > 0 && pass.loss.repetition == 0)
    var (expected, gradients) = (weights, pass.gradients)
    #expect(gradients.clip(toGlobalNorm: 0.5) > 0.5)
    let zeros = ParameterSet(zerosFor: configuration)
    var optimiser = AdamW(resumingAfter: 0, firstMoments: zeros, secondMoments: zeros, settings: adamW)
    optimiser.step(
      &expected, gradients: gradients,
      settings: AdamWSettings(learningRate: rate[1], beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1))
    #expect(trainer.parameters == expected && trainer.optimiser.steps == 1 && expected != weights)
    var again = LatentTrainer(configuration: configuration, parameters: weights)
    _ = try again.step(
      [rows], profile: .base, rules: .spec, further: { _ in nil }, settings: settings, workers: Workers(threads: 3))
    #expect(again == trainer)
  }
}
