// Spec chapters 16 and 20: a recital from one running mean, EQB-10: forward against the model of chapter 16 with
// its SUM rows, every gradient against central differences. Tests/Candidates/ccm/check_merged_training.py computes the
// same pass in PyTorch, chunk by chunk and without a mask.

import LoMA
import LoMAPeers
import LoMAPeersReference
import LoMAReference
import NaiveLlama
import Testing

@Suite("20 EQB: a merged memory, recited") struct MergedRecitalTests {
  // MARK: - Gradients

  @Test(arguments: [1, 2], [MergeRate.mean, .exponential(0.375)])
  func `EQB-10 CCM-17 every gradient of a recital from means agrees with central differences to 1e-7`(
    stride: Int, rate: MergeRate
  ) throws {
    let sample = MergedSample(seed: 17, layers: 3, stride: stride, rate: rate)
    let texts = try [14, 4].map { try MergedSample.rows(sample.tokens($0)) }
    let weights = try sample.weights()
    let gradients = try sample.pass(texts).gradients
    #expect(gradients.names == weights.names)
    let step = 0x1p-14
    for name in weights.names {
      let gradient = try #require(gradients.tensors[name])
      var far = 0.0
      for i in Swift.stride(from: 0, to: gradient.values.count, by: 1 + gradient.values.count / 8) {
        func moved(_ amount: Double) throws -> Double {
          var weights = weights
          weights.tensors[name]?.values[i] += amount
          return Loss(texts: texts, logits: try texts.map { try sample.forward($0, weights).logits }).total
        }
        let difference = try (8 * (moved(step) - moved(-step)) - (moved(2 * step) - moved(-2 * step))) / (12 * step)
        far = max(far, (difference - gradient.values[i]).magnitude)
      }
      #expect(far <= 1e-7 * max(gradient.largest, 1e-3), "\(name): \(far) of \(gradient.largest)")
    }
  }

  @Test(arguments: [("mean", MergeRate.mean), ("exponential", .exponential(0.375))])
  func `EQB-10 CCM-17 losses and gradients of a recital from means are those of PyTorch's autograd`(
    word: String, rate: MergeRate
  ) throws {
    let sample = MergedSample(rate: rate)
    var tensors: [String: Tensor] = [:]
    let shapes = try sample.configuration().shape.parameters.sorted { $0.name < $1.name }
    for (place, (name, shape)) in shapes.enumerated() {
      tensors[name] = Tensor(
        shape: shape,
        values: (0..<shape.reduce(1, *)).map { i in
          let value = Double((i * 7919 + place * 104_729 + 12_345) % 2003 - 1001) / 1024
          return shape.count == 1 ? 1 + value / 8 : value
        })
    }
    let texts = try [(0..<14).map { (5 * $0 + 3 + $0 * $0) % 10 }, (0..<4).map { (7 * $0 + 1) % 10 }].map {
      try MergedSample.rows($0)
    }
    let pass = try sample.pass(texts, ParameterSet(tensors))
    var found = ["\(word) L_LM": pass.loss.languageModelling, "\(word) L_rep": pass.loss.repetition]
    for name in pass.gradients.names {
      let gradient = try #require(pass.gradients.tensors[name]).values
      found["\(word) \(name)"] = gradient.enumerated().reduce(0) { $0 + $1.element * Double($1.offset % 7 - 3) }
      found["\(word) \(name) squared"] = gradient.reduce(0) { $0 + $1 * $1 }
    }
    #expect(Set(found.keys) == Set(mergedGolden.keys.filter { $0.hasPrefix(word + " ") }))
    for (name, value) in found {
      let far = (try #require(mergedGolden[name]) - value).magnitude
      #expect(far <= 1e-12 * max(value.magnitude, 1), "\(name): \(far)")
    }
  }

  // MARK: - Rows

  @Test func `EQB-10 CCM-13 CCM-18 text and memory are chapter 16's with its SUM rows, bit for bit`() throws {
    for (rate, name) in [(MergeRate.mean, "memory=merge"), (.exponential(0.5), "memory=merge,merge_rate=exponential")] {
      for chunks in 0...4 {
        let sample = MergedSample(seed: UInt64(50 + chunks), rate: rate)
        let text = sample.tokens(chunks * MergedSample.length + 3)
        let rows = try MergedSample.rows(text)
        let weights = try sample.weights()
        let trace = try sample.forward(rows)

        // The base has the ids of text alone, the adapter those of memory, and its updates are 0.
        let (size, n) = (MergedSample.textSize, MergedSample.memory)
        let configuration = try Configuration(
          vocabularySize: size, hiddenSize: 8, intermediateSize: 12, layers: 2, queryHeads: 4, keyValueHeads: 2,
          headDimension: 4, epsilon: 0x1p-10, theta: 100, tiesHead: false)
        var base = weights
        let table = try #require(weights.tensors[ParameterName.embedding])
        base.tensors[ParameterName.embedding] = table.selecting(rows: Array(0..<size))
        base.tensors[ParameterName.head] = weights.tensors[ParameterName.head]?.selecting(rows: Array(0..<size))
        var numbers = SeededNumbers(seed: 3)
        var adapter = ContextAdapter.highVariance(
          configuration, memoryEmbeddings: 2 * n, settings: try AdapterSettings(rank: 1, alpha: 1), numbers: &numbers
        ).withoutUpdates()
        let own = try #require(adapter.parameters.tensors[AdapterParameterName.memoryEmbedding])
        adapter.parameters.tensors[AdapterParameterName.memoryEmbedding] =
          table.selecting(rows: Array(size..<size + n)).appending(own.selecting(rows: Array(n..<2 * n)))
        let parameters = try ContextParameters(
          textSize: size, memoryTokens: n, beginningToken: nil, profile: ContextProfile(name: name), rate: 0.5)
        let segments = stride(from: 0, to: text.count, by: 4).map { Array(text[$0..<min($0 + 4, text.count)]) }
        let layout = try ContextLayout(ContextText(segments: segments, outputLength: 0), parameters: parameters)
        let second = try ContextModel(
          configuration: configuration, weights: Weights(base), adapter: adapter, parameters: parameters,
          functions: .llama(workers: .single), rules: .spec
        ).forward(layout.mask)

        let kept = layout.rows.indices.filter { layout.rows[$0].place.role != .sum }
        #expect(kept.count == rows.count { $0.place.zone != .repetition })
        for (ours, theirs) in kept.enumerated() {
          #expect(rows[ours].position == layout.rows[theirs].position)
          #expect(trace.hidden.row(ours) == second.hidden.row(theirs), "\(name), \(chunks) chunks, row \(ours)")
        }
      }
    }
  }

  @Test func `EQB-10 repetition rows read the last mean and the repetition rows of their chunk, and no other row`()
    throws
  {
    for chunks in 1...4 {
      let rows = try MergedSample.rows(Array(repeating: 0, count: chunks * MergedSample.length))
      let visible = MergedRecital.rules.visible(rows, .base)
      let means = 2 * chunks
      #expect(visible.keyCount == means + rows.count)
      for (r, row) in rows.enumerated() {
        guard case .repetition(_, let index) = row.place else { continue }
        let own = (r - index...r).map { means + $0 }
        #expect(visible.lists[r] == [means - 2, means - 1] + own)
      }
    }
  }

  @Test func `EQB-10 t entries recite what the training layout recites, bit for bit, however long the text`() throws {
    for chunks in 1...5 {
      let sample = MergedSample(seed: UInt64(80 + chunks))
      let (rows, model) = (try MergedSample.rows(sample.tokens(chunks * 4)), try sample.model())
      let whole = try sample.forward(rows)
      let fed = rows.filter { $0.place.zone != .repetition }
      let repetition = Array(rows[fed.count...])
      let read = try sample.forward(fed)
      let blocks = MergedBlocks(of: fed, rate: .mean)
      let held = read.stored.map { entries in
        let entries = KeyValues(keys: entries.keys, values: entries.contents)
        let means = blocks.means(of: entries)
        #expect(means.keys.rows == 2 * chunks)
        // Σ of all chunks' entries, divided once (CCM-19).
        var sum = Tensor(zeros: [2, means.keys.columns])
        for block in blocks.blocks { sum += entries.keys.selecting(rows: block) }
        let last = blocks.last(of: entries)
        #expect(means.keys.selecting(rows: [2 * chunks - 2, 2 * chunks - 1]) == last.keys)
        #expect(last.keys.values == sum.values.map { $0 / Double(chunks) })
        return StoredEntries(contents: last.values, keys: last.keys)
      }
      #expect(held.allSatisfy { $0.count == 2 })
      let mask = Mask(rows: fed.suffix(2) + repetition, profile: .base)
      let recited = try model.forward(
        embeddings: try model.embed(repetition.map { $0.token }), positions: repetition.map { $0.position },
        visible: MergedRecital.rules.visible(mask, 2..<mask.rows.count), past: held)
      for (place, row) in (fed.count..<rows.count).enumerated() {
        #expect(recited.logits.row(place) == whole.logits.row(row), "\(chunks) chunks, row \(place)")
      }
    }
  }

  @Test func `EQB-10 after one chunk the mean is the chunk's memory: its recital is the concatenated one`() throws {
    let sample = MergedSample(seed: 4)
    let rows = try MergedSample.rows(sample.tokens(4))
    var concatenated = LoMARules.spec
    concatenated.visible = { mask, queries in
      VisibleKeys(
        lists: queries.map { query in
          (0...query).filter { mask.rows[query].place.zone != .repetition || mask.rows[$0].place.zone != .reading }
        }, keyCount: mask.rows.count)
    }
    let second = try sample.model().trainingPass(texts: [rows], profile: .base, rules: concatenated)
    let first = try sample.pass([rows])
    #expect(first.logits == second.logits && first.loss == second.loss)
    for name in first.gradients.names {
      let (a, b) = (try #require(first.gradients.tensors[name]), try #require(second.gradients.tensors[name]))
      #expect(distance(a, b) <= 1e-13 * max(1, b.largest), "\(name)")
    }
  }
}
