// Spec chapter 16: the loss and every gradient, CCM-21 and CCM-23; gradients against central differences of the forward
// pass.

import LoMAPeers
import LoMAPeersReference
import NaiveLlama
import Testing

@Suite("16 CCM: loss and gradients") struct ContextGradientTests {
  /// A batch of two texts, the second one shorter.
  private func batch(_ sample: SampleModel) throws -> ContextBatch {
    let shorter = sample.with { ($0.contexts, $0.output, $0.seed) = (Array($0.contexts.dropLast()), 1, $0.seed + 5) }
    return ContextBatch([try sample.layout(), try shorter.layout()], parameters: try sample.parameters())
  }

  @Test func `CCM-23 the loss is the mean over the output's tokens of all texts, natural logarithm`() throws {
    for profile in ContextProfile.all {
      let sample = SampleModel(profile: profile)
      let (batch, model) = (try batch(sample), try sample.model())
      let (loss, logits) = try model.loss(batch)
      var (sum, count) = (0.0, 0)
      for (rows, logits) in zip(batch.texts, logits) {
        // The output's tokens are the last text rows; each is predicted from the row before it.
        let output = rows.count { $0.label != nil }
        for r in rows.count - output..<rows.count {
          let before = Array(logits.row(r - 1))
          let total = before.reduce(0) { $0 + Elementary.exponential($1) }
          sum += Elementary.logarithm(total) - before[rows[r].token]
          count += 1
        }
      }
      #expect(count == 3 && loss.labelledRows == 3)
      #expect((loss.mean - sum / 3).magnitude < 1e-12)
    }
  }

  @Test func `CCM-23 without an output the loss is 0, and so is every gradient`() throws {
    let sample = SampleModel(output: 0)
    let batch = ContextBatch([try sample.layout()], parameters: try sample.parameters())
    let pass = try sample.model().trainingPass(batch, training: .everything)
    #expect(pass.loss == ContextLoss(mean: 0, labelledRows: 0))
    #expect(pass.gradients.adapter.tensors.values.allSatisfy { $0.largest == 0 })
    #expect(pass.gradients.base?.tensors.values.allSatisfy { $0.largest == 0 } == true)
  }

  @Test func `CCM-23 neither text nor memory is labelled: their logits have no gradient`() throws {
    let sample = SampleModel()
    let layout = try sample.layout()
    let logits = try sample.forward().logits
    let dLogits = ContextLoss.backward(texts: [layout.rows], logits: [logits])[0]
    for (r, row) in layout.rows.enumerated() {
      #expect(dLogits.row(r).allSatisfy { $0 == 0 } == (row.label == nil))
    }
    #expect(layout.rows.count { $0.label != nil } == 2)
  }

  private func worst(_ sample: SampleModel, _ training: ContextTraining) throws -> [String: Double] {
    let batch = try batch(sample)
    let (base, adapter) = (try sample.base(), try sample.adapter())
    let gradients = try sample.model().trainingPass(batch, training: training).gradients
    #expect((gradients.base == nil) == (training == .adapter))
    #expect(gradients.adapter.names == adapter.parameters.names)
    // Four points, so that what the step cuts off is of its fourth power: these models are steep.
    let step = 0x1p-16
    func difference(_ move: (inout ParameterSet, inout ContextAdapter, Double) -> Void) throws -> Double {
      func loss(_ amount: Double) throws -> Double {
        var (base, adapter) = (base, adapter)
        move(&base, &adapter, amount)
        return try sample.model(base: base, adapter: adapter).loss(batch).loss.mean
      }
      return (8 * (try loss(step) - loss(-step)) - (try loss(2 * step) - loss(-2 * step))) / (12 * step)
    }
    func some(_ gradient: Tensor, _ count: Int) -> StrideTo<Int> {
      stride(from: 0, to: gradient.values.count, by: 1 + gradient.values.count / count)
    }
    var worst: [String: Double] = [:]
    for (name, gradient) in gradients.adapter.tensors {
      var far = 0.0
      for i in some(gradient, training == .adapter ? 8 : 2) {
        let expected = try difference { $1.parameters.tensors[name]?.values[i] += $2 }
        far = max(far, (expected - gradient.values[i]).magnitude)
      }
      worst[name] = far / max(gradient.largest, 1e-3)
    }
    for (name, gradient) in gradients.base?.tensors ?? [:] {
      var far = 0.0
      for i in some(gradient, 4) {
        let expected = try difference { base, _, amount in base.tensors[name]?.values[i] += amount }
        far = max(far, (expected - gradient.values[i]).magnitude)
      }
      worst[name] = far / max(gradient.largest, 1e-3)
    }
    return worst
  }

  @Test func `CCM-21 CCM-17 the adapter's gradients agree with central differences to 1e-7`() throws {
    for (index, profile) in ContextProfile.all.enumerated() {
      let sample = SampleModel(
        seed: UInt64(40 + index), contexts: [2, 1, 2], input: 1, output: 2, n: 2, profile: profile,
        heads: headChoices[index % 3], hiddenSize: 4, rank: 1)
      for (name, far) in try worst(sample, .adapter) { #expect(far <= 1e-7, "\(name) under \(profile.name): \(far)") }
    }
  }

  @Test func `CCM-21 with all weights trained every gradient agrees with central differences to 1e-7`() throws {
    for (index, profile) in ContextProfile.all.enumerated() {
      let sample = SampleModel(
        seed: UInt64(60 + index), contexts: [2, 1, 2], input: 1, output: 2, n: 1, profile: profile,
        heads: headChoices[index % 3], hiddenSize: 4, rank: 1, tiesHead: index % 2 == 0)
      for (name, far) in try worst(sample, .everything) {
        #expect(far <= 1e-7, "\(name) under \(profile.name): \(far)")
      }
    }
  }

  @Test func `CCM-21 the adapter's gradients do not depend on what else is trained`() throws {
    for profile in ContextProfile.all {
      let sample = SampleModel(profile: profile)
      let (batch, model) = (try batch(sample), try sample.model())
      let (one, all) = (
        try model.trainingPass(batch, training: .adapter), try model.trainingPass(batch, training: .everything)
      )
      #expect(one.gradients.adapter == all.gradients.adapter && one.loss == all.loss && one.logits == all.logits)
    }
  }

  @Test func `CCM-18 the SUM embeddings have no gradient, the COMP embeddings have one`() throws {
    for profile in ContextProfile.all where profile.memory == .merge {
      let sample = SampleModel(n: 2, profile: profile)
      let pass = try sample.model().trainingPass(batch(sample), training: .adapter)
      let gradient = try #require(pass.gradients.adapter.tensors[AdapterParameterName.memoryEmbedding])
      for row in 0..<2 { #expect(gradient.row(row).contains { $0 != 0 }) }
      for row in 2..<4 { #expect(gradient.row(row).allSatisfy { $0 == 0 }) }
    }
  }

  @Test func `CCM-8 pads change no loss and no gradient`() throws {
    for profile in ContextProfile.all {
      let sample = SampleModel(profile: profile)
      let (parameters, model) = (try sample.parameters(), try sample.model())
      let layout = try sample.layout()
      let mute = try sample.with { ($0.contexts, $0.output) = ([9, 9, 9], 0) }.layout()
      let alone = try model.trainingPass(ContextBatch([layout], parameters: parameters), training: .everything)
      let padded = try model.trainingPass(ContextBatch([mute, layout], parameters: parameters), training: .everything)
      #expect(alone.loss == padded.loss && alone.gradients == padded.gradients)
    }
  }

  @Test func `CCM-23 a training pass has the same bits on one thread and on two`() throws {
    let sample = SampleModel(profile: try ContextProfile(name: "memory=merge"))
    let one = try sample.model().trainingPass(batch(sample), training: .everything)
    let two = try sample.with { $0.workers = Workers(threads: 2) }.model().trainingPass(
      batch(sample), training: .everything)
    #expect(one == two)
  }
}
