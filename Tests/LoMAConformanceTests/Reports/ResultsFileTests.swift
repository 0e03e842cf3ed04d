// results.jsonl: what is written is what is read, and nothing else is.

import LoMAProcess
import Foundation
import LoMAVectors
import Testing

@testable import LoMAConformance

@Suite("Chapter 14: results") struct ResultsFileTests {
  @Test func `RUN-20 the lines of a run are header, units in order, footer`() throws {
    let folder = try ReportFolder()
    let run = SampleRun.run(units: 40)
    for order in [Array(0..<40), (0..<40).reversed(), (0..<40).map { $0 ^ 3 }] {
      let path = folder.path + "/results.jsonl"
      let (kept, rest) = (order.prefix(7), order.dropFirst(7))
      let writer = try ResultsWriter(path, header: run.header, kept: kept.map { run.results[$0] })
      #expect(try ResultsFile(contentsOf: path).results == kept.map { run.results[$0] })
      for place in rest { try writer.add(run.results[place]) }
      let file = try ResultsFile(contentsOf: path)
      #expect(file.results == order.map { run.results[$0] } && file.footer == nil)
      #expect(try SampleRun.file(run).complete() == run)
      #expect(folder.contents == ["results.jsonl"])
    }
    let lines = run.lines.split(separator: "\n")
    #expect(lines.count == 42)
    #expect(lines[0].hasPrefix(#"{"loma_results":1,"suite":"0.1","specification":"0.1","manifest_sha256":"0123"#))
    #expect(lines[1].hasPrefix(#"{"id":"model.forward.case-0","dtype":"f64","level":"structure","op":"forward""#))
    #expect(lines[1].contains(#""ratio":0.5"#) && lines[2].contains(#""ratio":"infinite""#))
    #expect(lines[41].hasPrefix(#"{"loma_results_end":1,"units":40,"#))
  }

  @Test func `RUN-20 a line is on disk before the next unit`() throws {
    let folder = try ReportFolder()
    let path = folder.path + "/results.jsonl"
    let writer = try ResultsWriter(path, header: SampleRun.header(units: 3))
    for place in 0..<3 {
      try writer.add(SampleRun.unit(place))
      let file = try ResultsFile(contentsOf: path)
      #expect(file.results == (0...place).map { SampleRun.unit($0) })
      #expect(file.footer == nil)
      #expect(throws: ReportError.incomplete(path: path, units: place + 1, of: 3)) { try file.complete() }
    }
  }

  @Test func `RUN-20 a unit too long for a line loses its picture and ends of texts, not its verdict`() throws {
    var result = SampleRun.unit(1)
    result.why = String(repeating: "w", count: 3 << 20)
    result.standardError = String(repeating: "e", count: 3 << 20)
    let run = RunRecord(
      header: SampleRun.header(units: 1), results: [result],
      footer: RunFooter(
        units: 1, finished: "2026-11-21T04:00:12Z", seconds: 0, interrupted: false, exit: 1, diagnosis: []))
    let read = try #require(try SampleRun.file(run).results.first)
    #expect(read.verdict == result.verdict && read.why.count == 4096 && read.standardError.count == 4096)
    #expect(read.divergence == nil && read.finding == result.finding)
  }

  @Test func `RUN-21 a file cut at any byte is incomplete, and keeps its whole lines`() throws {
    let run = SampleRun.run(units: 2)
    let bytes = Array(run.lines.utf8)
    let headerEnd = try #require(bytes.firstIndex(of: UInt8(ascii: "\n")))
    for end in stride(from: 0, to: bytes.count, by: 7) {
      guard end > headerEnd else {
        #expect(throws: ReportError.noHeader(path: "p")) {
          try ResultsFile(decoding: Array(bytes[..<end]), path: "p")
        }
        continue
      }
      let file = try ResultsFile(decoding: Array(bytes[..<end]), path: "p")
      #expect(file.results == Array(run.results.prefix(file.results.count)))
      #expect(throws: ReportError.self) { try file.complete() }
      #expect(throws: ReportError.self) { try file.rendered() }
    }
  }

  @Test func `RUN-21 what is no results file is refused, with the line`() throws {
    let run = SampleRun.run(units: 3)
    let lines = run.lines.split(separator: "\n").map(String.init)
    func refusal(_ lines: [String]) -> String {
      let text = lines.map { $0 + "\n" }.joined()
      do {
        _ = try ResultsFile(decoding: Array(text.utf8), path: "p").complete()
        return "accepted"
      } catch { return "\(error)" }
    }
    func changed(_ line: Int, _ old: String, _ new: String) -> String {
      var copy = lines
      copy[line] = copy[line].replacingOccurrences(of: old, with: new)
      #expect(copy != lines, "\(old) stands in line \(line)")
      return refusal(copy)
    }
    #expect(refusal(lines) == "accepted")
    #expect(refusal([]) == "p: the first line is not a results header of version 1")
    #expect(refusal(Array(lines.dropFirst())) == "p: the first line is not a results header of version 1")
    #expect(changed(0, #""loma_results":1"#, #""loma_results":2"#).contains("not a results header"))
    #expect(changed(0, SampleRun.digest, "ABC") == "p: line 1: manifest_sha256 is not 64 hexadecimal digits")
    #expect(changed(0, "[1,1]", "[2,1]") == "p: line 1: shard is not [I, N] with 1 ≤ I ≤ N")
    #expect(changed(0, #""units":3"#, #""units":-3"#).contains("units is not a count"))
    #expect(changed(0, #""units":3"#, #""units":2"#) == "p: 3 units, not 2")
    #expect(changed(0, #""units":3"#, #""units":4"#) == "p: 3 units, not 4")
    #expect(changed(0, "04:00:00Z", "4 o'clock").contains("started is not a time"))
    #expect(changed(0, "[{}]", #"["base"]"#) == "p: line 1: profiles is not any or a list of objects")
    #expect(changed(1, #""verdict":"pass""#, #""verdict":"fine""#) == "p: line 2: verdict is not a verdict")
    #expect(changed(1, #""noise""#, #""noises""#) == #"p: line 2: "noises" is unknown"#)
    #expect(changed(1, #","noise":0"#, "") == "p: line 2: noise is missing")
    #expect(changed(1, #""noise":0"#, #""noise":-1"#) == "p: line 2: noise is not a count")
    #expect(changed(1, #""seconds":0.0"#, #""seconds":"infinite""#).contains("seconds is not"))
    #expect(changed(1, "{", "[").hasPrefix("p: line 2: "))
    #expect(changed(2, #""rows":11"#, #""rows":12"#) == "p: line 3: cells is not 12 rows of 16 numbers")
    for (key, old) in [("rows", "11"), ("columns", "16")] {
      for new in ["0", "2147483649", "288230376151711744"] {
        #expect(
          changed(2, "\"\(key)\":\(old)", "\"\(key)\":\(new)") == "p: line 3: \(key) is not a count of 1 to 2147483648")
      }
    }
    for runs in ["[[0]]", "[[0,0]]", "[[-1,2]]", "[[175,2]]", "[[4,2],[6,1]]", "[[4,1],[2,1]]", "7"] {
      #expect(changed(2, #""wrong":null"#, "\"wrong\":\(runs)").hasPrefix("p: line 3: wrong is not at most 1024 runs"))
    }
    #expect(changed(2, #""wrong":null"#, #""wrong":[[0,2],[175,1]]"#) == "accepted")
    #expect(changed(2, "[0,7,3]", "[0,7.5,3]") == "p: line 3: index is not a list of integers")
    #expect(changed(4, #""exit":1"#, #""exit":true"#) == "p: line 5: exit is not a count")
    #expect(changed(4, #""units":3"#, #""units":2"#) == "p: 3 units, not 2")
    #expect(changed(4, #""diagnosis":["#, #""diagnosis":[1,"#) == "p: line 5: diagnosis is not a list of strings")
    #expect(changed(4, #","diagnosis""#, #","diagnoses""#).contains("is unknown"))
    #expect(refusal(lines + [lines[1]]) == "p: line 6 stands behind the footer")
    let twice = [lines[0], lines[1], lines[1]]
    #expect(refusal(twice) == "p: line 3: model.forward.case-0 in f64 a second time")
    let long = [lines[0], String(repeating: " ", count: 1 << 20) + "1"]
    #expect(refusal(long) == "p: line 2 has 1048577 bytes, the limit is 1048576")
    #expect(throws: ReportError.file(.failed("open", path: "/nowhere/x", code: ENOENT))) {
      try ResultsFile(contentsOf: "/nowhere/x")
    }
  }

  @Test func `RUN-21 a file that lacks units which nobody interrupted, or has another exit code, is not drawn`() throws
  {
    let run = SampleRun.run(units: 40)
    func refusal(_ change: (inout RunRecord) -> Void) throws -> String? {
      var changed = run
      change(&changed)
      do {
        _ = try SampleRun.file(changed, "p").rendered()
        return nil
      } catch { return "\(error)" }
    }
    let passed = run.results.filter { $0.verdict == .pass }
    #expect(try refusal { $0.footer.seconds += 1 } == nil)
    // The failing units cut out, and the footer made to fit.
    let cut = try refusal { run in
      run.results = passed
      (run.footer.units, run.footer.exit) = (passed.count, 0)
    }
    #expect(cut == "p: \(passed.count) units, not 40")
    #expect(try refusal { $0.header.units = ResultsFile.unitLimit } == "p: 40 units, not 1048576")
    #expect(try refusal { $0.footer.exit = 0 } == "p: exit is 0, its units make it \(run.footer.exit)")
    let whole = try refusal { run in
      run.results = passed
      (run.header.units, run.footer.units, run.footer.exit) = (passed.count, passed.count, 0)
    }
    #expect(whole == nil)
    // What is green without a demand is not with one that no unit serves.
    let demanded = try refusal { run in
      run.results = passed.filter { $0.level != "training" }
      let count = run.results.count
      (run.header.units, run.footer.units, run.footer.exit) = (count, count, 0)
      run.header.filters = JSONObject([.init("require", .string("training"))])
    }
    #expect(demanded == "p: exit is 0, its units make it 1")
    let ended = try refusal { run in
      run.results = Array(run.results.prefix(5))
      (run.footer.units, run.footer.interrupted, run.footer.exit) = (5, true, 130)
    }
    #expect(ended == nil)
    #expect(try refusal { $0.footer.interrupted = true } == "p: exit is \(run.footer.exit), its units make it 130")
  }

  @Test func `RUN-21 rows and columns of a divergence are bounded`() throws {
    let bytes = SampleRun.run(units: 3).lines
    func refusal(_ rows: Int, _ columns: Int) -> String? {
      let text = bytes.replacing(#""rows":11,"columns":16"#, with: #""rows":\#(rows),"columns":\#(columns)"#)
      #expect(text != bytes)
      do {
        _ = try ResultsFile(decoding: Array(text.utf8), path: "p")
        return nil
      } catch { return "\(error)" }
    }
    for (rows, columns) in [(1 << 58, 16), (11, 1 << 58), (.max, .max), (1 << 31 + 1, 1), (0, 1)] {
      #expect(refusal(rows, columns)?.contains(" is not a count of 1 to 2147483648") == true, "\(rows), \(columns)")
    }
    #expect(refusal(1 << 16, 1 << 16)?.hasPrefix("p: line 3: 65536 rows of 65536 columns are more than") == true)
    #expect(refusal(1 << 15, 1 << 16)?.contains("cells is not 64 rows of 64 numbers") == true)
  }

  @Test func `RUN-21 a run goes on where its results end, if it is the same run`() throws {
    let whole = SampleRun.run(units: 30)
    let lines = whole.lines.split(separator: "\n")
    let text = lines.prefix(21).map { $0 + "\n" }.joined() + "{\"id\":"
    let file = try ResultsFile(decoding: Array(text.utf8), path: "p")
    let kept = try file.reusable(for: whole.header)
    #expect(kept == whole.results.prefix(20).filter { ![.notRun, .runnerError].contains($0.verdict) })
    var other = whole.header
    other.candidate.version = "0.4"
    #expect(throws: ReportError.notThisRun(member: "candidate", path: "p")) { try file.reusable(for: other) }
    other = whole.header
    other.manifestDigest = String(repeating: "a", count: 64)
    #expect(throws: ReportError.notThisRun(member: "manifest_sha256", path: "p")) { try file.reusable(for: other) }
    other = whole.header
    other.shard = (1, 2)
    #expect(throws: ReportError.notThisRun(member: "shard", path: "p")) { try file.reusable(for: other) }
    other = whole.header
    other.started = "2027-01-01T00:00:00Z"
    #expect(try file.reusable(for: other) == kept)
  }
}

/// A folder that is removed at the end.
final class ReportFolder {
  let path: String

  init() throws {
    path = Scratch.parent + "/loma-reports-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var contents: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
}
