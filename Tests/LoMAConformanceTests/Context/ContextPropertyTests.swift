// CCM-36: each property made to hold, and made to fail by the smallest mistake.

import LoMAPeers
import LoMAVectors
import Testing
@testable import LoMAJudgement

@testable import LoMAConformance

@Suite("Chapter 16: judging properties")
struct ContextPropertyTests {
  private static let text = [[1, 2, 3], [4], [0, 1], [2, 3]]

  private static func profile(_ name: String) throws -> ContextProfile { try ContextProfile(name: name) }

  /// A case whose rows are fed numbers, each row with another number to replace it.
  private static func replacing(_ property: Property, _ profile: ContextProfile) throws -> ContextCase {
    var made = try ContextCase.onTexts([text], .ccmForward, level: .property, profile: profile).asking(property)
    let count = try made.batch().texts[0].count
    made.input += [
      try NamedArray("embeddings", .f32, shape: [1, count, 1], doubles: (0..<count).map { Double(1 << ($0 % 20)) }),
      try NamedArray("replacements", .f32, shape: [count, 1], doubles: (0..<count).map { -Double(3 << ($0 % 20)) }),
    ]
    return made
  }

  private static func forced(_ profile: ContextProfile, generate: Int) throws -> ContextCase {
    var made = try ContextCase.onTexts([text], .ccmOnline, level: .property, profile: profile).asking(.online)
    made.parameters["generate"] = .integer(generate)
    if generate > 0 {
      made.input.append(
        try NamedArray("forced", .i64, shape: [generate], integers: (0..<generate).map { ($0 * 3 + 1) % 5 }))
    }
    return made
  }

  private static func linear() throws -> ContextCase {
    var made = ContextCase(op: .conditionalLinear)
    made.parameters["lora_alpha"] = .string("0x1p+1")
    func array(_ name: String, _ shape: [Int], from first: Int) throws -> NamedArray {
      try NamedArray(
        name, .f32, shape: shape, doubles: Array(unlikeNumbers(first + shape.reduce(1, *)).dropFirst(first)))
    }
    made.input = [
      try array("x", [3, 4], from: 0), try array("weight", [2, 4], from: 5), try array("lora_a", [2, 4], from: 9),
      try array("lora_b", [2, 2], from: 20), try array("lora_a.replacement", [2, 4], from: 31),
      try array("lora_b.replacement", [2, 2], from: 47),
      try NamedArray("gate", shape: [3], booleans: [false, true, false]),
    ]
    return made.asking(.gate)
  }

  @Test func `CCM-36 every property holds for a candidate that has it, whatever stands in rows that are not compared`()
    throws
  {
    let candidate = ContextMeanCandidate(dtype: "f64")
    for profile in ContextProfile.all {
      var cases = [try Self.replacing(.interference, profile), try Self.forced(profile, generate: 0)]
      cases.append(try Self.forced(profile, generate: 3))
      if profile.memory == .merge { cases.append(try Self.replacing(.inert, profile)) }
      let batch = try ContextCase.onTexts(
        [Self.text, [[2]], [[3], [4, 0]]], .ccmForward, level: .property, profile: profile)
      cases.append(batch.asking(.batch))
      for made in cases {
        let result = try candidate.result(made)
        #expect(
          result.verdict == .pass, "\(made.id) \(profile.name): \(result.why) \(String(describing: result.finding))")
        #expect(!result.tensors.isEmpty && result.tensors.allSatisfy { $0.ratio <= 1 })
      }
    }
    #expect(try candidate.result(try Self.linear()).verdict == .pass)
    // NaN has one bit pattern here, so that even rows that are not compared repeat their bytes.
    let repeated = try ContextCase.onTexts([Self.text], .ccmForward, level: .property).asking(.repeat)
    #expect(try candidate.result(repeated).verdict == .pass)
  }

  @Test func `CCM-36 interference: each wrong cell of the mask is found and named by its clause`() throws {
    let pairs: [(profile: String, query: ContextPlace, key: ContextPlace, said: String)] = [
      ("base", .text(segment: 1, index: 0), .text(segment: 0, index: 2), "CCM-9 "),
      ("base", .text(segment: 2, index: 1), .text(segment: 2, index: 0), "CCM-9 "),
      ("base", .text(segment: 2, index: 0), .comp(segment: 0, index: 1), "CCM-10 "),
      ("recurrence=separate", .text(segment: 1, index: 0), .comp(segment: 0, index: 1), "CCM-11 "),
      ("recurrence=separate", .text(segment: 3, index: 0), .comp(segment: 0, index: 1), "CCM-12 "),
      ("memory=merge", .text(segment: 3, index: 1), .text(segment: 2, index: 0), "CCM-9 "),
      ("sink=on", .text(segment: 3, index: 0), .text(segment: 0, index: 0), "CCM-16 "),
      ("base", .text(segment: 0, index: 0), .text(segment: 0, index: 1), "no row sees a later one (CCM-9)"),
    ]
    for (name, query, key, said) in pairs {
      let candidate = ContextMeanCandidate(
        dtype: "f32", sees: { row, other, isVisible in (row.place == query && other.place == key) != isVisible })
      let result = try candidate.result(try Self.replacing(.interference, try Self.profile(name)))
      #expect(result.verdict == .fail, "\(name) \(query) \(key)")
      let place = try #require(result.finding?.place)
      #expect(place.contains(said) && place.hasPrefix("with row "), "\(place)")
      #expect(result.tensors.count { $0.ratio > 0 } == 1)
      #expect(result.divergence?.tensor == Divergence.whoHeardWhom)
    }
  }

  @Test func `CCM-36 interference: a row is heard through a mean that holds it, and only through it`() throws {
    for name in ["memory=merge", "memory=merge,recurrence=separate", "memory=merge,merge_rate=exponential"] {
      let made = try Self.replacing(.interference, try Self.profile(name))
      // The final segment's first row is deaf to its means: every COMP row of the past ought to be heard.
      let deaf = ContextMeanCandidate(
        dtype: "f64", sees: { $2 && !($0.place == .text(segment: 3, index: 0) && $1.place.role == .sum) })
      let result = try deaf.result(made)
      #expect(result.verdict == .fail && result.tensors.count { $0.ratio > 0 } == 6, "\(name)")
      let place = try #require(result.finding?.place)
      #expect(place.contains("kept every bit, but ") && place.contains("whose mean holds row "), "\(place)")
      // It sees COMP rows directly, too: they are reached through the mean already, so that no bit tells it.
      let doubled = ContextMeanCandidate(
        dtype: "f64", sees: { $2 || ($0.place.segment == 3 && $0.place.role == .text && $1.place.role == .comp) })
      #expect(try doubled.result(made).verdict == .pass)
    }
    // With a = 1 every segment but the last is forgotten.
    var forgetful = try Self.replacing(.interference, try Self.profile("memory=merge,merge_rate=exponential"))
    forgetful.parameters["rate"] = .string("0x1p+0")
    #expect(try ContextMeanCandidate(dtype: "f64").result(forgetful).verdict == .pass)
    let mean = ContextMeanCandidate(
      dtype: "f64", sees: { $2 || ($0.place == .text(segment: 3, index: 0) && $1.place == .comp(segment: 0, index: 0)) }
    )
    let finding = try #require(try mean.result(forgetful).finding)
    #expect(finding.place.contains("changed, but ") && finding.place.contains("no mean that it sees holds it (CCM-17)"))
  }

  @Test func `CCM-36 inert: the least of what a SUM row is fed is found`() throws {
    for name in ["memory=merge", "memory=merge,recurrence=separate"] {
      let made = try Self.replacing(.inert, try Self.profile(name))
      let result = try ContextMeanCandidate(dtype: "f64", leak: 1e-9).result(made)
      #expect(result.verdict == .fail && result.why == "a text row heard what a SUM row holds")
      #expect(result.finding?.place.hasSuffix("changed (CCM-18)") == true)
      #expect(result.finding?.place.contains("of segment ") == true)
    }
    let concat = try Self.replacing(.inert, .base)
    #expect(throws: CorpusError.self) { try ContextMeanCandidate(dtype: "f64").result(concat) }
  }

  @Test func `CCM-36 gate: an adapter where there is none, none where there is one, and a bias are found`() throws {
    let made = try Self.linear()
    let everywhere = try ContextMeanCandidate(dtype: "f32", adapts: { _, _ in true }).result(made)
    #expect(
      everywhere.verdict == .fail && everywhere.finding?.place.contains("row 0, whose gate is false, changed") == true)
    let nowhere = try ContextMeanCandidate(dtype: "f32", adapts: { _, _ in false }).result(made)
    #expect(nowhere.finding?.place.contains("row 1, whose gate is true, kept every bit") == true)
    let biased = try ContextMeanCandidate(dtype: "f32", bias: 0.5).result(made)
    #expect(biased.verdict == .fail && biased.finding?.tensor == "3.y")
    #expect(biased.finding?.place.hasPrefix("with lora_b of zeros row 1 is not") == true)
    // −0 is 0: a sum with B = 0 may end in either.
    #expect(try ContextMeanCandidate(dtype: "f32", bias: -0.0).result(made).verdict == .pass)
  }

  @Test(arguments: [Property.online, .batch])
  func `CCM-36 two answers may differ by twice the bound of ccm_forward's logits`(_ property: Property) throws {
    let made =
      property == .online
      ? try Self.forced(.base, generate: 2)
      : try ContextCase.onTexts([[[1], [2, 3]], [[4]]], .ccmForward, level: .property).asking(.batch)
    let bound = 2 * Precision.f64.provisionalBound
    // The largest number compared is within 8 of each of these texts' own.
    for (factor, verdict) in [(0.5, Verdict.pass), (16.0, .fail)] {
      let off = ContextMeanCandidate(dtype: "f64", noise: { $0 == 1 ? factor * bound * 8 : 0 })
      let result = try off.result(made)
      #expect(result.verdict == verdict, "\(result)")
      #expect((result.finding != nil) == (verdict == .fail))
    }
  }

  @Test func `CCM-36 online: a case that feeds tokens of its own choice is no case`() throws {
    var made = try Self.forced(.base, generate: 2)
    made.input.removeAll { $0.name == "forced" }
    #expect(throws: CorpusError.self) { try ContextMeanCandidate(dtype: "f64").result(made) }
  }

  @Test func `CCM-36 what is not deterministic is indeterminate where bits are compared`() throws {
    let merge = try Self.profile("memory=merge")
    for made in [try Self.replacing(.interference, .base), try Self.replacing(.inert, merge), try Self.linear()] {
      let result = try ContextMeanCandidate(dtype: "f64", noise: { $0 == 1 ? 0x1p-20 : 0 }).result(made)
      #expect(
        result.verdict == .indeterminate && result.why.hasPrefix("the same question got other bytes"), "\(result)")
      #expect(result.finding?.place == "the same question again")
    }
    // Rows that are not compared may hold something else each time; only `repeat` asks for all bytes.
    let elsewhere = ContextMeanCandidate(dtype: "f64", elsewhere: { Double($0) })
    #expect(try elsewhere.result(try Self.replacing(.inert, merge)).verdict == .pass)
    let repeated = try ContextCase.onTexts([Self.text], .ccmForward, level: .property).asking(.repeat)
    #expect(try elsewhere.result(repeated).verdict == .indeterminate)
  }

  @Test func `CCM-36 a NaN in a compared row, and an answer out of form, are invalid`() throws {
    let made = try Self.replacing(.interference, .base)
    let nan = try ContextMeanCandidate(dtype: "f64", noise: { $0 == 3 ? .nan : 0 }).result(made)
    #expect(nan.verdict == .invalidOutput && nan.why == "non-finite: 3.logits")
    let corpus = try made.corpus()
    let item = corpus.cases[0]
    var replies = try corpus.questions(of: item, dtype: "f64").enumerated().map { place, question in
      Reply.tensors(try ContextMeanCandidate(dtype: "f64").answer(question, of: item, place))
    }
    replies[2] = .tensors([])
    let short = try corpus.judge(item, dtype: "f64", replies: replies, bounds: .provisional)
    #expect(short.verdict == .invalidOutput && short.why == "answer 2: missing tensor logits")
  }
}
