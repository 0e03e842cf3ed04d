// Spec chapter 19: LoMA and compressed context memory are events on the decoder over cached entries, though neither its code
// nor theirs knows of the other: BAS-8, BAS-9.

import LoMA
import LoMAPeers
import LoMAPeersReference
import LoMAReference
import NaiveLlama
import Testing

@Suite("19 BAS: other systems as events on cached entries") struct CachedInstanceTests {
  @Test func `BAS-9 BAS-8 with LoMA's mask and drops it is LoMA's generator, bit for bit`() throws {
    for (index, plain) in someCached(24, seed: 5).enumerated() {
      let sample = plain.with { $0.textLength += 5 }
      let profile = Profile.all[index * 31 % Profile.all.count]
      let parameters = try Parameters(c: 1 + index % 3, t: 1 + index % 2)
      let vocabulary = try Vocabulary(textSize: 11, memoryToken: 13, repetitionToken: 11, modelSize: 16)
      var generator = Generator(
        transformer: try sample.transformer(), vocabulary: vocabulary, parameters: parameters, profile: profile)
      var events: [GenerationEvent] = []
      try generator.feed(sample.text(), passLength: 1 + index % 4) { events.append($0) }

      let decoder = try sample.decoder()
      var (rows, caches): ([Row], [LayerCache]) = ([], decoder.noPast)
      for event in events {
        switch event.event {
        case .read, .compress:
          let mask = Mask(rows: rows + event.fed, profile: profile)
          let trace = try decoder.feed(
            embeddings: try decoder.embed(event.fed.map { $0.token }), positions: event.fed.map { $0.position },
            visible: VisibleKeys(mask, queries: rows.count..<mask.rows.count), past: caches)
          #expect(trace.logits.bits == event.logits.bits, "\(sample) \(profile.name)")
          (caches, rows) = (trace.caches, rows + event.fed)
        case .drop(let chunk):
          let places = rows.map { $0.place }
          caches = try caches.map { cache in
            try cache.keeping { entry in
              guard case .reading(let its, _) = places[entry] else { return true }
              return its != chunk
            }
          }
        }
        // The entries alive are the generator's, in its order.
        for (cache, layer) in zip(caches, event.cache.layers) {
          let alive = try #require(cache.alive.first)
          #expect(cache.alive.allSatisfy { $0 == alive })
          #expect(alive.map { rows[$0] } == event.cache.rows)
          #expect(cache.keys.bits(alive) == layer.keys.bits && cache.values.bits(alive) == layer.values.bits)
          #expect(cache.bits == 2 * 16 * layer.keys.values.count)
        }
      }
      #expect(events.contains { $0.fed.isEmpty } == (sample.textLength >= parameters.chunkLength))
    }
  }

  @Test func `BAS-9 BAS-8 with an adapter on COMP rows and concat's drops it is CCM's reader, bit for bit`() throws {
    for sample in try someModels(4, seed: 6) where sample.profile.memory == .concat {
      let model = try sample.model()
      var reader = ContextReader(model: model)
      var readings: [ContextReading] = []
      for tokens in sample.text.contexts { try reader.read(context: tokens, passLength: 2) { readings.append($0) } }
      let contexts = readings.count
      try reader.read(final: sample.text.final, passLength: 2) { readings.append($0) }

      var decoder = CachedDecoder(
        configuration: model.configuration, weights: model.weights, functions: model.functions, rules: .spec)
      var (rows, caches): ([ContextRow], [LayerCache]) = ([], decoder.noPast)
      for (number, reading) in readings.enumerated() {
        if reading.fed.isEmpty {
          let places = Set(reading.entries.rows.map { $0.place })
          let fed = rows
          caches = try caches.map { try $0.keeping { places.contains(fed[$0].place) } }
        } else {
          let gates = reading.fed.map(model.rules.gate)
          decoder.rules.project = { layer, projection, x, weight, functions in
            let adapted: AdaptedProjection =
              switch projection {
              case .query: .query
              case .key: .key
              case .value: .value
              case .output: .output
              }
            return ConditionalLinear.forward(
              x, weight: weight,
              update: try? model.adapter.update(layer: layer, adapted, scale: model.adapter.settings.scale),
              gates: gates, functions: functions)
          }
          let mask = ContextMask(
            rows: rows + reading.fed, parameters: model.parameters,
            finalSegment: number >= contexts ? sample.contexts.count : nil)
          let queries = rows.count..<mask.rows.count
          let trace = try decoder.feed(
            embeddings: try model.embed(reading.fed), positions: reading.fed.map { $0.position },
            visible: VisibleKeys(lists: queries.map { mask.visibleKeys(of: $0) }, keyCount: mask.rows.count),
            past: caches)
          #expect(trace.logits.bits == reading.logits.bits, "\(sample)")
          (caches, rows) = (trace.caches, rows + reading.fed)
        }
        for (cache, layer) in zip(caches, reading.layers) {
          let alive = try #require(cache.alive.first)
          #expect(alive.map { rows[$0].place } == reading.entries.rows.map { $0.place })
          #expect(cache.keys.bits(alive) == layer.keys.bits && cache.values.bits(alive) == layer.values.bits)
        }
      }
    }
  }
}
