// Spec chapter 6, Generation: GEN-1…GEN-6 and GEN-8, and what GEN-7 says of masks. The theorem itself is about numbers.

import LoMA
import Testing

@Suite("6 Generation") struct GenerationTests {
  private func schedule(c: Int, t: Int, n: Int) throws -> CacheSchedule {
    try CacheSchedule(fedLength: n, parameters: Parameters(c: c, t: t))
  }

  @Test func `GEN-1 a cache entry is one row of the generation layout`() throws {
    // c = 2, t = 2: rows 0…3 reading, 4…5 memory, 6…9 reading, 10…11 memory, 12 tail.
    let schedule = try schedule(c: 2, t: 2, n: 9)
    #expect(
      schedule.steps.map { schedule.entries(after: $0) } == [
        [0], [0, 1], [0, 1, 2], [0, 1, 2, 3], [0, 1, 2, 3, 4, 5], [4, 5],
        [4, 5, 6], [4, 5, 6, 7], [4, 5, 6, 7, 8], [4, 5, 6, 7, 8, 9], [4, 5, 6, 7, 8, 9, 10, 11], [4, 5, 10, 11],
        [4, 5, 10, 11, 12],
      ])
  }

  @Test func `GEN-1 the entries after a step are as many as the step counts, zone by zone`() throws {
    for n in 0...40 {
      let (schedule, rows) = (try schedule(c: 3, t: 2, n: n), try Sample(c: 3, t: 2, n: n).generation().rows)
      for step in schedule.steps {
        let zones = schedule.entries(after: step).map { rows[$0].place.zone }
        #expect(zones.filter { $0 == .memory }.count == step.memoryEntries)
        #expect(zones.filter { $0 == .reading }.count == step.readingEntries)
        #expect(zones.count == step.cacheSize)
      }
    }
  }

  @Test func `GEN-2 a fed text token sees all cache entries and itself, and is appended`() throws {
    try forEverySample { sample in
      let schedule = try CacheSchedule(fedLength: sample.textLength, parameters: sample.parameters)
      let mask = Mask(rows: try sample.generation().rows, profile: sample.profile)
      var cache: [Int] = []
      for step in schedule.steps {
        let entries = schedule.entries(after: step)
        if case .read = step.event {
          let isRight = entries == cache + [step.fedRows.lowerBound] && step.fedRows.count == 1
          if !isRight || mask.visibleKeys(of: step.fedRows.lowerBound) != entries { Issue.record("\(sample): \(step)") }
        }
        cache = entries
      }
    }
  }

  @Test func `GEN-3 a full chunk is compressed in one pass at once, and its reading entries leave`() throws {
    let steps = try schedule(c: 2, t: 1, n: 5).steps
    #expect(
      steps.map { $0.event } == [
        .read(textIndex: 0), .read(textIndex: 1), .compress(chunk: 0), .drop(chunk: 0),
        .read(textIndex: 2), .read(textIndex: 3), .compress(chunk: 1), .drop(chunk: 1), .read(textIndex: 4),
      ])
    #expect(steps.map { $0.fedRows } == [0..<1, 1..<2, 2..<3, 3..<3, 3..<4, 4..<5, 5..<6, 6..<6, 6..<7])
    #expect(steps.map { $0.memoryEntries } == [0, 0, 1, 1, 1, 1, 2, 2, 2])
    #expect(steps.map { $0.readingEntries } == [1, 2, 2, 0, 1, 2, 2, 0, 1])
  }

  @Test func `GEN-3 memory rows see the cache and their pass, all of it under base`() throws {
    for n in 0...30 {
      let sample = try Sample(c: 2, t: 3, n: n)
      let schedule = try schedule(c: 2, t: 3, n: n)
      let mask = Mask(rows: try sample.generation().rows, profile: .base)
      for step in schedule.steps {
        guard case .compress = step.event else { continue }
        for row in step.fedRows { #expect(mask.visibleKeys(of: row) == schedule.entries(after: step)) }
      }
    }
  }

  @Test func `GEN-4 a token is chosen from the reading row before it, computed before compression`() throws {
    // The logits that choose token g stand in the reading row of token g − 1, before which are the rows of g − 1 tokens.
    let parameters = try Parameters(c: 2, t: 2)
    #expect((1...9).map { parameters.generationRows($0 - 1) } == [0, 1, 2, 3, 6, 7, 8, 9, 12])
    for n in 2...40 {
      let sample = try Sample(c: 3, t: 2, n: n)
      let rows = try sample.generation().rows
      for g in 1..<n { #expect(rows[sample.parameters.generationRows(g - 1)].label == sample.text[g]) }
    }
  }

  @Test func `GEN-5 greedy takes the lowest text id among exact maxima`() throws {
    let vocabulary = try Vocabulary(textSize: 4)
    #expect(vocabulary.greedyToken([1, 3, 3, 2, 0, 0]) == 1)
    #expect(vocabulary.greedyToken([0, 0, 0, 0, 0, 0]) == 0)
    #expect(vocabulary.greedyToken([-9, -8, -7, -6, 0, 0]) == 3)
    #expect(try Vocabulary(textSize: 1).greedyToken([-5, 1, 2]) == 0)
  }

  @Test func `GEN-5 ids from V on are suppressed`() throws {
    let vocabulary = try Vocabulary(textSize: 3, memoryToken: 4, repetitionToken: 3, modelSize: 7)
    #expect(vocabulary.greedyToken([1, 2, 0, 9, 9, 9, 9]) == 1)
  }

  @Test func `GEN-5 of m generated tokens all but the last are fed`() throws {
    let parameters = try Parameters(c: 2, t: 2)
    #expect(try parameters.fedLength(prompt: 5, generating: 0) == 5)
    #expect(try parameters.fedLength(prompt: 5, generating: 1) == 5)
    #expect(try parameters.fedLength(prompt: 5, generating: 4) == 8)
    #expect(try parameters.fedLength(prompt: 0, generating: 0) == 0)
    #expect(try parameters.fedLength(prompt: Parameters.limit, generating: 1) == Parameters.limit)
  }

  @Test func `GEN-5 an empty prompt, a negative count or a text too long is rejected`() throws {
    let (parameters, limit) = (try Parameters(c: 2, t: 2), Parameters.limit)
    for (prompt, m, error) in [
      (0, 3, InputError.emptyPrompt(generationLength: 3)), (4, -1, .negativeGenerationLength(-1)),
      (0, -2, .negativeGenerationLength(-2)), (-1, 3, .negativeTextLength(-1)),
      (limit, 2, .textTooLong(limit + 1, limit: limit)), (1, Int.max, .textTooLong(Int.max, limit: limit)),
      (limit + 1, 0, .textTooLong(limit + 1, limit: limit)),
    ] {
      #expect(throws: error) { try parameters.fedLength(prompt: prompt, generating: m) }
    }
  }

  @Test func `GEN-6 the cache holds t per full chunk and the tail`() throws {
    let parameters = try Parameters(c: 3, t: 2)
    #expect((0...13).map { parameters.cacheSize(afterFeeding: $0) } == [0, 1, 2, 3, 4, 5, 2, 3, 4, 5, 6, 7, 4, 5])
  }

  @Test func `GEN-6 compressing chunk k peaks at tk + L + t`() throws {
    let parameters = try Parameters(c: 3, t: 2)
    #expect((0...3).map { parameters.cachePeak(whileCompressing: $0) } == [8, 10, 12, 14])
  }

  @Test func `GEN-6 the maximum over a text is tF + L, or n before a chunk is full`() throws {
    let parameters = try Parameters(c: 3, t: 2)
    let maxima = [0, 1, 5, 6, 11, 12, 17, 18].map { parameters.cacheMaximum(whileFeeding: $0) }
    #expect(maxima == [0, 1, 5, 8, 8, 10, 10, 12])
  }

  @Test func `GEN-6 memory entries keep their order and the reading entries follow them`() throws {
    try forEverySample { sample in
      let schedule = try CacheSchedule(fedLength: sample.textLength, parameters: sample.parameters)
      let rows = try sample.generation().rows
      for step in schedule.steps {
        let entries = schedule.entries(after: step)
        var zones = entries.map { rows[$0].place.zone }
        // A compression has just appended its own memories behind the reading entries that it is about to drop.
        if case .compress = step.event { zones.removeLast(sample.parameters.t) }
        let isOrdered = zones == zones.filter { $0 == .memory } + zones.filter { $0 == .reading }
        if !isOrdered || entries != entries.sorted() { Issue.record("\(sample): \(step)") }
      }
    }
  }

  @Test func `GEN-7 a row of the generation layout sees the rows it sees in the training layout`() throws {
    try forEverySample { sample in
      let training = Mask(rows: try sample.training().rows, profile: sample.profile)
      let generation = Mask(rows: try sample.generation().rows, profile: sample.profile)
      let shared = training.rows.indices.filter { training.rows[$0].place.zone != .repetition }
      for (query, trained) in shared.enumerated() {
        // The rows of generation by their index in the training layout.
        let seen = generation.visibleKeys(of: query).map { shared[$0] }
        if seen != training.visibleKeys(of: trained) { Issue.record("\(sample): \(query)") }
      }
    }
  }

  @Test func `GEN-8 a prompt longer than L compresses as many times as it fills chunks`() throws {
    for n in 0...40 {
      let events = try schedule(c: 2, t: 2, n: n).steps.map { $0.event }
      #expect((0...10).filter { events.contains(.compress(chunk: $0)) } == Array(0..<n / 4))
    }
  }

  @Test func `GEN-8 feeding one more token only adds steps`() throws {
    for n in 0...40 {
      let (shorter, longer) = (try schedule(c: 3, t: 2, n: n).steps, try schedule(c: 3, t: 2, n: n + 1).steps)
      #expect(Array(longer.prefix(shorter.count)) == shorter)
      #expect(longer.count == shorter.count + ((n + 1) % 6 == 0 ? 3 : 1))
    }
  }
}
