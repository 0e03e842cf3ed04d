// What a published manifest protects: whatever its cases mean, and that its ids stay gone.

import LoMAVectors
import Testing

@testable import LoMAAnswers
@testable import LoMACatalogue
@testable import LoMASuite

@Suite("Recording: published cases")
struct PublishedTests {
  /// Writes the small corpus as published and offers another; returns the refusal, having seen that nothing was touched.
  private func refusal(_ cases: [Case], retired: [String] = [], isPublished: Bool = true) throws -> String? {
    try refusal(
      of: SmallCorpus.record(cases, retired: retired.map { ($0, "a test") }, isPublished: isPublished),
      over: SmallCorpus.record(isPublished: true))
  }

  private func refusal(of new: Recording, over old: Recording) throws -> String? {
    try withFolder { folder in
      _ = try Recorder(folder: folder, disk: .fast).write(old)
      let count = Counter()
      let refused = problem(folder, new, .stopping(at: .max, .before, count: count))
      #expect((refused == nil) == (count.value > 0), "nothing is touched before a refusal")
      #expect(try snapshot(folder) == (refused == nil ? new : old).snapshot)
      #expect(Verification(folder: folder, against: refused == nil ? new : old).findings.isEmpty)
      return refused
    }
  }

  private func replacing(_ id: String, _ change: (Case) -> Case) -> [Case] {
    SmallCorpus.cases.map { $0.id == id ? change($0) : $0 }
  }

  @Test func `a changed answer, a changed input and a lost case are refused by name`() throws {
    let id = "stage.rms_norm.plain"
    let other = try #require(Catalogue.item("stage.rms_norm.no-epsilon"))
    let changed = try refusal(replacing(id) { SmallCorpus.changed($0, into: other) })
    #expect(changed == "published-would-change: 1 published: \(id)")
    let lost = try refusal(SmallCorpus.cases.filter { $0.id != id && $0.id != "rejection.layout.c0" })
    #expect(lost == "published-would-change: 2 published: rejection.layout.c0, \(id)")
  }

  @Test func `what only the manifest says of a case is protected too`() throws {
    let id = "rejection.layout.c0"
    // No file of the case changes, only what is asked.
    let asked = replacing(id) { item in
      var parameters = item.request.parameters
      parameters["c"] = .integer(-1)
      let request = Request(
        item.request.operation, axes: item.request.axes, parameters: parameters, model: nil, input: item.request.input,
        captures: [])
      return Case(
        id: id, since: item.since, level: item.level, hunts: item.hunts, clauses: item.clauses, request: request,
        expectation: item.expectation, dtypes: item.dtypes)
    }
    #expect(try refusal(asked) == "published-would-change: 1 published: \(id)")
    let dtypes = replacing(id) { item in
      Case(
        id: id, since: item.since, level: item.level, hunts: item.hunts, clauses: item.clauses, request: item.request,
        expectation: item.expectation, dtypes: [])
    }
    #expect(try refusal(dtypes) == "published-would-change: 1 published: \(id)")
  }

  @Test func `a new case and better prose are fine`() throws {
    let more = SmallCorpus.cases + [try #require(Catalogue.item("stage.rope.one-pair"))]
    #expect(try refusal(more) == nil)
    let prose = replacing("rejection.layout.c0") { item in
      Case(
        id: item.id, since: item.since, level: item.level, hunts: "something else", clauses: ["PAR-1", "OPS-6"],
        request: item.request, expectation: item.expectation, dtypes: item.dtypes)
    }
    #expect(try refusal(prose) == nil)
  }

  @Test func `a retired id may go, and then stays retired`() throws {
    let id = "stage.rms_norm.plain"
    let without = SmallCorpus.cases.filter { $0.id != id }
    #expect(try refusal(without, retired: [id]) == nil)
    let retired = try SmallCorpus.record(without, retired: [(id, "a test")], isPublished: true)
    #expect(
      try refusal(of: SmallCorpus.record(without, isPublished: true), over: retired)
        == "published-would-change: 1 published: \(id)")
  }

  @Test func `a published corpus does not become unpublished, an unpublished one may change and be published`() throws {
    #expect(try refusal(SmallCorpus.cases, isPublished: false)?.hasPrefix("would-unpublish: ") == true)
    #expect(try refusal(of: SmallCorpus.record(isPublished: true), over: SmallCorpus.older()) == nil)
  }

  @Test func `a manifest that cannot be read is not written over`() throws {
    try withFolder { folder in
      _ = try Recorder(folder: folder, disk: .fast).write(SmallCorpus.record(isPublished: true))
      try spoil(folder, StoredManifest.name) { Array($0.dropLast(10)) }
      let before = try snapshot(folder)
      #expect(problem(folder, try SmallCorpus.record(isPublished: true))?.hasPrefix("manifest: ") == true)
      #expect(try snapshot(folder) == before)
    }
  }

  @Test func `OPS-1 no case of the catalogue has a retired id`() {
    let retired = Set(Catalogue.retired.map(\.id))
    #expect(Catalogue.cases.allSatisfy { !retired.contains($0.id) })
  }
}
