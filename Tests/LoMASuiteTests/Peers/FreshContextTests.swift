// CCM-38: cases of chapter 16 drawn from a seed: always the same, of every kind, askable, made smaller until nothing is left,
// failed by mutants.

import LoMAPeers
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMAAnswers
@testable import LoMACatalogue
@testable import LoMADiagnosis
@testable import LoMAJudgement
@testable import LoMAMutants
@testable import LoMAPeersCatalogue
@testable import LoMASuite

@Suite("Chapter 16: fresh cases")
struct FreshContextTests {
  private func items(_ seed: UInt64, _ count: Int) throws -> [Case] {
    try FreshCases(seed: seed, of: .peers).items(count: count, threads: 2) { _ in true }
  }

  /// Case `index` of those of chapter 16.
  private func fresh(_ cases: FreshCases, _ index: Int) -> FreshContextCase {
    FreshContextCase.drawn(seed: cases.seed, index: index)
  }

  @Test func `CCM-38 a seed draws the same cases of part II, however many are drawn`() throws {
    let (some, more) = (try items(5, 24), try items(5, 36))
    #expect(more.count > some.count)
    for (one, other) in zip(some, more) {
      #expect(one.id == other.id && one.dtypes == other.dtypes && one.hunts == other.hunts)
      #expect(one.request == other.request && one.clauses == other.clauses, "\(one.id)")
    }
    let inputs = try Set(some.map { try $0.request.input.encoded() })
    // A cost has no input at all.
    let shared = try items(6, 24).filter { !$0.request.input.arrays.isEmpty }.filter {
      try inputs.contains($0.request.input.encoded())
    }
    #expect(shared.isEmpty)
    #expect(some.allSatisfy { $0.since == Versions.peers && $0.request.operation.part == .peers })
  }

  @Test func `CCM-38 twelve cases in a row ask every operation, a property and a rejection`() throws {
    let cases = try FreshCases(seed: 9, of: .peers)
    let row = (100..<112).map { fresh(cases, $0) }
    let answers = row.filter { $0.property == nil && $0.faults.isEmpty }
    #expect(Set(answers.map { $0.operation }) == Set(PeerOperation.all(of: .context)) && answers.count == 10)
    #expect(row.count { $0.property != nil } == 1 && row.count { !$0.faults.isEmpty } == 1)
    let drawn = (0..<1440).map { FreshContextCase.drawn(seed: 9, index: $0) }
    #expect(drawn.allSatisfy { $0.isValid || !$0.faults.isEmpty })
    let asked = drawn.compactMap { $0.property }
    #expect(Set(asked) == [.online, .inert, .interference, .gate, .batch, .repeat] && asked.count == 120)
    #expect(Set(drawn.filter { !$0.faults.isEmpty }.map { $0.operation }) == Set(PeerOperation.all(of: .context)))
  }

  @Test func `CCM-38 many cases of part II ask all there is`() {
    let drawn = (0..<1440).map { FreshContextCase.drawn(seed: 9, index: $0) }.filter { $0.faults.isEmpty }
    let onTexts = drawn.filter { $0.operation.level != .stage }
    #expect(Set(onTexts.map { $0.profile }) == Set(ContextProfile.all))
    #expect(Set(onTexts.map { $0.beginning.rawValue }).count == 3)
    let counts = Set(onTexts.flatMap { $0.texts.map { $0.segments.count - 1 } })
    #expect(counts.isSuperset(of: 0...6) && counts.contains { $0 > 12 })
    let lengths = Set(onTexts.flatMap { $0.texts.flatMap { $0.segments.map(\.length) } })
    #expect(lengths.isSuperset(of: 1...5) && lengths.contains { $0 > 32 })
    #expect(
      onTexts.contains { $0.texts.contains { $0.segments.allSatisfy { $0.length == 1 } && $0.segments.count > 2 } })
    #expect(Set(onTexts.map { $0.texts.count }).isSuperset(of: 1...4))
    #expect(onTexts.contains { $0.texts.contains { $0.output > 0 && $0.output == $0.final.length - 1 } })
    #expect(Set(drawn.compactMap { $0.model }) == Set(ContextCaseModel.all.map { $0.name }))
    #expect(Set(onTexts.map { $0.memoryTokens }).isSuperset(of: [1, 2, 3, 4, 8]))
    #expect(onTexts.contains { $0.hasEmbeddings } && onTexts.contains { $0.isForced })
    #expect(onTexts.contains { !$0.captures.isEmpty })
    let merges = drawn.filter { $0.operation == .merge }
    #expect(merges.contains { $0.profile.mergeRate == .exponential && $0.profile.memory == .concat })
    #expect(merges.contains { $0[.segments] > 12 } && merges.contains { $0[.segments] == 1 })
    let linears = drawn.filter { $0.operation == .conditionalLinear }
    #expect(linears.contains { $0[.rank] == 1 } && linears.contains { $0[.rank] > 4 })
    #expect(linears.contains { $0[.width] >= 256 } && linears.contains { $0.fillsF32 })
    let alphas = Set(linears.compactMap { try? $0.request.real("lora_alpha") })
    #expect(alphas.count == 5, "\(alphas)")
    let rates = Set(drawn.compactMap { $0.request.mergeShare() })
    #expect(rates.count == 5 && rates.contains(1), "\(rates)")
  }

  @Test func `CCM-38 the reference answers what is drawn of part II, and an id leads back to its case`() throws {
    let cases = try FreshCases(seed: 4, of: .peers)
    let items = try items(4, 198)
    #expect(items.count > 180)
    let recording = try cases.recording(of: items, threads: 2) { _, _ in }
    #expect(recording.files.last?.path == "manifest.json")
    for item in items.suffix(24) {
      #expect(FreshCases.item(item.id)?.hunts == item.hunts, "\(item.id)")
      guard case .property(let property) = item.expectation else {
        #expect(item.id.hasPrefix("\(item.level.rawValue).\(item.request.operation.rawValue).fresh.s4-k"))
        continue
      }
      #expect(item.id.hasPrefix("property.\(property.rawValue).fresh.s4-k") && item.level == .property)
    }
    #expect(FreshCases.named("structure.ccm_layout.fresh.s4-k4")?.cases.part == .peers)
    #expect(FreshCases.named("structure.layout.fresh.s4-k8") == nil)
  }

  @Test func `CCM-38 numbers of 24 bits, and bits that may be rounded away, are not asked in narrow types`() throws {
    let items = try items(12, 990)
    let cases = try FreshCases(seed: 12, of: .peers)
    var precise = 0
    for item in items {
      let index = try #require(FreshCases.named(item.id)).index
      guard let drawn = cases.drawn(index) as? FreshContextCase else { continue }
      if drawn.fillsF32 {
        #expect(item.dtypes == ["f64", "f32"])
        precise += 1
      }
      if drawn.property == .interference { #expect(item.dtypes == ["f64", "f32", "f16"]) }
    }
    #expect(precise > 5)
    // Of the texts that are tried, the one that is asked has the clearest choices.
    let chosen = items.filter { $0.request.operation == .peer(.ccmOnline) && $0.level == .generation }
    #expect(chosen.count > 20 && chosen.count { $0.dtypes.count == 4 } > chosen.count / 2)
  }

  @Test func `CCM-38 CCM-35 faults are rejected with the code that the list has first`() throws {
    let cases = try FreshCases(seed: 3, of: .peers)
    var (codes, doubled): (Set<String>, Int) = ([], 0)
    for index in 0..<24_000 where FreshContextDrawing.kind(seed: 3, index: index).isFaulty {
      let drawn = fresh(cases, index)
      let item = try #require(cases.item(drawn, id: cases.id(index)), "\(drawn) is not rejected")
      guard case .rejection(let code) = item.expectation else {
        Issue.record("\(drawn)")
        continue
      }
      #expect(item.level == .rejection && item.dtypes == ["i64"] && item.clauses == ["CCM-35"])
      codes.insert(code)
      doubled += drawn.faults.count - 1
    }
    // All of the list but one: no object of JSON names an axis twice.
    #expect(codes.count == 19 && doubled > 50, "\(codes.sorted())")
  }

  @Test func `CCM-38 what is smaller of part II is a case too, and the way down ends at the smallest`() throws {
    let cases = try FreshCases(seed: 2, of: .peers)
    for index in 0..<72 {
      let drawn = fresh(cases, index)
      for smaller in drawn.smaller.prefix(4) where drawn.faults.isEmpty {
        _ = try #require(cases.item(smaller, id: "x.y.z") ?? cases.item(drawn, id: "x.y.z"), "\(smaller)")
      }
      var (least, steps) = (drawn, 0)
      while let next = least.smaller.last {
        (least, steps) = (next, steps + 1)
        try #require(next.isValid && steps < 20_000, "\(drawn) → \(next)")
      }
      // A property keeps what it cannot be asked without.
      let profiles: [ContextProfile] = drawn.property == .inert ? [.merge] : [.base]
      let contexts = drawn.property == .inert ? 1 : 0
      #expect(profiles.contains(least.profile) && least.captures.isEmpty && !least.hasEmbeddings, "\(least)")
      #expect(least.texts.count <= 1 && least.texts.allSatisfy { $0.segments.count == contexts + 1 }, "\(least)")
      #expect(least.texts.allSatisfy { $0.segments.allSatisfy { $0.length == 1 } && $0.output == 0 }, "\(least)")
      #expect(least.extents.allSatisfy { $0.value == $0.key.least } && !least.isForced && !least.fillsF32, "\(least)")
      #expect(least.model == nil || least.model == ContextCaseModel.shallow.name)
    }
  }

  @Test func `CCM-38 a shorter segment is a prefix, and an output stays within its segment`() throws {
    var long = FreshContextCase(.ccmLayout, seed: 3)
    long.texts = [
      .init(segments: [.init(stream: 0, length: 4), .init(stream: 1, length: 5)], output: 4),
      .init(segments: [.init(stream: 100, length: 3)], output: 0),
    ]
    var short = long
    short.texts = [.init(segments: [.init(stream: 1, length: 2)], output: 0)]
    let (both, one) = (try long.request.integers("tokens"), try short.request.integers("tokens"))
    #expect(one.dropFirst() == both[5..<6], "the first token of a text is BOS")
    #expect(long.smaller.contains { $0.texts.count == 1 && $0.texts[0].segments.count == 2 })
    #expect(long.smaller.contains { $0.texts[0].segments.map(\.length) == [4, 1] && $0.texts[0].output == 0 })
    #expect(long.smaller.contains { $0.texts[0].segments.map(\.length) == [5] && $0.texts[0].output == 4 })
    #expect("\(long)" == "ccm_layout segments=4,5;3 outputs=4,0 base")
  }

  @Test func `CCM-38 fresh cases of part II fail mutants of every family`() throws {
    let folder = projectRoot + "/Vectors/peers"
    let recorded = try CaseCorpus(folder: folder)
    let measured = try CalibratedBounds(of: recorded)
    let fresh = try FreshCorpus(seed: 21, of: .peers, families: [], measured)
    let corpus = try fresh.corpus(count: 264, for: Selection(), threads: 2) { _ in }
    let units = try JudgedUnits(corpus, bounds: measured.ofFreshCases(of: corpus), dtypes: ["f32"]).units
    let runs = Sensitivity(units: units, models: try StoredModels(vectors: folder), threads: 2)
    let mutants = Mutant.all(of: .peers)
    let dead = Set(runs.deaths(of: mutants).lines.filter { !$0.kills.isEmpty }.map { $0.mutant.id })
    #expect(dead.count > mutants.count * 3 / 4, "\(dead.count) of \(mutants.count)")
    for family in Mutant.families(of: .peers) {
      #expect(mutants.contains { $0.family == family && dead.contains($0.id) }, "\(family.rawValue)")
    }
    #expect(runs.headroom().allSatisfy { !$0.verdict.fails }, "a port without a mistake passes")
  }
}
