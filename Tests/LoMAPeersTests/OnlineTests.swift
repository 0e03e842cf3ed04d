// Spec chapter 16: the online form, CCM-24…CCM-27.

import LoMAPeers
import LoMAPeersReference
import NaiveLlama
import Testing

@Suite("16 CCM: online") struct ContextOnlineTests {
  /// Reads a sample's text; gives the reader, the logits of every row fed, and the readings.
  private func read(
    _ sample: SampleModel, passLength: Int
  ) throws -> (reader: ContextReader, logits: [ContextPlace: [UInt64]], readings: [ContextReading]) {
    var reader = ContextReader(model: try sample.model())
    var (logits, readings): ([ContextPlace: [UInt64]], [ContextReading]) = ([:], [])
    func note(_ reading: ContextReading) {
      for (r, row) in reading.fed.enumerated() { logits[row.place] = reading.logits.bits([r])[0] }
      readings.append(reading)
    }
    for tokens in sample.text.contexts { try reader.read(context: tokens, passLength: passLength, observe: note) }
    try reader.read(final: sample.text.final, passLength: passLength, observe: note)
    return (reader, logits, readings)
  }

  private func parallelLogits(_ sample: SampleModel) throws -> [ContextPlace: [UInt64]] {
    let (layout, trace) = (try sample.layout(), try sample.forward())
    var logits: [ContextPlace: [UInt64]] = [:]
    for (r, row) in layout.rows.enumerated() where row.place.role != .sum {
      logits[row.place] = trace.logits.bits([r])[0]
    }
    return logits
  }

  @Test func `CCM-24 CCM-26 CCM-19 online rows are the parallel layout's, bit for bit, in passes of any length`() throws
  {
    for sample in try someModels(18, seed: 26) {
      let expected = try parallelLogits(sample)
      for passLength in [1, 3, Int.max] where try read(sample, passLength: passLength).logits != expected {
        Issue.record("\(sample) in passes of \(passLength)")
        return
      }
    }
  }

  @Test func `CCM-26 it holds when every output is rounded to eight bits`() throws {
    for profile in ContextProfile.all {
      let sample = SampleModel(
        profile: profile,
        round: { x in Tensor(shape: x.shape, values: x.values.map { SeededNumbers.roundedToEightBits($0) }) })
      #expect(try read(sample, passLength: 2).logits == parallelLogits(sample))
      #expect(try parallelLogits(sample) != parallelLogits(SampleModel(profile: profile)))
    }
  }

  @Test func `CCM-26 the memory held is the COMP rows' entries, or the last SUM block's, bit for bit`() throws {
    for sample in try someModels(12, seed: 27) where !sample.contexts.isEmpty {
      let (layout, trace) = (try sample.layout(), try sample.forward())
      let (_, _, readings) = try read(sample, passLength: 4)
      // After the last drop or fold, before the final segment.
      let reading = try #require(readings.last { $0.fed.isEmpty })
      let role: ContextRole = sample.profile.memory == .concat ? .comp : .sum
      let block =
        layout.rows.indices.filter { layout.rows[$0].place.role == role }
        .suffix(role == .comp ? Int.max : sample.n)
      let held = reading.entries.rows.indices.filter { reading.entries.rows[$0].place.role != .text }
      #expect(held.count == block.count)
      #expect(held.map { reading.entries.rows[$0].place } == block.map { layout.rows[$0].place })
      #expect(held.map { reading.entries.rows[$0].position } == block.map { layout.rows[$0].position })
      for (layer, parallel) in zip(reading.layers, trace.layers) {
        #expect(layer.keys.rows == reading.entries.rows.count)
        #expect(layer.keys.bits(held) == parallel.written.keys.bits(block))
        #expect(layer.values.bits(held) == parallel.written.values.bits(block))
      }
    }
  }

  @Test func `CCM-24 CCM-28 events and entries are the schedule's`() throws {
    for sample in try someModels(6, seed: 28) {
      var expected: [(ContextEvent, [Int])] = []
      _ = try ContextSchedule(sample.text, generating: 0, parameters: sample.parameters(), rule: .spec) {
        expected.append(($0.event, $1.numbers))
      }
      let (reader, _, readings) = try read(sample, passLength: 1)
      #expect(readings.map { $0.event } == expected.map { $0.0 })
      #expect(readings.map { $0.entries.numbers } == expected.map { $0.1 })
      let cost = try ContextCost(sample.text, parameters: sample.parameters())
      #expect(readings.map { $0.layers[0].keys.rows }.max() == cost.maximum)
      #expect(
        reader.layers[0].keys.rows == cost.entries(afterSegments: sample.contexts.count) + sample.text.final.count)
    }
  }

  @Test func `CCM-25 positions go on counting the text rows of all segments, dropped or not`() throws {
    for profile in ContextProfile.all {
      let sample = SampleModel(contexts: [3, 2, 4], input: 2, output: 1, n: 2, profile: profile)
      let fed = try read(sample, passLength: 2).readings.flatMap { $0.fed }
      #expect(fed.map { $0.position } == [0, 1, 2, 3, 4, 3, 4, 5, 6, 5, 6, 7, 8, 9, 10, 9, 10, 11])
      #expect(fed.map { $0.token } == (try sample.layout()).onlineRows.map { $0.token })
    }
  }

  @Test func `CCM-24 SUM rows are never fed`() throws {
    for sample in try someModels(6, seed: 30) {
      for row in try read(sample, passLength: 2).readings.flatMap({ $0.fed }) { #expect(row.place.role != .sum) }
    }
  }

  @Test func `CCM-27 tokens are chosen from V logits, and are what the parallel layout would choose`() throws {
    for profile in ContextProfile.all {
      let sample = SampleModel(output: 0, profile: profile)
      var (reader, _, _) = try read(sample, passLength: 4)
      var fed: [ContextRow] = []
      let chosen = try reader.generate(5, forced: nil, stopToken: nil) { fed += $0.fed }
      #expect(chosen.count == 5 && chosen.allSatisfy { $0 < sampleTextSize })
      #expect(fed.map { $0.token } == Array(chosen.dropLast()))
      #expect(fed.map { $0.place } == (2..<6).map { .text(segment: 3, index: $0) })
      #expect(fed.map { $0.position } == Array(11..<15))
      let text = sample.text
      for count in 0..<5 {
        let layout = try ContextLayout(
          ContextText(segments: text.contexts + [text.final + chosen.prefix(count)], outputLength: count),
          parameters: sample.parameters())
        let logits = try sample.model().forward(layout.mask).logits
        let row = logits.row(logits.rows - 1)
        #expect(row.firstIndex(of: row.max() ?? .nan).map { $0 - row.startIndex } == chosen[count])
      }
    }
  }

  @Test func `CCM-27 of equal logits the lowest id is chosen, and a stop token ends the text`() throws {
    #expect(ContextRules.spec.choose([1, 3, 2, 3]) == 1)
    let sample = SampleModel(output: 0)
    var (reader, _, _) = try read(sample, passLength: 4)
    let start = reader
    let free = try reader.generate(5, forced: nil, stopToken: nil) { _ in }
    let stop = free[1]
    reader = start
    let stopped = try reader.generate(5, forced: nil, stopToken: stop) { _ in }
    #expect(stopped == Array(free[...(free.firstIndex(of: stop) ?? 0)]))
  }

  @Test func `CCM-27 forced tokens are fed in the place of those chosen, and the last is not fed`() throws {
    let sample = SampleModel(output: 0, profile: try ContextProfile(name: "memory=merge,sink=on"))
    var (reader, _, _) = try read(sample, passLength: 4)
    var start = reader
    let (forced, text) = ([3, 1, 7], sample.text)
    var (fed, logits): ([Int], [[UInt64]]) = ([], [])
    let chosen = try reader.generate(3, forced: forced, stopToken: nil) {
      fed += $0.fed.map { $0.token }
      logits += $0.logits.bits
    }
    #expect(fed == [3, 1])
    let layout = try ContextLayout(
      ContextText(segments: text.contexts + [text.final + fed], outputLength: 0), parameters: sample.parameters())
    let parallel = try sample.model().forward(layout.mask).logits
    #expect(logits == parallel.bits(parallel.rows - 2..<parallel.rows))
    #expect(chosen == (0..<3).map { ContextRules.spec.choose(Array(parallel.row(parallel.rows - 3 + $0))) })
    // BOS in the final segment is dropped by nothing.
    #expect(reader.entries.rows.suffix(2).map { $0.token } == fed)
    #expect(
      throws: PeerReferenceError.rejected(.textTokenOutOfRange(token: 11, segment: 3, index: 2, textVocabulary: 11))
    ) {
      _ = try start.generate(3, forced: [3, 1, 11], stopToken: nil) { _ in }
    }
  }

  @Test func `CCM-24 CCM-27 a request that cannot be met feeds nothing`() throws {
    let sample = SampleModel()
    var reader = ContextReader(model: try sample.model())
    func problem(_ body: (inout ContextReader) throws(PeerReferenceError) -> Void) -> PeerReferenceError? {
      let (textRows, entries) = (reader.textRows, reader.entries)
      do throws(PeerReferenceError) {
        try body(&reader)
        return nil
      } catch {
        #expect(reader.textRows == textRows && reader.entries == entries)
        return error
      }
    }
    #expect(
      problem { r throws(PeerReferenceError) in _ = try r.generate(1, forced: nil, stopToken: nil) { _ in } }
        == .nothingRead(generationLength: 1))
    #expect(
      problem { r throws(PeerReferenceError) in _ = try r.generate(-1, forced: nil, stopToken: nil) { _ in } }
        == .rejected(.negativeGenerationLength(-1)))
    #expect(
      problem { r throws(PeerReferenceError) in try r.read(context: [], passLength: 1) { _ in } }
        == .rejected(.segmentEmpty(segment: 0)))
    #expect(
      problem { r throws(PeerReferenceError) in try r.read(context: [1, 11], passLength: 1) { _ in } }
        == .rejected(.textTokenOutOfRange(token: 11, segment: 0, index: 1, textVocabulary: 11)))
    try reader.read(context: [1, 2], passLength: 2) { _ in }
    #expect(
      problem { r throws(PeerReferenceError) in try r.read(final: [3, -1], passLength: 1) { _ in } }
        == .rejected(.textTokenOutOfRange(token: -1, segment: 1, index: 1, textVocabulary: 11)))
    try reader.read(final: [3], passLength: 1) { _ in }
    #expect(
      problem { r throws(PeerReferenceError) in try r.read(context: [1], passLength: 1) { _ in } }
        == .contextAfterFinal(segment: 1))
  }

  @Test func `CCM-27 a row without finite logits is refused by its place`() throws {
    let sample = SampleModel()
    var base = try sample.base()
    for i in 0..<8 { base.tensors[ParameterName.embedding]?.values[4 * 8 + i] = 1e300 }
    var reader = ContextReader(model: try sample.model(base: base))
    for i in 0..<8 { base.tensors[ParameterName.head]?.values[i] = 1e308 }
    reader = ContextReader(model: try sample.model(base: base))
    #expect(throws: PeerReferenceError.nonFiniteLogits(segment: 0, role: "text", index: 0)) {
      try reader.read(context: [1, 4], passLength: 2) { _ in }
    }
  }
}
