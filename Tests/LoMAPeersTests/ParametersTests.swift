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

  private func rejection(_ contexts: [[Int]], _ input: [Int], _ output: [Int], n: Int = 2) throws -> PeerError? {
    let parameters = try sampleParameters(n: n, .base)
    let text = ContextText(contexts: contexts, input: input, output: output)
    return error { () throws(PeerError) in try ContextLayout(text, parameters: parameters) }
  }

  @Test func `CCM-1 every context has a token, and n is at least one`() throws {
    #expect(try rejection([[1], []], [2], []) == .segmentEmpty(segment: 2))
    #expect(try rejection([], [], []) == nil)
    #expect(try rejection([[1], [2]], [], []) == nil)
    #expect(try rejection([[1]], [], [4]) == .emptyInput(outputLength: 1))
    for n in [0, -3] {
      let error = error { () throws(PeerError) in
        try ContextParameters(textSize: 11, memoryTokens: n, beginToken: nil, profile: .base)
      }
      #expect(error == .memoryTokensBelowOne(n) && error?.code == "memory-tokens-below-one")
    }
  }

  @Test func `CCM-1 a layout that cannot be counted is refused before it is made`() throws {
    let limit = ContextParameters.limit
    #expect(try rejection([[1]], [], [], n: limit) == .layoutTooLong(limit: limit))
    for (profile, rowsPerContext) in [("base", 3), ("memory=merge", 6)] {
      let parameters = try sampleParameters(n: 3, profile)
      func problem(_ textRows: Int, _ segments: Int) -> PeerError? {
        self.error { () throws(PeerError) in try parameters.check(textRows: textRows, segments: segments) }
      }
      #expect(problem(limit - 2 * rowsPerContext, 2) == nil && problem(limit, 0) == nil)
      for (textRows, segments) in [(limit - 2 * rowsPerContext + 1, 2), (limit + 1, 0), (0, limit), (0, Int.max)] {
        #expect(problem(textRows, segments) == .layoutTooLong(limit: limit))
      }
    }
    let error = error { () throws(PeerError) in
      try ContextParameters(textSize: 11, memoryTokens: limit + 1, beginToken: nil, profile: .base)
    }
    #expect(error == .layoutTooLong(limit: limit))
  }

  @Test func `CCM-2 memory ids follow the text's, COMP before SUM`() throws {
    let concat = try sampleParameters(n: 3, "base")
    let merge = try sampleParameters(n: 3, "memory=merge")
    #expect((0..<3).map(concat.compToken) == [11, 12, 13] && concat.memoryEmbeddings == 3)
    #expect((0..<3).map(merge.compToken) == [11, 12, 13] && (0..<3).map(merge.sumToken) == [14, 15, 16])
    #expect(merge.memoryEmbeddings == 6)
  }

  @Test func `CCM-2 a token outside the text vocabulary is refused where it stands`() throws {
    #expect(
      try rejection([[1, 2], [3, 11]], [2], [])
        == .textTokenOutOfRange(token: 11, segment: 2, index: 1, textVocabulary: 11))
    #expect(
      try rejection([[1]], [2], [-1])
        == .textTokenOutOfRange(token: -1, segment: 2, index: 1, textVocabulary: 11))
    for size in [0, ContextParameters.limit + 1] {
      let error = error { () throws(PeerError) in
        try ContextParameters(textSize: size, memoryTokens: 1, beginToken: nil, profile: .base)
      }
      #expect(error == .vocabularySizeOutOfRange(size, limit: ContextParameters.limit))
    }
  }

  @Test func `CCM-3 a profile is read as it is written, its defaults left out`() throws {
    let names = try everyProfile().map { $0.name }
    #expect(names.count == 12 && Set(names).count == 12 && names[0] == "base")
    for profile in try everyProfile() { #expect(try ContextProfile(name: profile.name) == profile) }
    #expect(names.contains("memory=merge,recurrence=separate,sink=on,merge_rate=exponential(0.5)"))
    #expect(ContextAxis.allCases.map { $0.values[0] } == ["concat", "recurrent", "off", "mean"])
    for axis in ContextAxis.allCases { #expect(ContextProfile.base[axis] == axis.values[0]) }
  }

  @Test func `CCM-3 a merge rate without a merge is no difference`() throws {
    #expect(try ContextProfile(name: "merge_rate=exponential(0.25)") == .base)
    #expect(try ContextProfile(name: "memory=merge,merge_rate=exponential(0.25)").mergeRate.name == "exponential(0.25)")
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
    for rate in [
      "exponential", "exponential()", "exponential(0)", "exponential(1)", "exponential(.5)", "exponential(0.50)",
      "exponential(0.)", "exponential(0.1234567890)", "exponential(0.0)", "exponential(-0.5)", "Mean",
    ] {
      #expect(problem("merge_rate=\(rate)") == .unknownAlternative(axis: "merge_rate", value: rate))
    }
  }

  @Test func `CCM-3 an exponential rate is the decimal it says`() throws {
    for (text, value) in [("0.5", 0.5), ("0.1", 0.1), ("0.123456789", 0.123456789), ("0.007", 0.007)] {
      #expect(try #require(DecimalShare(text: text)).value == value)
    }
  }

  @Test func `CCM-4 BOS is a text token, and a sink only under sink on`() throws {
    for token in [-1, 11] {
      let error = error { () throws(PeerError) in
        try ContextParameters(textSize: 11, memoryTokens: 1, beginToken: token, profile: .base)
      }
      #expect(error == .beginTokenOutOfRange(token: token, textVocabulary: 11))
    }
    let (off, on) = (try sampleParameters(n: 1, "base"), try sampleParameters(n: 1, "sink=on"))
    #expect((0..<11).filter(off.isSink) == [] && (0..<11).filter(on.isSink) == [sampleBegin])
    let none = try ContextParameters(
      textSize: 11, memoryTokens: 1, beginToken: nil, profile: ContextProfile(name: "sink=on"))
    #expect((0..<11).filter(none.isSink) == [])
  }

  @Test func `CCM-4 a separator belongs to the later segment, as any text`() throws {
    let separator = 9
    let text = ContextText(contexts: [[1, 4], [separator, 5]], input: [separator, 6], output: [])
    let rows = try ContextLayout(text, parameters: sampleParameters(n: 1, .base)).rows
    #expect(
      rows.filter { $0.token == separator }.map { $0.place } == [
        .text(segment: 2, index: 0), .text(segment: 3, index: 0),
      ])
  }
}
