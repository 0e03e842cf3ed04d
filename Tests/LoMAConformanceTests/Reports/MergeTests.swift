// The shards of a run, joined.

import Testing

@testable import LoMAConformance

@Suite("Chapter 14: merging") struct MergeTests {
  @Test func `RUN-22 merged shards are the unsharded run, byte for byte, times aside`() throws {
    for units in 0...9 {
      let whole = SampleRun.run(units: units)
      for count in 1...4 {
        let shards = try (1...count).map { index in
          try SampleRun.file(SampleRun.run(units: units, shard: (index, count), seconds: 1), "\(index).jsonl")
        }
        for files in [shards, shards.reversed()] {
          let merged = try RunRecord(merging: files)
          #expect(merged.withoutTimes.lines == whole.withoutTimes.lines, "\(units) units in \(count) shards")
          #expect(merged.footer.seconds == Double(count))
          #expect(JSONReport().draw(merged.withoutTimes) == JSONReport().draw(whole.withoutTimes))
        }
      }
    }
  }

  @Test func `RUN-22 shards that say different things of their wrong answers are joined with their numbers`() throws {
    func merged(_ said: [[String]]) throws -> [String] {
      let files = try said.enumerated().map { place, lines in
        var run = SampleRun.run(units: 9, shard: (place + 1, said.count))
        run.footer.diagnosis = lines
        return try SampleRun.file(run, "\(place).jsonl")
      }
      return try RunRecord(merging: files.reversed()).footer.diagnosis
    }
    #expect(try merged([["a", "b"], ["a", "b"]]) == ["a", "b"])
    #expect(try merged([["a"], [], ["a", "c"]]) == ["shard 1 of 3: a", "shard 3 of 3: a", "shard 3 of 3: c"])
  }

  @Test func `RUN-22 what is not one whole run is refused`() throws {
    let (first, second) = (SampleRun.run(units: 9, shard: (1, 2)), SampleRun.run(units: 9, shard: (2, 2)))
    let a = try SampleRun.file(first, "a")
    let b = try SampleRun.file(second, "b")
    func refusal(_ files: [ResultsFile]) -> ReportError? {
      do {
        _ = try RunRecord(merging: files)
        return nil
      } catch { return error }
    }
    #expect(refusal([a, b]) == nil)
    #expect(refusal([]) == .missingShard(1, of: 1))
    #expect(refusal([a]) == .missingShard(2, of: 2))
    #expect(refusal([a, a]) == .repeatedShard(1, of: 2, path: "a"))
    #expect(
      refusal([a, try SampleRun.file(SampleRun.run(units: 9, shard: (2, 3)), "c")])
        == .differentRuns(member: "shard", first: "a", second: "c"))
    func other(_ change: (inout RunHeader) -> Void) throws -> ReportError? {
      var run = second
      change(&run.header)
      return refusal([a, try SampleRun.file(run, "c")])
    }
    func differs(_ member: String) -> ReportError { .differentRuns(member: member, first: "a", second: "c") }
    #expect(try other { $0.candidate.name = "x" } == differs("candidate"))
    #expect(try other { $0.candidate.command = [] } == differs("candidate"))
    #expect(try other { $0.manifestDigest = String(repeating: "b", count: 64) } == differs("manifest_sha256"))
    #expect(try other { $0.boundsDigest = String(repeating: "b", count: 64) } == differs("bounds_sha256"))
    #expect(try other { $0.filters = .init([]) } == differs("filters"))
    #expect(try other { $0.suite = "0.2" } == differs("suite"))
    #expect(try other { $0.specification = "0.2" } == differs("specification"))
    #expect(try other { $0.units = 8 } == differs("units"))
    var cut = second
    cut.footer.interrupted = true
    #expect(refusal([a, try SampleRun.file(cut, "c")]) == .incomplete(path: "c", units: 4, of: 4))
    cut = second
    cut.results.removeLast()
    cut.footer.units = 3
    #expect(refusal([a, try SampleRun.file(cut, "c")]) == .unitCount(found: 3, expected: 4, path: "c"))
    var overlapping = second
    overlapping.results[1] = first.results[2]
    #expect(
      refusal([a, try SampleRun.file(overlapping, "c")])
        == .repeatedUnit(id: first.results[2].id, dtype: first.results[2].dtype, path: "a", line: 4))
  }
}
