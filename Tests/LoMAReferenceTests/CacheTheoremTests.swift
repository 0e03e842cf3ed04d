// GEN-7 and REC-3, bit for bit: generation through the compressed cache equals the training layout's forward pass, and so
// does reconstruction. Checked against each other: two different ways through the same layers.

import LoMA
import LoMAReference
import NaiveLlama
import Testing

@Suite("Chapters 6 and 7: the theorems")
struct CacheTheoremTests {
  /// Logits of reading, memory and repetition rows of the training layout, by place.
  private func trainingLogits(_ sample: Sample) throws -> [Place: [Double]] {
    let layout = try sample.trainingLayout()
    let logits = try sample.transformer().forward(rows: layout.rows, profile: sample.profile).logits
    var byPlace: [Place: [Double]] = [:]
    for (r, row) in layout.rows.enumerated() { byPlace[row.place] = Array(logits.row(r)) }
    return byPlace
  }

  private func feed(_ sample: Sample, passLength: Int) throws -> (Generator, [Place: [Double]]) {
    var generator = Generator(
      transformer: try sample.transformer(), vocabulary: try sample.vocabulary(), parameters: try sample.parameters(),
      profile: sample.profile)
    var byPlace: [Place: [Double]] = [:]
    try generator.feed(sample.text(), passLength: passLength) { event in
      for (r, row) in event.fed.enumerated() { byPlace[row.place] = Array(event.logits.row(r)) }
    }
    return (generator, byPlace)
  }

  private func generationEqualsLayout(_ sample: Sample) throws -> Bool {
    let expected = try trainingLogits(sample).filter { $0.key.zone != .repetition }
    return try [1, 3, Int.max].allSatisfy { try feed(sample, passLength: $0).1 == expected }
  }

  private func reconstructionEqualsLayout(_ sample: Sample) throws -> Bool {
    let expected = try trainingLogits(sample)
    let (generator, _) = try feed(sample, passLength: Int.max)
    for chunk in 0..<(try sample.parameters().fullChunks(sample.textLength)) {
      let logits = try generator.reconstruct(chunk: chunk).logits
      for index in 0..<logits.rows {
        guard expected[.repetition(chunk: chunk, index: index)] == Array(logits.row(index)) else { return false }
      }
    }
    return true
  }

  /// Base and each single alternative with every head choice and all lengths 0…3L+1, then random combinations.
  private func samples(combinations: Int) -> [Sample] {
    var samples: [Sample] = []
    for profile in singleAlternatives {
      for (queryHeads, keyValueHeads) in headChoices {
        for n in 0...13 {
          samples.append(
            Sample(
              seed: UInt64(samples.count), c: 2, t: 2, textLength: n, layers: 2, queryHeads: queryHeads,
              keyValueHeads: keyValueHeads, tiesHead: n % 2 == 0, profile: profile))
        }
      }
    }
    var numbers = SeededNumbers(seed: 20_240_116)
    for _ in 0..<combinations {
      let (c, t) = (1 + numbers.integer(below: 4), 1 + numbers.integer(below: 3))
      let (queryHeads, keyValueHeads) = headChoices[numbers.integer(below: 3)]
      samples.append(
        Sample(
          seed: numbers.next(), c: c, t: t, textLength: numbers.integer(below: 3 * c * t + 2),
          layers: 1 + numbers.integer(below: 3), queryHeads: queryHeads, keyValueHeads: keyValueHeads,
          tiesHead: numbers.integer(below: 2) == 0, profile: Profile.all[numbers.integer(below: Profile.all.count)]))
    }
    return samples
  }

  @Test func `GEN-7 GEN-2 GEN-3 GEN-8 generation's logits are the layout's, bit for bit`() throws {
    for sample in samples(combinations: 200) {
      if let least = try smallestFailure(sample, generationEqualsLayout) {
        Issue.record("smallest failure: \(least)")
        return
      }
    }
  }

  @Test func `REC-3 reconstruction's logits are the layout's repetition rows, bit for bit`() throws {
    for sample in samples(combinations: 200) {
      if let least = try smallestFailure(sample, reconstructionEqualsLayout) {
        Issue.record("smallest failure: \(least)")
        return
      }
    }
  }

  @Test func `GEN-7 it holds for self-generated text too`() throws {
    for (index, profile) in singleAlternatives.enumerated() {
      let sample = Sample(
        seed: UInt64(900 + index), c: 2, t: 2, textLength: 3, layers: 2, queryHeads: 4, keyValueHeads: 2,
        tiesHead: false, profile: profile)
      var (generator, byPlace) = try feed(sample, passLength: 1)
      var numbers = SeededNumbers(seed: 1)
      let chosen = try generator.generate(9, choosing: .greedy, numbers: &numbers, stopToken: nil) { event in
        for (r, row) in event.fed.enumerated() { byPlace[row.place] = Array(event.logits.row(r)) }
      }
      #expect(chosen.count == 9)
      let layout = try Layout.training(
        text: sample.text() + chosen.dropLast(), vocabulary: try sample.vocabulary(),
        parameters: try sample.parameters(), profile: profile)
      let logits = try sample.transformer().forward(rows: layout.rows, profile: profile).logits
      for (r, row) in layout.rows.enumerated() where row.place.zone != .repetition {
        #expect(byPlace[row.place] == Array(logits.row(r)))
      }
    }
  }

  @Test func `GEN-1 GEN-6 the cache holds the scheduled entries after every event`() throws {
    let sample = Sample(
      seed: 5, c: 2, t: 2, textLength: 11, layers: 2, queryHeads: 4, keyValueHeads: 2, tiesHead: false,
      profile: .base)
    let layout = try Layout.generation(
      text: sample.text(), vocabulary: try sample.vocabulary(), parameters: try sample.parameters(), profile: .base)
    let schedule = try CacheSchedule(fedLength: 11, parameters: try sample.parameters())
    var events: [(CacheEvent, [Place], [Int])] = []
    var generator = Generator(
      transformer: try sample.transformer(), vocabulary: try sample.vocabulary(), parameters: try sample.parameters(),
      profile: .base)
    try generator.feed(sample.text(), passLength: 1) {
      events.append(($0.event, $0.cache.rows.map(\.place), $0.cache.rows.map(\.position)))
      for layer in $0.cache.layers { #expect(layer.keys.shape == [$0.cache.count, 2 * 4]) }
    }
    #expect(events.map(\.0) == schedule.steps.map(\.event))
    for (event, step) in zip(events, schedule.steps) {
      let entries = schedule.entries(after: step)
      #expect(event.1 == entries.map { layout.rows[$0].place })
      #expect(event.2 == entries.map { layout.rows[$0].position })
    }
  }
}
