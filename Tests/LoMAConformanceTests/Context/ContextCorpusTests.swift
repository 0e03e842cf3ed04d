// CCM-30: a manifest of part II is read as strictly as one of part I, and no manifest mixes the two.

import LoMAPeers
import LoMAVectors
import Testing
@testable import LoMAJudgement

@testable import LoMAConformance

@Suite("Chapter 16: the corpus as the runner reads it")
struct ContextCorpusTests {
  private static let texts = [[[1, 2], [3]]]

  /// A case of part I, as its manifest lists it.
  private static let ofLoMA = JSONValue.members([
    .init("id", .string("rejection.layout.a")), .init("since", .string("0.1")), .init("level", .string("rejection")),
    .init("op", .string("layout")), .init("hunts", .string("h")), .init("clauses", .array([])),
    .init("profile", .members([])), .init("params", .members([])), .init("model", .null), .init("captures", .array([])),
    .init("dtypes", .strings(["i64"])), .init("input", .null), .init("rejection", .string("unknown-axis")),
  ])

  private static func rejection(_ profile: [String: String]) throws -> ContextCase {
    var made = try ContextCase.onTexts(texts, .ccmMask, level: .rejection)
    (made.rejection, made.profile) = ("unknown-axis", profile)
    return made
  }

  private static func property(_ profile: [String: String]) throws -> ContextCase {
    var made = try ContextCase.onTexts(texts, .ccmForward, level: .property).asking(.repeat)
    made.profile = profile
    return made
  }

  @Test func `CCM-30 a manifest's part is that of its cases, and two parts are refused`() throws {
    #expect(try ContextCase.corpus([], others: [Self.ofLoMA]).part == .loma)
    #expect(try ContextCase.corpus([]).part == .loma)
    let made = try Self.property([:])
    #expect(try made.corpus().part == .peers)
    let error = #expect(throws: CorpusError.self) { try ContextCase.corpus([made], others: [Self.ofLoMA]) }
    #expect(
      error?.description
        == "vectors damaged: manifest.json: property.repeat.made: it is of the part peers, the first case is of loma")
    #expect(try Recorded.corpus().part == .loma)
  }

  @Test func `CCM-3 profiles have the axes of the chapter, and their names its order`() throws {
    let all = ["sink": "on", "merge_rate": "exponential", "memory": "merge", "recurrence": "separate"]
    let name = try Self.property(all).corpus().cases[0].profileName
    #expect(name == "memory=merge,recurrence=separate,sink=on,merge_rate=exponential")
    #expect(try Self.property(["sink": "off"]).corpus().cases[0].profileName == "base")
    #expect(try Self.property([:]).corpus().cases[0].profileName == "base")
    for wrong in [["numbering": "sequential"], ["memory": "both"], ["sink": "ON"]] {
      let error = #expect(throws: CorpusError.self) { try Self.property(wrong).corpus() }
      guard case .manifest(let reason)? = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
      #expect(reason.hasPrefix("property.repeat.made: unknown-"), "\(reason)")
      // In a rejection case the profile may be the fault.
      #expect(try Self.rejection(wrong).corpus().cases.count == 1)
    }
  }

  @Test func `RUN-6 --profile selects by the axes of the corpus's own part`() throws {
    let corpus = try ContextCase.corpus(
      try [[:], ["memory": "merge"], ["memory": "merge", "sink": "on"]].enumerated().map { place, profile in
        var made = try Self.property(profile)
        made.id = "property.repeat.made\(place)"
        return made
      })
    func selected(_ name: String) throws -> [Int] {
      var selection = Selection()
      try selection.choose(profile: name)
      return corpus.cases.indices.filter { selection.passes(corpus.cases[$0]) }
    }
    #expect(try selected("base") == [0])
    #expect(try selected("memory=merge") == [1, 2])
    #expect(try selected("sink=on,memory=merge") == [2])
    #expect(try selected("recurrence=separate") == [])
    #expect(try selected("numbering=sequential") == [], "an axis of part I")
    var selection = Selection()
    #expect(throws: (any Error).self) { try selection.choose(profile: "memory=both") }
    // And none of part I is selected by an axis of part II.
    try selection.choose(profile: "memory=merge")
    let recorded = try Recorded.corpus().cases
    #expect(!recorded.contains { selection.passes($0) })
    try selection.choose(profile: "base")
    #expect(recorded.contains { selection.passes($0) })
  }

  @Test(arguments: [
    ("segments", [3]), ("segments", [1]), ("segments", [0, 2]), ("lengths", [2, 2]), ("tokens", [1, 2, 9]),
  ])
  func `CCM-30 a property whose texts do not fit is damaged, not asked`(_ name: String, _ values: [Int]) throws {
    var made = try Self.property([:]).asking(.batch)
    made.input.removeAll { $0.name == name }
    made.input.append(try NamedArray(name, .i64, shape: [values.count], integers: values))
    let corpus = try made.corpus()
    #expect(throws: CorpusError.self) { try corpus.questions(of: corpus.cases[0], dtype: "f32") }
  }

  @Test func `CCM-36 an operation is asked its own properties alone`() throws {
    let asked: [PeerOperation: Set<Property>] = [
      .ccmForward: [.repeat, .batch, .inert, .interference], .ccmOnline: [.online], .conditionalLinear: [.gate],
    ]
    for op in PeerOperation.all(of: .context) {
      for property in Property.allCases where asked[op]?.contains(property) != true {
        let made = try ContextCase.onTexts(Self.texts, op, level: .property).asking(property)
        let corpus = try made.corpus()
        let error = #expect(throws: CorpusError.self) { try corpus.questions(of: corpus.cases[0], dtype: "f32") }
        #expect(error?.description.contains("no \(property.rawValue) is asked of \(op.rawValue)") == true)
      }
    }
  }
}
