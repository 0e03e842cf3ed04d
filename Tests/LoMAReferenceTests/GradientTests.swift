// Every gradient against central differences of the loss in Double: an independent derivative, of the forward pass alone.
// A second opinion from PyTorch's autograd stands in Tests/Candidates/check_reference.py.

import LoMA
import LoMAReference
import NaiveLlama
import Testing

@Suite("Chapters 5 and 8: gradients")
struct GradientTests {
  private let batchLengths = [9, 4]

  private func texts(_ sample: Sample) throws -> [[Row]] {
    try Batch(batchLengths.map { n in try sample.with { $0.textLength = n }.trainingLayout() }).texts
  }

  private func loss(
    _ parameters: ParameterSet, embeddings: [Tensor?], _ sample: Sample, _ texts: [[Row]]
  ) throws -> Double {
    let model = Transformer(
      configuration: try sample.configuration(), weights: Weights(parameters), functions: .llama(workers: .single))
    let logits = try zip(texts, embeddings).map { rows, embedding in
      try model.forward(
        embeddings: try embedding ?? model.embed(rows.map(\.token)), positions: rows.map(\.position),
        visible: VisibleKeys(Mask(rows: rows, profile: sample.profile)), past: model.noPast
      ).logits
    }
    return Loss(texts: texts, logits: logits).total
  }

  private func sample(_ profile: Profile, tiesHead: Bool) -> Sample {
    Sample(
      seed: 77, c: 2, t: 2, textLength: 9, layers: 2, queryHeads: 4, keyValueHeads: 2, tiesHead: tiesHead,
      profile: profile, hiddenSize: 4)
  }

  @Test(arguments: singleAlternatives.indices)
  func `LOS-4 MOD-6 every parameter's gradient agrees with central differences to 1e-7`(_ index: Int) throws {
    let sample = sample(singleAlternatives[index], tiesHead: index % 2 == 1)
    let texts = try texts(sample)
    let weights = try sample.weights()
    let pass = try sample.transformer().trainingPass(texts: texts, profile: sample.profile)
    let step = 0x1p-18
    for name in weights.names {
      let (gradient, tensor) = (try #require(pass.gradients.tensors[name]), try #require(weights.tensors[name]))
      let largest = gradient.values.map(\.magnitude).max() ?? 0
      var worst = 0.0
      for i in tensor.values.indices {
        var (above, below) = (weights, weights)
        above.tensors[name]?.values[i] += step
        below.tensors[name]?.values[i] -= step
        let difference =
          try loss(above, embeddings: [nil, nil], sample, texts) - loss(below, embeddings: [nil, nil], sample, texts)
        worst = max(worst, (difference / (2 * step) - gradient.values[i]).magnitude)
      }
      #expect(worst <= 1e-7 * largest, "\(name): \(worst) of \(largest) under \(sample.profile.name)")
    }
  }

  @Test func `LOS-4 the gradient of given row embeddings agrees with central differences`() throws {
    let sample = sample(.base, tiesHead: false)
    let rows = try sample.trainingLayout().rows
    let model = try sample.transformer()
    let trace = try model.forward(rows: rows, profile: .base)
    let dLogits = Loss.backward(texts: [rows], logits: [trace.logits])[0]
    let gradient = try model.backward(
      dLogits, trace: trace, tokens: nil, positions: rows.map(\.position),
      visible: VisibleKeys(Mask(rows: rows, profile: .base)))
    #expect(gradient.parameters.tensors["model.embed_tokens.weight"]?.values.allSatisfy { $0 == 0 } == true)
    let embeddings = try model.embed(rows.map(\.token))
    let weights = try sample.weights()
    let largest = gradient.embeddings.values.map(\.magnitude).max() ?? 0
    for i in embeddings.values.indices {
      var (above, below) = (embeddings, embeddings)
      above.values[i] += 0x1p-18
      below.values[i] -= 0x1p-18
      let difference =
        try loss(weights, embeddings: [above], sample, [rows]) - loss(weights, embeddings: [below], sample, [rows])
      #expect((difference * 0x1p17 - gradient.embeddings.values[i]).magnitude <= 1e-7 * largest)
    }
  }

  @Test func `NUM-4 gradients and loss have the same bits on one thread and on two`() throws {
    let sample = sample(.base, tiesHead: true)
    let texts = try texts(sample)
    let one = try sample.transformer(workers: .single).trainingPass(texts: texts, profile: .base)
    let two = try sample.transformer(workers: Workers(threads: 2)).trainingPass(texts: texts, profile: .base)
    #expect(one == two)
  }

  @Test func `MSK-11 pad rows change no real row's logits, no loss and no gradient`() throws {
    let sample = sample(.base, tiesHead: false)
    let rows = try sample.trainingLayout().rows
    let padded = rows + Array(repeating: Row(token: 0, place: .pad, position: 0, label: nil), count: 5)
    let model = try sample.transformer()
    let plain = try model.trainingPass(texts: [rows], profile: .base)
    let filled = try model.trainingPass(texts: [padded], profile: .base)
    #expect(plain.loss == filled.loss)
    #expect(plain.gradients == filled.gradients)
    #expect(plain.logits[0].values == Array(filled.logits[0].values.prefix(plain.logits[0].values.count)))
  }
}
