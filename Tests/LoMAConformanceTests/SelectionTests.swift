// Which units a run has.

import LoMA
import LoMAVectors
import Testing
@testable import LoMAJudgement

@testable import LoMAConformance

@Suite("Chapter 11: selecting cases")
struct SelectionTests {
  private static let all = ["f64", "f32", "bf16", "f16"]

  private func ids(_ selection: Selection, _ dtypes: [String] = all) throws -> [String] {
    let corpus = try Recorded.corpus()
    return selection.units(of: corpus, declaredDtypes: dtypes).map { corpus.cases[$0.caseIndex].id + " " + $0.dtype }
  }

  @Test func `OPS-1 without a filter every case is asked in each of its types`() throws {
    let corpus = try Recorded.corpus()
    let units = try ids(Selection())
    #expect(units == corpus.cases.flatMap { item in item.dtypes.map { item.id + " " + $0 } })
    #expect(Set(units).count == units.count)
  }

  @Test func `RUN-6 no case vanishes: what is not declared has a unit, too`() throws {
    let corpus = try Recorded.corpus()
    #expect(try ids(Selection(), []) == corpus.cases.map { $0.id + " " + $0.dtypes[0] })
    let narrow = try ids(Selection(), ["bf16"])
    #expect(Set(narrow.map { $0.prefix { $0 != " " } }) == Set(corpus.cases.map { $0.id[...] }))
    #expect(narrow.contains("training.gradients.mha.ragged f64"))
  }

  @Test func `OPS-1 every filter must hold`() throws {
    #expect(try ids(Selection(levels: ["stage"], ops: ["rope"], dtypes: ["f32"])).count == 17)
    #expect(
      try ids(Selection(levels: ["stage"], dtypes: ["f32"]), ["f64"])
        == ids(Selection(levels: ["stage"], dtypes: ["f32"])))
    #expect(try ids(Selection(idGlob: Glob("model.loss.*.b?se")), ["bf16"]) == ["model.loss.gqa.base bf16"])
    let base = try ids(Selection(ops: ["loss"], profile: .base), ["f32"])
    let shifted = try ids(Selection(ops: ["loss"], profile: try Profile(name: "repetition_labels=shifted")), ["f32"])
    #expect(!base.isEmpty && !shifted.isEmpty && Set(base).isDisjoint(with: shifted))
  }

  @Test(arguments: [1, 2, 3, 7, 1000])
  func `OPS-1 shards have each unit once`(_ count: Int) throws {
    var units: [String] = []
    var sizes: [Int] = []
    for index in 1...count {
      let shard = try #require(Selection.Shard(index: index, count: count))
      let mine = try ids(Selection(levels: ["structure", "model"], shard: shard))
      sizes.append(mine.count)
      units += mine
    }
    #expect(units.sorted() == (try ids(Selection(levels: ["structure", "model"]))).sorted())
    #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
  }

  @Test func `OPS-1 a shard is one of its run`() {
    for (index, count) in [(0, 1), (2, 1), (1, 0), (-1, 2), (1, 10_001)] {
      #expect(Selection.Shard(index: index, count: count) == nil)
    }
  }
}
