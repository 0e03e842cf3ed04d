// `loma conform` and the commands around a run, as processes: options, exit codes, shards, reports, requests, skeletons.
// What the runner decides is tested in LoMAConformanceTests.

import Foundation
import LoMAVectors
import Testing

@testable import LoMACommand

@Suite("Command: conform")
struct ConformCommandTests {
  private let folder: TemporaryFolder
  private let binary: Binary

  init() throws {
    folder = try TemporaryFolder()
    binary = try Binary()
  }

  /// A shell line in the test's folder, with the project's vectors.
  private func shell(_ line: String) throws -> (output: String, errors: String, exitCode: Int32) {
    try binary.shell("cd '\(folder.path)' && export LOMA_VECTORS='\(projectVectors)' && \(line)")
  }

  private func text(_ path: String) throws -> String {
    try String(contentsOfFile: folder.path + "/" + path, encoding: .utf8)
  }

  @Test(arguments: [
    ("conform --dtype f8", "option --dtype takes one of f64, f32, bf16, f16, not 'f8'"),
    ("conform --level none", "option --level takes one of structure, "),
    ("conform --op none", "option --op takes one of layout, "),
    ("conform --shard 3/2", "option --shard takes I/N with 1 ≤ I ≤ N ≤ 10000, not '3/2'"),
    ("conform --jobs 0", "option --jobs takes 1...256, not 0"),
    ("conform --timeout-factor nan", "option --timeout-factor takes a number of 0.001...1000.0, not 'nan'"),
    ("conform --memory-limit -1", "option --memory-limit takes a number of 0.001...65536.0, not '-1'"),
    ("conform --strict-stdout maybe", "option --strict-stdout takes one of yes, no, not 'maybe'"),
    ("conform --profile memory=x", "unknown-axis"), ("conform --what x", "unknown option --what"),
    ("report", "merge or render is required"), ("report merge --output x", "a file of results is required"),
    ("report render a b --output x", "render takes one file, got 2"), ("judge x", "option --report is needed"),
    ("requests", "a folder is required"), ("init cobol", "python"), ("compare one", "compare"),
    ("calibrate", "calibrate"),
  ])
  func `what is wrong with a line is one line`(_ line: String, _ complaint: String) {
    let outcome = loma(line)
    #expect(outcome.exitCode == .rejected, "\(outcome)")
    #expect(outcome.complaint?.contains(complaint) == true, "\(outcome.complaint ?? "none")")
    #expect(outcome.complaint?.contains("\n") == false && outcome.output.isEmpty)
  }

  @Test func `RUN-16 a selection of the built-in reference passes, nothing selected is no success`() throws {
    let passed = try shell("loma conform --level rejection --op layout")
    #expect(passed.exitCode == 0 && passed.output.contains("claims met"), "\(passed)")
    #expect(try shell("loma conform --only nothing.of.this.name").exitCode == 4)
    let missing = try shell("loma conform -- ./no-such-port")
    #expect(missing.exitCode == 3 && missing.errors.contains("no-such-port"))
  }

  @Test func `RUN-25 a wrong port fails with a report that names the mistake`() throws {
    let run = try shell(
      "loma conform --dtype f32 --only '*lossless-chunk0' --report reports -- loma-of-test || exit $?".replacing(
        "loma-of-test", with: "'\(binary.path)' reference --mutant M063"))
    #expect(run.exitCode == 1, "\(run)")
    #expect(run.output.contains("\nmost likely: M063: "), "\(run.output)")
    #expect(
      Set(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/reports")) == [
        "results.jsonl", "report.json", "junit.xml", "report.html", "badge.json",
      ])
    #expect(try text("reports/junit.xml").contains("generation.reconstruct.random-c4.lossless-chunk0"))
    let line = try #require(run.output.split(separator: "\n").first { $0.hasPrefix("most likely: M063: ") })
    let cause = line.dropFirst("most likely: ".count)
    for report in ["report.json", "results.jsonl", "report.html", "junit.xml"] {
      #expect(try text("reports/" + report).contains(cause), "\(report)")
    }
    #expect(try text("reports/report.html").contains("most likely one cause: " + cause + "</h1>"))
  }

  @Test func `RUN-30 two mistakes of one process are both named before the last line`() throws {
    let run = try shell(
      "loma conform --dtype f32 --level stage -- '\(binary.path)' reference --mutant M093,M103 --dtypes f32")
    let lines = run.output.split(separator: "\n").suffix(3)
    #expect(lines.first?.hasPrefix("most likely: M093: ") == true, "\(run)")
    #expect(lines.dropFirst().first?.hasPrefix("and most likely: M103: ") == true)
    #expect(lines.last?.contains("claims met") == true)
    func said(_ jobs: Int) throws -> [String] {
      let line = "loma conform --dtype f32 --level stage --jobs \(jobs) --report \(jobs) -- '\(binary.path)' reference"
      #expect(try shell("\(line) --mutant M093,M103 --dtypes f32").exitCode == 1)
      let footer = try #require(try text("\(jobs)/results.jsonl").split(separator: "\n").last)
      let value = try StrictJSON.parse(Array(footer.utf8), sizeLimit: 1 << 20, depthLimit: 4)
      return value.objectValue?["diagnosis"]?.arrayValue?.compactMap { $0.stringValue } ?? []
    }
    let (one, two) = (try said(1), try said(2))
    #expect(one == lines.dropLast().map { String($0) } && one == two)
    for unknown in ["M093,M093", "M093,M000", "M093,memory_attention=often"] {
      #expect(try shell("loma reference --mutant \(unknown)").exitCode == 2, "\(unknown)")
    }
  }

  /// By the chunks that trained models lose, and nothing else.
  @Test(arguments: [
    ("M050", "M050: "),
    ("repetition_attention=self_only", "the reference with repetition_attention = self_only"),
  ])
  func `RUN-30 lost chunks alone say which mistake a port makes`(_ mistake: String, _ named: String) throws {
    let run = try shell(
      "loma conform --dtype f32 --only '*random*lossless-chunk*' -- '\(binary.path)' reference --mutant \(mistake)")
    #expect(run.exitCode == 1 && run.output.contains("\nmost likely: \(named)"), "\(run)")
  }

  @Test func `RUN-22 two shards are merged to what one run writes, times aside, and drawn again`() throws {
    let run = try shell(
      """
      for shard in 1 2; do loma conform --level structure --op cost --shard $shard/2 --report $shard >&2; done
      loma conform --level structure --op cost --report whole >&2
      loma report merge 1/results.jsonl 2/results.jsonl --output all && loma report render all/results.jsonl --output again
      """)
    #expect(run.exitCode == 0, "\(run)")
    func units(_ path: String) throws -> [String] {
      try text(path).split(separator: "\n").dropFirst().dropLast().map {
        String($0.replacing(#/"seconds":[0-9.e+-]+/#, with: ""))
      }
    }
    #expect(try units("all/results.jsonl") == units("whole/results.jsonl"))
    #expect(try !units("whole/results.jsonl").isEmpty)
    #expect(try text("again/report.json") == text("all/report.json"))
    let half = try shell("loma report merge 1/results.jsonl --output half")
    #expect(half.exitCode != 0 && half.errors.split(separator: "\n").count == 1, "\(half)")
    #expect(!folder.contents.contains("half"))
  }

  @Test func `RUN-27 requests are written without answers, and answers that are missing are no success`() throws {
    let written = try shell("loma requests asked")
    #expect(written.exitCode == 0 && written.output.hasSuffix(" requests in asked/requests.jsonl\n"), "\(written)")
    try Files.create(
      folder.path + "/asked/answers.jsonl",
      with: Array(
        #"{"loma":1,"id":0,"ok":{"protocol":1,"name":"n","version":"1","ops":["cost"],"dtypes":["f64"],"profiles":"any"}}"#
          .utf8) + [10])
    let judged = try shell("loma judge asked --report judged")
    #expect(judged.exitCode == 1 && folder.contents.contains("judged"), "\(judged)")
    #expect(try shell("loma requests asked").exitCode == 2)
  }

  @Test(arguments: [("python", "py"), ("swift", "swift"), ("c", "c")])
  func `RUN-29 a skeleton is written once and never over a file`(_ language: String, _ suffix: String) throws {
    #expect(try shell("loma init \(language) --output made").exitCode == 0)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/made")
    #expect(names.count == 1 && names[0].hasSuffix("." + suffix))
    let again = try shell("loma init \(language) --output made")
    #expect(again.exitCode == 2 && again.errors.contains(names[0]), "\(again)")
  }

  @Test func `two files are compared, and the row of the largest difference is named`() throws {
    let case1 = projectVectors + "/model/forward.gqa.c2-t2-n8/expected.safetensors"
    #expect(try shell("loma compare '\(case1)' '\(case1)'").exitCode == 0)
    var arrays = try ArrayFile(contentsOf: case1, byteLimit: 1 << 24).arrays
    var values = try arrays[0].doubles()
    values[0] += 1
    arrays[0] = try NamedArray(arrays[0].name, .f64, shape: arrays[0].shape, doubles: values)
    try ArrayFile(arrays, metadata: [:]).write(to: folder.path + "/b.safetensors")
    let differs = try shell("loma compare '\(case1)' b.safetensors --rows 2,2,8")
    #expect(differs.exitCode == 1 && differs.output.contains("reading"), "\(differs)")
    #expect(try shell("loma compare '\(case1)' none.safetensors").exitCode == 2)
  }
}
