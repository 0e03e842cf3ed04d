// Spec chapter 16: parameters, ids, axes and segments, CCM-1…CCM-4.

import LoMAPeers
import Testing

@Suite("16 CCM: parameters") struct ContextParametersTests {
  private func error<Value>(_ body: () throws(PeerError) -> Value) -> PeerError? {
    do throws(PeerError) {
      _ = try body()
      return nil
    } catch {
      return error
    }
  }

  private func rejection(_ segments: [[Int]], output: Int = 0, n: Int = 2) throws -> PeerError? {
    let parameters = try sampleParameters(n: n, .base)
    let text = ContextText(segments: segments, outputLength: output)
    return error { () throws(PeerError) in try ContextLayout(text, parameters: parameters) }
  }

  private func parameters(
    textSize: Int = 11, n: Int = 2, beginning: Int? = nil, _ profile: ContextProfile = .base, rate: Double? = nil
  ) -> PeerError? {
    error { () throws(PeerError) in
      try ContextParameters(
        textSize: textSize, memoryTokens: n, beginningToken: beginning, profile: profile, rate: rate)
    }
  }

  @Test func `CCM-1 every segment has a token, and n is at least one`() throws {
    #expect(try rejection([[1], [], [2]]) == .segmentEmpty(segment: 1))
    #expect(try rejection([[1], []]) == .segmentEmpty(segment: 1))
    #expect(try rejection([]) == .noSegment)
    #expect(try rejection([[1]]) == nil && rejection([[1], [2]]) == nil)
    for n in [0, -3] {
      #expect(parameters(n: n) == .memoryTokensOutOfRange(n))
      #expect(parameters(n: n)?.code == "memory-tokens-out-of-range")
    }
  }

  @Test func `CCM-1 CCM-5 a layout that cannot be counted is refused before it is made`() throws {
    let limit = ContextParameters.limit
    #expect(try rejection([[1]], n: limit) == nil)
    for n in [limit + 1, Int.max] { #expect(try rejection([[1]], n: n) == .textTooLong(limit: limit)) }
    for (profile, rows) in [
      ("base", 2 * 3), ("memory=merge", 2 * 6), ("memory=merge,recurrence=separate", 2 * 3 + 3),
    ] {
      let parameters = try sampleParameters(n: 3, profile)
      func problem(_ textRows: Int, _ contexts: Int) -> PeerError? {
        error { () throws(PeerError) in try parameters.check(textRows: textRows, contexts: contexts) }
      }
      #expect(problem(limit - rows, 2) == nil && problem(limit, 0) == nil)
      for (textRows, contexts) in [(limit - rows + 1, 2), (limit + 1, 0), (0, limit), (0, Int.max)] {
        #expect(problem(textRows, contexts) == .textTooLong(limit: limit))
      }
      // The bound is the number of rows.
      let layout = try ContextLayout(plainText(contexts: [1, 1], final: 1), parameters: parameters)
      #expect(layout.rows.count == 3 + rows)
    }
  }

  @Test func `CCM-1 of several faults the first one of the Spec's list is told`() throws {
    let limit = ContextParameters.limit
    #expect(try rejection([[11], []], output: 9, n: limit + 1) == .segmentEmpty(segment: 1))
    #expect(try rejection([[11], [1]], output: 9, n: limit + 1) == .textTooLong(limit: limit))
    #expect(
      try rejection([[11], [1]], output: 9)
        == .textTokenOutOfRange(token: 11, segment: 0, index: 0, textVocabulary: 11))
    let exponential = try ContextProfile(name: "memory=merge,merge_rate=exponential")
    #expect(parameters(textSize: 0, n: 0, beginning: 5, exponential, rate: 0) == .mergeRateOutOfRange)
    #expect(parameters(textSize: 0, n: 0, beginning: 5) == .memoryTokensOutOfRange(0))
    #expect(parameters(textSize: 0, n: 1, beginning: 5) == .vocabularySizeOutOfRange(0, limit: limit))
  }

  @Test func `CCM-2 memory ids follow the text's, COMP before SUM`() throws {
    let concat = try sampleParameters(n: 3, "base")
    let merge = try sampleParameters(n: 3, "memory=merge")
    #expect((0..<3).map(concat.compToken) == [11, 12, 13] && concat.memoryIds == 3)
    #expect((0..<3).map(merge.compToken) == [11, 12, 13] && (0..<3).map(merge.sumToken) == [14, 15, 16])
    #expect(merge.memoryIds == 6)
  }

  @Test func `CCM-2 a token outside the text vocabulary is refused where it stands`() throws {
    #expect(
      try rejection([[1, 2], [3, 11], [2]])
        == .textTokenOutOfRange(token: 11, segment: 1, index: 1, textVocabulary: 11))
    #expect(
      try rejection([[1], [2, -1]]) == .textTokenOutOfRange(token: -1, segment: 1, index: 1, textVocabulary: 11))
    let limit = ContextParameters.limit
    for size in [0, limit + 1] { #expect(parameters(textSize: size) == .vocabularySizeOutOfRange(size, limit: limit)) }
  }

  @Test func `CCM-3 a profile is read as it is written, its defaults left out`() throws {
    let names = ContextProfile.all.map { $0.name }
    #expect(names.count == 12 && Set(names).count == 12 && names[0] == "base")
    for profile in ContextProfile.all { #expect(try ContextProfile(name: profile.name) == profile) }
    #expect(names.contains("memory=merge,recurrence=separate,sink=on,merge_rate=exponential"))
    #expect(ContextAxis.allCases.map { $0.values[0] } == ["concat", "recurrent", "off", "mean"])
    for axis in ContextAxis.allCases { #expect(ContextProfile.base[axis] == axis.values[0]) }
  }

  @Test func `CCM-3 a merge rate without a merge is no difference`() throws {
    #expect(try ContextProfile(name: "merge_rate=exponential") == .base)
    #expect(parameters(.base, rate: 7) == nil)
    #expect(try sampleParameters(n: 1, "merge_rate=exponential").mergeRate == .mean)
  }

  @Test func `CCM-3 an exponential rate is above 0 and at most 1`() throws {
    let exponential = try ContextProfile(name: "memory=merge,merge_rate=exponential")
    for rate in [0, -0.5, 1.0.nextUp, .nan, .infinity] as [Double] {
      #expect(parameters(exponential, rate: rate) == .mergeRateOutOfRange)
    }
    #expect(parameters(exponential, rate: nil)?.code == "merge-rate-out-of-range")
    for rate in [1, 0.5, Double.leastNonzeroMagnitude] {
      let given = try ContextParameters(
        textSize: 11, memoryTokens: 1, beginningToken: nil, profile: exponential, rate: rate)
      #expect(given.mergeRate == .exponential(rate))
    }
  }

  @Test func `CCM-3 an unknown axis, an unknown value and an axis given twice are refused`() {
    func problem(_ name: String) -> PeerError? {
      error { () throws(PeerError) in try ContextProfile(name: name) }
    }
    #expect(problem("memories=merge") == .unknownAxis("memories"))
    #expect(problem("") == .unknownAxis(""))
    #expect(problem("memory=merged") == .unknownAlternative(axis: "memory", value: "merged"))
    #expect(problem("sink") == .unknownAlternative(axis: "sink", value: ""))
    #expect(problem("sink=on,sink=on") == .repeatedAxis("sink"))
    #expect(problem("a\nb=c")?.description == "unknown-axis: no axis is named a\\nb")
    #expect(
      problem("merge_rate=exponential(0.5)")
        == .unknownAlternative(axis: "merge_rate", value: "exponential(0.5)"))
  }

  @Test func `CCM-4 BOS is a text token, and a sink only under sink on`() throws {
    for token in [-1, 11] {
      #expect(parameters(beginning: token) == .beginningTokenOutOfRange(token, textVocabulary: 11))
    }
    let (off, on) = (try sampleParameters(n: 1, "base"), try sampleParameters(n: 1, "sink=on"))
    #expect((0..<11).filter(off.isSink) == [] && (0..<11).filter(on.isSink) == [sampleBegin])
    let none = try ContextParameters(
      textSize: 11, memoryTokens: 1, beginningToken: nil, profile: ContextProfile(name: "sink=on"), rate: nil)
    #expect((0..<11).filter(none.isSink) == [])
  }

  @Test func `CCM-4 a separator belongs to the later segment, as any text`() throws {
    let separator = 9
    let text = ContextText(segments: [[1, 4], [separator, 5], [separator, 6]], outputLength: 0)
    let rows = try ContextLayout(text, parameters: sampleParameters(n: 1, .base)).rows
    #expect(
      rows.filter { $0.token == separator }.map { $0.place } == [
        .text(segment: 1, index: 0), .text(segment: 2, index: 0),
      ])
  }
}
