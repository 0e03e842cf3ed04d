// The sweep behind Docs/Losslessness.md: which runs there are, results on disk, and a page of whatever is there.

import Foundation
import LoMA
import LoMAReference
import LoMAVectors
import Testing

@testable import LoMATraining

@Suite("Losslessness: the sweep")
struct SweepTests {
  private func sweep() throws -> Sweep {
    try Sweep(TinyRecipe.recipe(("\"steps\": 7", "\"steps\": 2"), ("\"warm_up\": 2", "\"warm_up\": 1")))
  }

  @Test func `three seeds for every ratio, five for every alternative, first seeds first`() throws {
    let runs = try sweep().runs
    #expect(runs.count == 11 * 5 + 3 * 3)
    #expect(Set(runs.map(\.name)).count == runs.count && Set(runs.map(\.recipe.digest)).count == runs.count)
    #expect(runs.prefix(14).allSatisfy { $0.name.hasSuffix("-seed1") && $0.recipe.seed == 1 })
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

  @Test func `counts that no run has are refused before anything adds them up`() throws {
    let (sweep, results) = try Self.stored()
    let run = try #require(sweep.runs.first)
    let result = try #require(results[run.name])
    let (steps, tokens) = ("\"steps\": \(result.steps)", result.repetition.byChunk[0].tokens)
    for (good, bad) in [
      (steps, "\"steps\": \(Int.max)"), (steps, "\"steps\": \(1 << 31 + 1)"), (", \(tokens), ", ", \(Int.max), "),
    ] {
      let text = result.text.replacing(good, with: bad)
      #expect(text != result.text, "\(good)")
      #expect(throws: TrainingError.self) { try SweepResult(parsing: Array(text.utf8), file: "f") }
    }
    let last = try #require(result.curve.last)
    let late = result.text.replacing("[\(Double(last.step)), ", with: "[9e18, ")
    #expect(throws: TrainingError.self) { try SweepResult(parsing: Array(late.utf8), file: "f") }
  }

  @Test func `a page says what was not run`() throws {
    let sweep = try sweep()
    let empty = LosslessnessPage(sweep, results: [:], picture: []).text
    #expect(empty.contains("0 of 64 runs are done."))
    #expect(empty.contains("| 16 | 0 of 3 | not run | not run |"))
    try withFolder { folder in
      let run = try #require(sweep.runs.first { $0.name == "c2-base-seed1" })
      let result = try sweep.result(of: run, work: folder, chunks: 4, threads: 1) { _ in }
      let page = LosslessnessPage(sweep, results: [run.name: result], picture: ["a line"]).text
      #expect(page.contains("1 of 64 runs are done.") && page.contains("| 2 | 1 of 3 |"))
      #expect(page.contains("a line"))
    }
  }

  private static func stored() throws -> (sweep: Sweep, results: [String: SweepResult]) {
    let sweep = try Sweep(Recipe(file: projectRoot + "/Docs/Recipes/sweep.json"))
    return (sweep, try sweep.results(in: projectRoot + "/Docs/Losslessness"))
  }

  /// Behind them the page needs the trained models, and minutes.
  @Test func `the page's tables are made of the files beside it`() throws {
    let (sweep, results) = try Self.stored()
    #expect(results.count == sweep.runs.count)
    let made = LosslessnessPage(sweep, results: results, picture: ["here"]).text
    let page = try String(contentsOfFile: projectRoot + "/Docs/Losslessness.md", encoding: .utf8)
    let end = try #require(made.range(of: "```text\nhere"))
    #expect(page.hasPrefix(made[..<end.lowerBound]))
  }

  @Test func `the registry's evidence is the sweep's: least, median and most, and runs above all of base`() throws {
    let (sweep, results) = try Self.stored()
    let page = try String(contentsOfFile: projectRoot + "/Spec/registry.md", encoding: .utf8)
    func chunks(_ profile: Profile) -> [Double] {
      sweep.runs.filter { $0.recipe.profile == profile && $0.recipe.parameters.c == 4 }.compactMap { results[$0.name] }
        .map { 100 * Double($0.repetition.total.correctChunks) / Double($0.repetition.total.chunks) }.sorted()
    }
    let base = chunks(.base)
    for profile in Profile.singleAlternatives {
      let shares = chunks(profile)
      try #require(shares.count == 5 && base.count == 5)
      let rounded = [shares[0], shares[2], shares[4]].map { "\(Int($0.rounded()))" }.joined(separator: " | ")
      let above = shares.count { $0 > base[4] }
      #expect(page.contains("| `\(profile.name)` | \(rounded) | \(above) of 5 |"), "\(profile.name)")
    }
  }

  @Test func `every alternative of the sweep is one of the registry's`() throws {
    let profiles = Set(try sweep().runs.map(\.recipe.profile))
    #expect(profiles == Set(Profile.singleAlternatives))
  }
}
