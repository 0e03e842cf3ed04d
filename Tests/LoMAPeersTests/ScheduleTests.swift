// Spec chapter 16: what is cached and when, and what it costs, CCM-24, CCM-25, CCM-28 and CCM-29.

import LoMA
import LoMAPeers
import Testing

@Suite("16 CCM: schedule and cost") struct ContextScheduleTests {
  /// The events of a text with the entries after each.
  private func events(
    _ text: ContextText, _ parameters: ContextParameters, rule: ContextCacheRule = .spec
  ) throws -> [(step: ContextStep, entries: [ContextRow])] {
    var events: [(ContextStep, [ContextRow])] = []
    let schedule = try ContextSchedule(text, parameters: parameters, rule: rule) { events.append(($0, $1)) }
    #expect(schedule.steps == events.map { $0.0 })
    return events
  }

  /// `read 1 0`, or the like.
  private func name(_ event: ContextEvent) -> String {
    switch event {
    case .read(let segment, let index): "read \(segment) \(index)"
    case .compress(let segment): "compress \(segment)"
    case .drop(let segment): "drop \(segment)"
    case .append(let segment): "append \(segment)"
    case .fold(let segment): "fold \(segment)"
    }
  }

  @Test func `CCM-24 the events of two segments, by hand`() throws {
    let text = ContextText(contexts: [[1, 4], [5]], input: [6], output: [])
    let concat = try events(text, sampleParameters(n: 2, "base"))
    #expect(
      concat.map { "\(name($0.step.event)): \($0.step.textEntries) + \($0.step.memoryEntries)" } == [
        "read 1 0: 1 + 0", "read 1 1: 2 + 0", "compress 1: 2 + 2", "drop 1: 0 + 2", "append 1: 0 + 2",
        "read 2 0: 1 + 2", "compress 2: 1 + 4", "drop 2: 0 + 4", "append 2: 0 + 4", "read 3 0: 1 + 4",
      ])
    #expect(concat.map { $0.step.fedRows } == [0..<1, 1..<2, 2..<4, 4..<4, 4..<4, 4..<5, 5..<7, 7..<7, 7..<7, 7..<8])
    let merge = try events(text, sampleParameters(n: 2, "memory=merge,sink=on"))
    #expect(
      merge.map { "\(name($0.step.event)): \($0.step.textEntries) + \($0.step.memoryEntries)" } == [
        "read 1 0: 1 + 0", "read 1 1: 2 + 0", "compress 1: 2 + 2", "drop 1: 1 + 2", "fold 1: 1 + 2",
        "read 2 0: 2 + 2", "compress 2: 2 + 4", "drop 2: 1 + 4", "fold 2: 1 + 2", "read 3 0: 2 + 2",
      ])
    #expect(merge.last?.entries.map { $0.token } == [1, 13, 14, 6])
  }

  @Test func `CCM-24 CCM-25 the cache holds sinks, memory and the current segment, at positions that go on counting`()
    throws
  {
    for (text, n) in someTexts(ofEach: 2, seed: 24) {
      for profile in try everyProfile() {
        let parameters = try sampleParameters(n: n, profile)
        let layout = try ContextLayout(text, parameters: parameters)
        let events = try events(text, parameters)
        for (step, entries) in events {
          #expect(step.cacheSize == entries.count)
          let texts = entries.filter { $0.place.role == .text }
          let current =
            switch step.event {
            case .read(let segment, _), .compress(let segment): segment
            case .drop, .append, .fold: 0
            }
          for entry in texts { #expect(entry.place.segment == current || parameters.isSink(token: entry.token)) }
          // Every entry but a running mean is a row of the layout, at the layout's position, in its order.
          let indices = entries.compactMap { entry in
            layout.rows.firstIndex { $0.place == entry.place && $0.position == entry.position }
          }
          if profile.recurrence == .recurrent { #expect(indices.count == entries.count) }
          if case .fold(let segment) = step.event {
            let means = entries.suffix(n)
            let textRows = text.contexts.prefix(segment).reduce(0) { $0 + $1.count }
            #expect(means.allSatisfy { $0.place.role == .sum })
            #expect(means.map { $0.position } == Array(textRows..<textRows + n))
            #expect(entries.count { $0.place.role != .text } == n)
          } else if case .append(let segment) = step.event {
            #expect(
              entries.filter { $0.place.role == .comp }
                == layout.rows.filter {
                  $0.place.role == .comp && ($0.place.segment ?? 0) <= segment
                })
          }
          #expect(indices == indices.sorted())
        }
        let fed = events.flatMap { layout.onlineRows[$0.step.fedRows] }
        #expect(fed == layout.onlineRows)
      }
    }
  }

  @Test func `CCM-28 entries, peaks and the maximum are the counted ones, BOS anywhere`() throws {
    for (text, n) in someTexts(ofEach: 4, seed: 28) {
      for profile in try everyProfile() {
        let parameters = try sampleParameters(n: n, profile)
        let cost = try ContextCost(text, parameters: parameters)
        let reader = SimulatedReader(text, n: n, begin: sampleBegin, profile: profile)
        var largest = 0
        for (step, entries) in try events(text, parameters) {
          largest = max(largest, entries.count)
          switch step.event {
          case .compress(let segment): #expect(cost.peak(whileCompressing: segment) == entries.count)
          case .append(let segment), .fold(let segment):
            #expect(cost.entries(afterSegments: segment) == entries.count)
          case .read, .drop: break
          }
        }
        #expect(cost.maximum == largest && cost.maximum == reader.largest)
        #expect(cost.entries(afterSegments: 0) == 0)
      }
    }
  }

  @Test func `CCM-28 with BOS at the front alone the entries are sigma + n·t, and sigma + n`() throws {
    let text = plainText(contexts: [4, 2, 3], input: 2, output: 0)
    for (profile, expected) in [
      ("base", [0, 2, 4, 6]), ("sink=on", [0, 3, 5, 7]), ("memory=merge", [0, 2, 2, 2]),
      ("memory=merge,sink=on,recurrence=separate", [0, 3, 3, 3]),
    ] {
      let cost = try ContextCost(text, parameters: sampleParameters(n: 2, profile))
      #expect((0...3).map(cost.entries) == expected)
    }
    let cost = try ContextCost(text, parameters: sampleParameters(n: 2, "sink=on"))
    // size(t − 1) + l_t + n: 0 + 4 + 2, 3 + 2 + 2, 5 + 3 + 2, and 7 + 2 at the end.
    #expect((1...3).map(cost.peak) == [6, 7, 10] && cost.maximum == 10)
  }

  @Test func `CCM-28 a merged memory does not grow with the number of segments`() throws {
    for profile in try everyProfile() where profile.memory == .merge {
      let cost = try ContextCost(
        plainText(contexts: Array(repeating: 3, count: 40), input: 1, output: 0),
        parameters: sampleParameters(n: 2, profile))
      let sizes = (1...40).map(cost.entries)
      #expect(Set(sizes).count == 1)
      #expect(cost.maximum == cost.peak(whileCompressing: 40))
    }
  }

  @Test func `CCM-29 pairs in closed form are the mask's, counted`() throws {
    for (text, n) in someTexts(ofEach: 4, seed: 29) {
      for profile in try everyProfile() {
        let parameters = try sampleParameters(n: n, profile)
        let counted = try ContextLayout(text, parameters: parameters).mask.countedPairs
        let cost = try ContextCost(text, parameters: parameters)
        #expect(cost.pairs == counted)
        if text.contexts.isEmpty { #expect(cost.pairs == cost.fullAttention) }
      }
    }
    // By hand: l = 2, 1, final 1, n = 1: (0 + 3 + 2 + 1) + (1 + 1 + 2 + 1) + 2 + 1.
    let cost = try ContextCost(
      plainText(contexts: [2, 1], input: 1, output: 0), parameters: sampleParameters(n: 1, "base"))
    #expect(cost.pairs == 14 && cost.fullAttention == 10)
  }

  @Test func `CCM-28 an entry has LoMA's bytes`() throws {
    let bytes = try CacheEntrySize(layers: 2, keyValueHeads: 3, headDimension: 4, bytesPerElement: 2).bytes
    let cost = try ContextCost(
      plainText(contexts: [5, 5], input: 1, output: 0), parameters: sampleParameters(n: 2, "base"))
    #expect(bytes * cost.entries(afterSegments: 2) == 96 * 4)
  }
}
