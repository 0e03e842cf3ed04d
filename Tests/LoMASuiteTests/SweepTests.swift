// The sweep behind Docs/Losslessness.md: which runs there are, results on disk, and a page of whatever is there.

import Foundation
import LoMA
import LoMAReference
import LoMAVectors
import Testing

@testable import LoMASuite

@Suite("Losslessness: the sweep")
struct SweepTests {
  private func sweep() throws -> Sweep {
    try Sweep(TinyRecipe.recipe(("\"steps\": 7", "\"steps\": 2"), ("\"warm_up\": 2", "\"warm_up\": 1")))
  }

  @Test func `three seeds for every ratio, five for every alternative, first seeds first`() throws {
    let runs = try sweep().runs
    #expect(runs.count == 9 * 5 + 3 * 3)
    #expect(Set(runs.map(\.name)).count == runs.count && Set(runs.map(\.recipe.digest)).count == runs.count)
    #expect(runs.prefix(12).allSatisfy { $0.name.hasSuffix("-seed1") && $0.recipe.seed == 1 })
    #expect(runs.map(\.name).contains("c4-repetition-attention-self-only-seed5"))
    #expect(runs.filter { $0.recipe.parameters.c == 16 }.count == 3)
  }

  @Test func `a result is stored, read again, and the same when its run is repeated`() throws {
    let sweep = try sweep()
    let run = try #require(sweep.runs.first)
    try withFolder { folder in
      #expect(try sweep.results(in: folder).isEmpty)
      let result = try sweep.result(of: run, work: folder + "/a", chunks: 4, threads: 1) { _ in }
      try sweep.store(result, in: folder)
      #expect(try sweep.results(in: folder) == [run.name: result])
      let again = try sweep.result(of: run, work: folder + "/b", chunks: 4, threads: 2) { _ in }
      #expect(again == result)
      var other = try TinyRecipe.recipe()
      other.digest = "another"
      #expect(throws: TrainingError.self) { try Sweep(other).results(in: folder) }
      try Files.replace(folder + "/" + run.name + ".json", with: Array(result.text.utf8.dropLast(3)))
      #expect(throws: TrainingError.self) { try sweep.results(in: folder) }
    }
  }

  @Test func `a page says what was not run`() throws {
    let sweep = try sweep()
    let empty = LosslessnessPage(sweep, results: [:], picture: []).text
    #expect(empty.contains("0 of 54 runs are done."))
    #expect(empty.contains("| 16 | 0 of 3 | not run | not run |"))
    try withFolder { folder in
      let run = try #require(sweep.runs.first { $0.name == "c2-base-seed1" })
      let result = try sweep.result(of: run, work: folder, chunks: 4, threads: 1) { _ in }
      let page = LosslessnessPage(sweep, results: [run.name: result], picture: ["a line"]).text
      #expect(page.contains("1 of 54 runs are done.") && page.contains("| 2 | 1 of 3 |"))
      #expect(page.contains("a line"))
    }
  }

  @Test func `every alternative of the sweep is one of the registry's`() throws {
    let profiles = Set(try sweep().runs.map(\.recipe.profile))
    #expect(profiles == Set(Profile.singleAlternatives))
  }
}
