// Spec chapter 16: what is cached and when, and what it costs, CCM-24, CCM-25, CCM-28 and CCM-29.

import LoMA
import LoMAPeers
import Testing

@Suite("16 CCM: schedule and cost") struct ContextScheduleTests {
  /// The events of a text with the entries after each.
  private func events(
    _ text: ContextText, _ parameters: ContextParameters, generating m: Int = 0
  ) throws -> [(step: ContextStep, entries: ContextEntries)] {
    var events: [(ContextStep, ContextEntries)] = []
    let schedule = try ContextSchedule(text, generating: m, parameters: parameters, rule: .spec) {
      events.append(($0, $1))
    }
    #expect(schedule.steps == events.map { $0.0 })
    return events
  }

  /// `read 0: 1 + 0 of 0..<1`: the event, text and memory entries after it, and the rows fed.
  private func line(_ step: ContextStep) -> String {
    let name =
      switch step.event {
      case .read(let index): "read \(index)"
      case .compress(let segment): "compress \(segment)"
      case .drop(let segment): "drop \(segment)"
      case .fold(let segment): "fold \(segment)"
      }
    return "\(name): \(step.textEntries) + \(step.memoryEntries) of \(step.fedRows)"
  }

  @Test func `CCM-24 the events of two contexts, by hand`() throws {
    let text = ContextText(segments: [[1, 4], [5], [6]], outputLength: 0)
    let concat = try events(text, sampleParameters(n: 2, "base"))
    #expect(
      concat.map { line($0.step) } == [
        "read 0: 1 + 0 of 0..<1", "read 1: 2 + 0 of 1..<2", "compress 0: 2 + 2 of 2..<4", "drop 0: 0 + 2 of 4..<4",
        "read 2: 1 + 2 of 4..<5", "compress 1: 1 + 4 of 5..<7", "drop 1: 0 + 4 of 7..<7", "read 3: 1 + 4 of 7..<8",
      ])
    #expect(concat.last?.entries.numbers == [2, 3, 5, 6, 7])
    let merge = try events(text, sampleParameters(n: 2, "memory=merge,sink=on"))
    #expect(
      merge.map { line($0.step) } == [
        "read 0: 1 + 0 of 0..<1", "read 1: 2 + 0 of 1..<2", "compress 0: 2 + 2 of 2..<4", "drop 0: 1 + 2 of 4..<4",
        "fold 0: 1 + 2 of 4..<4", "read 2: 2 + 2 of 4..<5", "compress 1: 2 + 4 of 5..<7", "drop 1: 1 + 4 of 7..<7",
        "fold 1: 1 + 2 of 7..<7", "read 3: 2 + 2 of 7..<8",
      ])
    // A mean has the number of the last COMP row folded into it.
    #expect(merge.last?.entries.numbers == [0, 5, 6, 7])
    #expect(merge.last?.entries.rows.map { $0.token } == [1, 13, 14, 6])
  }

  @Test func `CCM-24 CCM-27 tokens that are generated join the final segment, but for the last`() throws {
    let text = ContextText(segments: [[1, 4], [5]], outputLength: 0)
    for profile in ContextProfile.all {
      let parameters = try sampleParameters(n: 2, profile)
      let plain = try events(text, parameters)
      for m in 0...4 {
        let longer = try events(text, parameters, generating: m)
        #expect(longer.prefix(plain.count).map { $0.step } == plain.map { $0.step })
        #expect(
          longer.dropFirst(plain.count).map { $0.step.event }
            == (0..<max(m - 1, 0)).map { ContextEvent.read(textIndex: 3 + $0) })
        #expect(longer.last?.entries.rows.count == (plain.last?.entries.rows.count ?? 0) + max(m - 1, 0))
      }
    }
    let parameters = try sampleParameters(n: 2, "base")
    #expect(throws: PeerError.negativeGenerationLength(-1)) { _ = try events(text, parameters, generating: -1) }
    #expect(throws: PeerError.textTooLong(limit: ContextParameters.limit)) {
      _ = try events(text, parameters, generating: Int.max)
    }
  }

  @Test func `CCM-24 CCM-25 the cache holds sinks, memory and the segment being read, at the layout's positions`()
    throws
  {
    for (text, n) in someTexts(ofEach: 2, seed: 24) {
      for profile in ContextProfile.all {
        let parameters = try sampleParameters(n: n, profile)
        let layout = try ContextLayout(text, parameters: parameters)
        let (online, events) = (layout.onlineRows, try events(text, parameters))
        for (step, entries) in events {
          #expect(step.cacheSize == entries.rows.count && entries.numbers == entries.numbers.sorted())
          let last = entries.numbers.last.map { online[$0].place.segment }
          for (entry, number) in zip(entries.rows, entries.numbers) {
            switch entry.place {
            case .text(let segment, _):
              #expect(online[number] == entry || entry.label != online[number].label)
              if case .drop = step.event { #expect(parameters.isSink(token: entry.token)) }
              if case .fold = step.event { #expect(parameters.isSink(token: entry.token)) }
              #expect(segment == last || parameters.isSink(token: entry.token))
            case .comp: #expect(online[number] == entry)
            case .sum(_, let j):
              let named = online[number].place
              #expect(named == .comp(segment: named.segment ?? -1, index: j))
              #expect(online[number].position == entry.position)
            case .pad: Issue.record("a pad in a cache")
            }
          }
          if case .fold(let segment) = step.event {
            #expect(entries.rows.suffix(n).allSatisfy { $0.place.role == .sum })
            #expect(entries.numbers.suffix(n).allSatisfy { online[$0].place.segment == segment })
            #expect(entries.rows.count { $0.place.role != .text } == n)
          }
          if profile.memory == .concat, case .drop(let segment) = step.event {
            let comps = online.filter { $0.place.role == .comp && ($0.place.segment ?? 0) <= segment }
            #expect(entries.rows.filter { $0.place.role == .comp } == comps)
          }
        }
        #expect(events.flatMap { online[$0.step.fedRows] } == online)
      }
    }
  }

  @Test func `CCM-28 entries, peaks and the maximum are the counted ones, BOS anywhere`() throws {
    for (text, n) in someTexts(ofEach: 4, seed: 28) {
      for profile in ContextProfile.all {
        let parameters = try sampleParameters(n: n, profile)
        let cost = try ContextCost(text, parameters: parameters)
        let reader = SimulatedReader(text, n: n, begin: sampleBegin, profile: profile)
        var (sizes, peaks, most) = ([0], [Int](), 0)
        for (step, entries) in try events(text, parameters) {
          most = max(most, entries.rows.count)
          switch (step.event, profile.memory) {
          case (.compress, _): peaks.append(most)
          case (.drop, .concat), (.fold, .merge):
            sizes.append(entries.rows.count)
            most = 0
          case (.read, _), (.drop, .merge), (.fold, .concat): break
          }
        }
        peaks.append(most)
        #expect(cost.sizes == sizes && cost.peaks == peaks)
        #expect(cost.maximum == peaks.max() && cost.maximum == reader.largest)
        #expect(cost.finalSize == (try events(text, parameters)).last?.entries.rows.count)
      }
    }
  }

  @Test func `CCM-28 with BOS at the front alone the entries are sigma + n·t, and sigma + n`() throws {
    let text = plainText(contexts: [4, 2, 3], final: 2)
    for (profile, expected) in [
      ("base", [0, 2, 4, 6]), ("sink=on", [0, 3, 5, 7]), ("memory=merge", [0, 2, 2, 2]),
      ("memory=merge,sink=on,recurrence=separate", [0, 3, 3, 3]),
    ] {
      #expect(try ContextCost(text, parameters: sampleParameters(n: 2, profile)).sizes == expected)
    }
    let cost = try ContextCost(text, parameters: sampleParameters(n: 2, "sink=on"))
    // size(k) + l_k + n: 0 + 4 + 2, 3 + 2 + 2, 5 + 3 + 2, and 7 + 2 at the end.
    #expect(cost.peaks == [6, 7, 10, 9] && cost.maximum == 10 && cost.finalSize == 9)
  }

  @Test func `CCM-28 a merged memory does not grow with the number of segments`() throws {
    for profile in ContextProfile.all where profile.memory == .merge {
      let cost = try ContextCost(
        plainText(contexts: Array(repeating: 3, count: 40), final: 1),
        parameters: sampleParameters(n: 2, profile))
      #expect(Set(cost.sizes.dropFirst()).count == 1 && cost.sizes.count == 41)
      #expect(cost.maximum == cost.peaks[39])
    }
  }

  @Test func `CCM-29 pairs in closed form are the mask's, counted`() throws {
    for (text, n) in someTexts(ofEach: 4, seed: 29) {
      for profile in ContextProfile.all {
        let parameters = try sampleParameters(n: n, profile)
        let counted = try ContextLayout(text, parameters: parameters).mask.countedPairs
        let cost = try ContextCost(text, parameters: parameters)
        #expect(cost.pairs == counted)
        if text.contexts.isEmpty { #expect(cost.pairs == [cost.fullAttention]) }
      }
    }
    // By hand: l = 2, 1 and 1 at the end, n = 1: 3 + 2 + 1, (1 + 1) + 2 + 1, 2 + 1.
    let cost = try ContextCost(plainText(contexts: [2, 1], final: 1), parameters: sampleParameters(n: 1, "base"))
    #expect(cost.pairs == [6, 5, 3] && cost.fullAttention == 10)
  }

  @Test func `CCM-28 an entry has LoMA's bytes`() throws {
    let bytes = try CacheEntrySize(layers: 2, keyValueHeads: 3, headDimension: 4, bytesPerElement: 2).bytes
    let cost = try ContextCost(
      plainText(contexts: [5, 5], final: 1), parameters: sampleParameters(n: 2, "base"))
    #expect(bytes * cost.entries(afterSegments: 2) == 96 * 4)
  }
}
