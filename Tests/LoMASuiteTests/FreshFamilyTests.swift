// Fresh cases of families: drawn only where they are listed, in their share, and answered by the reference.

import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMAAnswers
@testable import LoMACatalogue
@testable import LoMADiagnosis
@testable import LoMAJudgement
@testable import LoMAMutants
@testable import LoMASuite

@Suite("Chapter 13: fresh cases of families")
struct FreshFamilyTests {
  /// The operations that a family changes, as RUN-17 lists them.
  private let changed: [CaseFamily: Set<Operation>] = {
    let rotated = Set.models.union([.rope, .decoderLayer])
    let layered = Set.models.union([.decoderLayer])
    return [
      .linear: rotated, .llama3: rotated, .yarn: rotated, .biases: layered.union([.feedForward]), .qwen2: layered,
      .qwen3: layered, .dynamic: .models, .mistral: .models,
    ]
  }()

  private func cases(_ seed: UInt64, _ families: Set<CaseFamily>) throws -> FreshCases {
    var cases = try FreshCases(seed: seed, of: .loma)
    cases.families = families
    return cases
  }

  private let all = Set(CaseFamily.allCases)

  @Test func `RUN-17 half of the cases of an operation are of the families that change it, in equal shares`() throws {
    let kinds = (0..<36_000).map { FreshDrawing.kind(seed: 9, index: $0) }
    let families = kinds.indices.map { FreshDrawing.family(seed: 9, index: $0, of: all) }
    for (kind, family) in zip(kinds, families) {
      guard let family else { continue }
      #expect(!kind.isFaulty && changed[family]?.contains(kind.operation) == true, "\(family) in \(kind)")
    }
    for operation in Operation.all(of: .loma) {
      let asked = zip(kinds, families).filter { $0.0 == .answer(operation) }.map(\.1)
      let possible = changed.filter { $0.value.contains(operation) }.keys
      #expect(asked.count == 2000)
      guard !possible.isEmpty else {
        #expect(asked.allSatisfy { $0 == nil }, "\(operation)")
        continue
      }
      // Each is expected 1,000/k times; the bounds are three deviations or more away.
      for family in possible {
        let share = Double(asked.count { $0 == family }) * Double(possible.count) / 1000
        #expect(0.7...1.3 ~= share, "\(operation) of \(family): \(share)")
      }
    }
  }

  @Test func `RUN-17 what is not listed is not drawn, and what stands in its place is the plain case`() throws {
    let (none, some, every) = (try cases(7, []), try cases(7, [.qwen3, .yarn]), try cases(7, all))
    var counts: [CaseFamily?: Int] = [:]
    for index in 0..<360 {
      let family = try #require(every.drawn(index) as? FreshCase).family
      counts[family, default: 0] += 1
      let listed = family == .qwen3 || family == .yarn
      let drawn = try #require(some.drawn(index) as? FreshCase)
      #expect(drawn == (listed ? every : none).drawn(index) as? FreshCase)
      #expect(some.id(index) == (listed ? every.id(index) : none.id(index)))
      #expect(drawn.family == (listed ? family : nil))
      guard let family else { continue }
      #expect(every.id(index).split(separator: ".")[2] == family.rawValue && !none.id(index).contains(family.rawValue))
    }
    #expect(Set(counts.keys) == Set(CaseFamily.allCases.map(Optional.some) + [nil]), "\(counts)")
  }

  @Test func `RUN-17 the reference answers what is drawn of families, and an id leads back to its case`() throws {
    let cases = try cases(11, all)
    let items = cases.items(count: 400, threads: 2) { $0.split(separator: ".").count == 5 }
    let recording = try cases.recording(of: items, threads: 2) { _, _ in }
    #expect(recording.files.last?.path == "manifest.json")
    var asked: [CaseFamily: Set<Operation>] = [:]
    for item in items {
      let family = try #require(item.family)
      asked[family, default: []].insert(item.request.operation)
      #expect(
        item.id.hasPrefix("\(item.level.rawValue).\(item.request.operation.rawValue).\(family.rawValue).fresh.s11-k"))
      #expect(
        item.clauses.contains { ["MOD-8", "MOD-9", "MOD-10", "MOD-11", "MOD-13"].contains($0) }, "\(item.clauses)")
      if let model = item.request.model {
        #expect(CaseModel.families.first { $0.path == model }?.family?.word == family, "\(item.id)")
      } else {
        #expect(
          item.request.parameters["rope_type"] != nil
            || item.request.input.arrays.contains { $0.name.hasSuffix("_bias") || $0.name.hasSuffix("_norm") },
          "\(item.id) is plain")
      }
      let again = try #require(Catalogue.item(item.id))
      #expect(
        again.hunts == item.hunts && again.family == family && again.request.parameters == item.request.parameters)
      let (input, same) = (try item.request.input.encoded(), try again.request.input.encoded())
      #expect(input == same, "\(item.id)")
    }
    #expect(Set(asked.keys) == all && asked.values.allSatisfy { $0.count > 1 }, "\(asked)")
    let place = try #require(items.first?.id.split(separator: "-").last)
    #expect(Catalogue.item("model.forward.nobody.fresh.s11-\(place)") == nil)
  }

  @Test func `RUN-18 a case of a family shrinks to the plain one, and no row of what is smaller reaches a limit`()
    throws
  {
    let cases = try cases(5, all)
    var (rows, smaller) = (0, [Case]())
    for index in 0..<600 {
      let drawn = try #require(cases.drawn(index) as? FreshCase)
      guard let family = drawn.family else { continue }
      #expect(drawn.isValid, "\(drawn)")
      var (least, steps) = (drawn, 0)
      while let next = least.smaller.last {
        (least, steps) = (next, steps + 1)
        try #require(next.isValid && steps < 20_000, "\(drawn) → \(next)")
      }
      #expect(least.family == nil && least.model == (drawn.model == nil ? nil : CaseModel.shallow.name), "\(least)")
      guard [.dynamic, .mistral].contains(family) else { continue }
      rows = max(rows, drawn.lengths.max() ?? 0)
      for (place, next) in drawn.smaller.enumerated() where next.family == family && place % 3 == 0 {
        smaller.append(
          contentsOf: [cases.item(next, id: "\(drawn.operation.level).x.\(index)-\(place)")].compactMap { $0 })
      }
    }
    #expect(rows > 16 && smaller.count > 40, "\(rows), \(smaller.count)")
    // Recording throws where the reference refuses a row.
    _ = try cases.recording(of: smaller, threads: 2) { _, _ in }
  }

  @Test func `RUN-17 fresh cases of families alone fail what is mistaken in families`() throws {
    let folder = projectRoot + "/Vectors"
    let recorded = try CaseCorpus(folder: folder)
    let measured = try CalibratedBounds(of: recorded)
    let fresh = try FreshCorpus(seed: 3, of: .loma, families: all, measured)
    var selection = Selection()
    selection.choose(ids: "*.*.*.fresh.*")
    let corpus = try fresh.corpus(count: 1000, for: selection, threads: 2) { _ in }
    #expect(corpus.cases.count > 200 && corpus.cases.allSatisfy { $0.family != nil })
    let units = try JudgedUnits(corpus, bounds: measured.ofFreshCases(of: corpus), dtypes: ["f32"]).units
    let runs = Sensitivity(units: units, models: try StoredModels(vectors: folder), threads: 2)
    let mutants = Mutant.all(of: .loma).filter { $0.family == .families }
    let alive = runs.deaths(of: mutants).lines.filter { $0.kills.isEmpty }.map { $0.mutant.id }
    #expect(mutants.count > 20 && alive.isEmpty, "\(alive)")
    #expect(runs.headroom().allSatisfy { !$0.verdict.fails }, "a port without a mistake passes")
  }
}
