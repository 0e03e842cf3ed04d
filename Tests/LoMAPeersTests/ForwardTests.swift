// Spec chapter 16: the parallel forward pass, CCM-2, CCM-8, CCM-16, CCM-18, CCM-20, CCM-21 and the cases that fall
// together.

import LoMAPeers
import LoMAPeersReference
import NaiveLlama
import Testing

@Suite("16 CCM: forward") struct ContextForwardTests {
  private func textRows(_ layout: ContextLayout) -> [Int] {
    layout.rows.indices.filter { layout.rows[$0].place.role == .text }
  }

  @Test func `CCM-1 without a context it is full causal attention, bit for bit`() throws {
    for profile in ContextProfile.all {
      for heads in headChoices {
        let sample = SampleModel(contexts: [], input: 5, output: 2, profile: profile, heads: heads)
        let layout = try sample.layout()
        let (trace, model) = (
          try sample.forward(),
          Transformer(
            configuration: try sample.configuration(), weights: Weights(try sample.base()), functions: sample.functions)
        )
        let causal = VisibleKeys(lists: (0..<7).map { Array(0...$0) }, keyCount: 7)
        let expected = try model.forward(
          embeddings: model.embed(layout.rows.map { $0.token }), positions: Array(0..<7), visible: causal,
          past: model.noPast)
        #expect(trace.logits.bits == expected.logits.bits && trace.finalNorm == expected.finalNorm)
        for (own, theirs) in zip(trace.layers, expected.layers) {
          #expect(own.query == theirs.query && own.written == theirs.own && own.all == theirs.all)
          #expect(own.attention == theirs.attention && own.attentionOutput == theirs.attentionOutput)
          #expect(own.attentionNorm == theirs.attentionNorm && own.attentionResidual == theirs.attentionResidual)
          #expect(own.feedForwardNorm == theirs.feedForwardNorm && own.gate == theirs.gate && own.up == theirs.up)
          #expect(own.activation == theirs.activation && own.feedForwardOutput == theirs.feedForwardOutput)
          #expect(own.output == theirs.output && own.input == theirs.input)
        }
      }
    }
  }

  @Test func `CCM-2 CCM-20 with B zero it is the base model with n embeddings more, bit for bit`() throws {
    for profile in ContextProfile.all where profile.memory == .concat {
      for tiesHead in [false, true] {
        let sample = SampleModel(n: 3, profile: profile, tiesHead: tiesHead)
        let (layout, adapter) = (try sample.layout(), try sample.adapter())
        var weights = try sample.base()
        let table = try #require(weights.tensors[ParameterName.embedding])
        let memory = try #require(adapter.parameters.tensors[AdapterParameterName.memoryEmbedding])
        let head = weights.tensors[ParameterName.head] ?? table
        weights.tensors[ParameterName.embedding] = table.appending(memory)
        // A head of the wider table, whose further logits are not those of this model.
        weights.tensors[ParameterName.head] = head.appending(memory)
        let wide = try Configuration(
          vocabularySize: 14, hiddenSize: 8, intermediateSize: 12, layers: 2, queryHeads: 4, keyValueHeads: 2,
          headDimension: 4, epsilon: 0x1p-10, theta: 10_000, tiesHead: false)
        let transformer = Transformer(configuration: wide, weights: Weights(weights), functions: sample.functions)
        let mask = layout.mask
        let visible = VisibleKeys(
          lists: mask.rows.indices.map(mask.visibleKeys), keyCount: mask.rows.count)
        let expected = try transformer.forward(
          embeddings: transformer.embed(layout.rows.map { $0.token }), positions: layout.rows.map { $0.position },
          visible: visible, past: transformer.noPast)
        let trace = try sample.model(adapter: adapter.withoutUpdates()).forward(mask)
        #expect(trace.logits.columns == sampleTextSize)
        #expect(trace.logits.bits == expected.logits.columns(0..<sampleTextSize).bits)
        #expect(trace.layers.map { $0.output } == expected.layers.map { $0.output })
      }
    }
  }

  @Test func `CCM-20 a closed gate and a zero B are the same model, bit for bit, and not the adapted one`() throws {
    for profile in ContextProfile.all {
      var sample = SampleModel(profile: profile)
      let mask = try sample.layout().mask
      let zero = try sample.model(adapter: sample.adapter().withoutUpdates()).forward(mask).logits
      let adapted = try sample.forward().logits
      sample.rules.gate = { _ in false }
      #expect(try sample.forward().logits.bits == zero.bits)
      #expect(adapted.bits(textRows(try sample.layout())) != zero.bits(textRows(try sample.layout())))
    }
  }

  @Test func `CCM-20 the first segment's text does not depend on the adapter, bit for bit`() throws {
    for profile in ContextProfile.all {
      let sample = SampleModel(profile: profile)
      let layout = try sample.layout()
      var other = try sample.adapter()
      for (name, tensor) in other.parameters.tensors {
        other.parameters.tensors[name]?.values = tensor.values.map { 3 - 2 * $0 }
      }
      let (trace, changed) = (try sample.forward(), try sample.model(adapter: other).forward(layout.mask))
      func rows(_ segment: Int) -> [Int] {
        textRows(layout).filter { layout.rows[$0].place.segment == segment }
      }
      #expect(trace.logits.bits(rows(0)) == changed.logits.bits(rows(0)))
      #expect((trace.logits.bits(rows(1)) == changed.logits.bits(rows(1))) == (profile.recurrence == .separate))
      #expect(trace.logits.bits(rows(3)) != changed.logits.bits(rows(3)))
    }
  }

  @Test func `CCM-20 only COMP and SUM rows are updated, in q, k, v and o`() throws {
    for profile in ContextProfile.all {
      let sample = SampleModel(profile: profile)
      let (layout, base) = (try sample.layout(), try sample.base())
      let trace = try sample.forward()
      for (index, layer) in trace.layers.enumerated() {
        let name = ParameterName.layer(index)
        let outputs = [
          (name.key, layer.attentionNorm, layer.unrotatedKey), (name.value, layer.attentionNorm, layer.own.values),
          (name.attentionOutput, layer.attention.context, layer.attentionOutput),
        ]
        for (parameter, input, output) in outputs {
          let plain = sample.functions.linear(input, weight: try #require(base.tensors[parameter]))
          for (r, row) in layout.rows.enumerated() {
            #expect((plain.bits([r]) == output.bits([r])) == (row.place.role == .text))
          }
        }
      }
    }
  }

  @Test func `CCM-18 nothing a SUM row holds changes another row, bit for bit`() throws {
    for profile in ContextProfile.all where profile.memory == .merge {
      let sample = SampleModel(n: 2, profile: profile)
      let (layout, model) = (try sample.layout(), try sample.model())
      let mask = layout.mask
      let others = layout.rows.indices.filter { layout.rows[$0].place.role != .sum }
      let expected = try model.forward(mask)
      func isInert(_ trace: ContextTrace) -> Bool {
        trace.logits.bits(others) == expected.logits.bits(others) && trace.logits.bits != expected.logits.bits
          && zip(trace.layers, expected.layers).allSatisfy { $0.written == $1.written }
      }
      // Another embedding.
      var adapter = try sample.adapter()
      let name = AdapterParameterName.memoryEmbedding
      for i in 2 * sample.hiddenSize..<4 * sample.hiddenSize { adapter.parameters.tensors[name]?.values[i] += 1 }
      #expect(isInert(try sample.model(adapter: adapter).forward(mask)))
      // Another position.
      let moved = layout.rows.map { row in
        row.place.role == .sum
          ? ContextRow(token: row.token, place: row.place, position: row.position + 7, label: nil) : row
      }
      #expect(
        isInert(
          try model.forward(
            ContextMask(rows: moved, parameters: layout.parameters, finalSegment: layout.finalSegment))))
      // Another mask.
      var blind = sample
      blind.rules.visible = { mask, queries in
        VisibleKeys(
          lists: queries.map { mask.rows[$0].place.role == .sum ? [$0] : mask.visibleKeys(of: $0) },
          keyCount: mask.rows.count)
      }
      #expect(isInert(try blind.model().forward(mask)))
      // No update.
      var plain = sample
      plain.rules.gate = { $0.place.role == .comp }
      #expect(isInert(try plain.model().forward(mask)))
    }
  }

  @Test func `CCM-3 with one context concat is merge and recurrent is separate, bit for bit`() throws {
    for contexts in [[1], [4], [9]] {
      for sink in ContextProfile.Sink.allCases {
        var logits: [[[UInt64]]] = []
        for profile in ContextProfile.all where profile.sink == sink {
          let sample = SampleModel(contexts: contexts, n: 3, profile: profile, memoryEmbeddings: 6)
          let layout = try sample.layout()
          logits.append(try sample.forward().logits.bits(textRows(layout)))
        }
        #expect(logits.count == 6 && Set(logits).count == 1)
      }
    }
  }

  @Test func `CCM-3 two contexts tell every profile from every other`() throws {
    var logits: Set<[[UInt64]]> = []
    for profile in ContextProfile.all {
      let sample = SampleModel(contexts: [3, 2, 2], profile: profile, memoryEmbeddings: 4)
      let layout = try sample.layout()
      logits.insert(try sample.forward().logits.bits(textRows(layout)))
    }
    #expect(logits.count == 12)
  }

  @Test func `CCM-8 pads change no real row, bit for bit`() throws {
    for profile in ContextProfile.all {
      let sample = SampleModel(profile: profile)
      let (parameters, model) = (try sample.parameters(), try sample.model())
      let (long, short) = (
        try sample.with { $0.contexts = [5, 4, 6] }.layout(), try sample.with { $0.contexts = [2, 1] }.layout()
      )
      let batch = ContextBatch([long, short], parameters: parameters)
      let pads = long.rows.count - short.rows.count
      let padded = try model.forward(batch.mask(1))
      #expect(
        padded.logits.bits(pads..<long.rows.count) == (try model.forward(short.mask)).logits.bits)
      #expect(try model.loss(batch).logits == [try model.forward(long.mask).logits, padded.logits])
    }
  }

  @Test func `CCM-9 a segment's past text is reached through the memory alone`() throws {
    for profile in ContextProfile.all {
      var sample = SampleModel(contexts: [3, 2], profile: profile)
      // What a merged memory holds is fixed, so text has no other way to later segments.
      sample.rules.fold = { memory, h in
        memory.folding(KeyValues(keys: Tensor(zeros: h.keys.shape), values: Tensor(zeros: h.values.shape)))
      }
      guard profile.memory == .merge else { continue }
      let (model, text) = (try sample.model(), sample.text)
      let other = ContextText(
        segments: [[text.segments[0][0], 4, 9]] + text.segments.dropFirst(), outputLength: text.outputLength)
      #expect(other != text)
      let (a, b) = (try sample.layout(), try ContextLayout(other, parameters: sample.parameters()))
      let later = textRows(a).filter { (a.rows[$0].place.segment ?? 0) > 0 }
      #expect(try model.forward(a.mask).logits.bits(later) == model.forward(b.mask).logits.bits(later))
    }
  }
}
