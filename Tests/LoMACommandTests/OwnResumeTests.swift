// Runs on a model that are interrupted and resumed, or whose port runs elsewhere.

import Foundation
import LoMAVectors
import Testing

@testable import LoMACommand

@Suite("Command: conform --model, resumed and elsewhere")
struct OwnResumeTests {
  private let bench: OwnBench

  init() throws { bench = try OwnBench() }

  @Test func `RUN-13 an interrupted run on a model is resumed to what the whole run says`() throws {
    // The port slows down after its third answer, so that the interruption arrives between two questions.
    try Files.create(
      bench.folder.path + "/slow.sh",
      with: Array(
        """
        '\(bench.binary.path)' reference --dtypes f32,bf16 | while IFS= read -r line; do
          n=$((n+1)); if [ $n -gt 4 ] && [ -e slow ]; then sleep 1; fi; printf '%s\\n' "$line"
        done

        """.replacing("-e slow", with: "-e '\(bench.folder.path)/slow'").utf8))
    let line = "loma conform --model $text --seed 3"
    let run = try bench.shell(
      """
      touch slow
      '\(bench.binary.path)' conform --model $text --seed 3 --report part -- sh slow.sh > said 2>&1 & runner=$!
      n=0; while [ $n -lt 600 ]; do n=$((n+1)); sleep 0.1
        if [ -e part/results.jsonl ] && [ $(wc -l < part/results.jsonl) -gt 4 ]; then break; fi; done
      kill -INT $runner; wait $runner; echo "interrupted $?"
      rm slow; cp -r part kept
      \(line) --report part --resume part/results.jsonl -- sh slow.sh; echo "resumed $?"
      \(line) --report whole -- sh slow.sh; echo "whole $?"
      """)
    #expect(run.output.contains("interrupted 130\n"), "\(run)")
    #expect(run.output.contains("resumed 0\n") && run.output.contains("whole 0\n"), "\(run)")
    #expect(run.output.contains(" units taken over from part/results.jsonl"))
    #expect(try bench.units("part") == bench.units("whole"))
    #expect(try !bench.units("whole").isEmpty)
    // What was computed is kept for the run that goes on, and removed behind it.
    #expect(FileManager.default.fileExists(atPath: bench.folder.path + "/kept/yardstick"))
    #expect(!FileManager.default.fileExists(atPath: bench.folder.path + "/part/yardstick"))
    // Another run, another model, damaged findings: refused on one line.
    for (change, complaint) in [
      ("--seed 4", "results of another run: that one was asked with --seed 3, this one with --seed 4\n"),
      ("--c 2", "that one was asked with --seed 3 and without --c, this one without --seed and with --c 2\n"),
      ("--seed 3 --dtype bf16", "that one was asked without --dtype, this one with --dtype bf16\n"),
    ] {
      let other = try bench.shell(
        "\(line.replacing("--seed 3", with: change)) --resume kept/results.jsonl -- sh slow.sh")
      #expect(other.exitCode == 2 && other.errors.contains(complaint), "\(other)")
    }
    let narrower = try bench.shell(
      "sed 's/f32,bf16/f32/' slow.sh > narrow.sh; \(line) --resume kept/results.jsonl -- sh narrow.sh")
    #expect(
      narrower.exitCode == 2 && narrower.errors.contains("the candidate declares other element types"), "\(narrower)")
    let nothing = try bench.shell("\(line) --resume nowhere/results.jsonl -- sh slow.sh")
    #expect(
      nothing.exitCode == 2 && nothing.errors.contains("nowhere/results.jsonl: no such file; a run"), "\(nothing)")
    for text in ["{}\\n", "[]\\n", "{\"loma_own\":1,\"id\":\"a\",\"dtype\":\"f32\",\"measurements\":3}\\n", "x\\n"] {
      let broken = try bench.shell(
        "printf '\(text)' > kept/own.jsonl; \(line) --resume kept/results.jsonl -- sh slow.sh")
      #expect(broken.exitCode == 2 && broken.errors.contains("own.jsonl: line 1: "), "\(broken)")
    }
  }

  @Test func `RUN-27 requests about a model are answered elsewhere and judged as the run itself is`() throws {
    let run = try bench.shell(
      """
      loma requests asked --model $text --report judged && (cd asked && loma reference --dtypes f32,bf16 \
      < requests.jsonl > answers.jsonl) && loma judge asked --model $text --report judged; echo "judged $?"
      loma conform --model $text --dtype f32,bf16 --report run -- '\(bench.binary.path)' reference --dtypes f32,bf16
      """)
    #expect(run.exitCode == 0 && run.output.contains("judged 0\n"), "\(run)")
    #expect(run.output.contains(" requests in asked/requests.jsonl\n"))
    // The next two commands, and the deadline that the first of them keeps: at least five minutes (OWN-8).
    #expect(run.output.contains(": python3 Tests/Candidates/answer_requests.py asked -- COMMAND\n"), "\(run.output)")
    #expect(run.output.contains("\nthen here: loma judge asked --model /"), "\(run.output)")
    #expect(run.output.contains("/models/text-c4 --report judged\n"), "\(run.output)")
    let seconds = try bench.text("asked/own.json").firstMatch(of: #/"seconds":(\d+)}/#).flatMap { Int($0.1) }
    #expect(try #require(seconds) >= 300)
    func judged(_ path: String) throws -> [String] {
      try bench.units(path).map { String($0.replacing(#/"noise":\d+/#, with: "")) }
    }
    #expect(try judged("judged") == judged("run"))
    // Nothing that is expected lies among the requests.
    let names = try FileManager.default.subpathsOfDirectory(atPath: bench.folder.path + "/asked")
    #expect(names.contains("models/layer0/config.json") && !names.contains { $0.contains("yardstick") }, "\(names)")
    let again = try bench.shell("loma requests asked --model $text")
    #expect(again.exitCode == 2 && again.errors.contains("File exists"), "\(again)")
    let other = try bench.shell("loma judge asked --model $bytes --report other")
    #expect(other.exitCode == 2 && other.errors.split(separator: "\n").count == 1, "\(other)")
    let none = try bench.shell("loma judge asked --report other")
    #expect(none.exitCode == 2 && none.errors.contains("option --model is needed"), "\(none)")
    let wrong = try bench.shell(
      """
      cd asked && rm -f *.output.safetensors
      loma reference --dtypes f32,bf16 --mutant memory_attention=causal < requests.jsonl > answers.jsonl
      cd .. && loma judge asked --model $text --report judged
      """)
    #expect(wrong.exitCode == 1 && wrong.output.contains("\nf32: wrong"), "\(wrong)")
    // What was computed before the first answers serves these too; without it that is said.
    #expect(!run.errors.contains("is computed now") && wrong.errors.isEmpty, "\(run.errors) \(wrong.errors)")
    let elsewhere = try bench.shell("loma judge asked --model $text --report wrong")
    #expect(elsewhere.exitCode == 1 && elsewhere.output == wrong.output.replacing(" in judged\n", with: " in wrong\n"))
    #expect(elsewhere.errors.contains("lies in wrong, so it is computed now:\n"), "\(elsewhere.errors)")
    #expect(elsewhere.errors.contains(" passes of the reference over "), "\(elsewhere.errors)")
    // Answers from elsewhere cannot be followed by another question.
    #expect(wrong.output.contains(", of those that were answered; no smaller one can be asked; "), "\(wrong)")
  }

  @Test(arguments: [
    "", "{}", "[1]", #"{"loma_own":1,"options":["--report","x"],"sha256":"0"}"#,
    #"{"loma_own":1,"options":[1],"sha256":"\#(String(repeating: "0", count: 64))"}"#,
    #"{"loma_own":1,"options":["--file","/etc/passwd"],"sha256":"\#(String(repeating: "0", count: 64))"}"#,
    #"{"loma_own":1,"options":["--c","4"],"sha256":"\#(String(repeating: "0", count: 64))"}"#,
    #"{"loma_own":1,"options":["--dtype","f32"],"sha256":"\#(String(repeating: "0", count: 64))","seconds":0}"#,
    #"{"loma_own":1,"options":["--dtype","f32"],"sha256":"\#(String(repeating: "0", count: 64))","second":9}"#,
  ])
  func `RUN-27 damaged settings of requests are one line`(_ settings: String) throws {
    try FileManager.default.createDirectory(atPath: bench.folder.path + "/asked", withIntermediateDirectories: true)
    try Files.create(bench.folder.path + "/asked/own.json", with: Array(settings.utf8))
    let hello =
      #"{"loma":1,"id":0,"ok":{"protocol":1,"name":"n","version":"1","ops":["forward"],"dtypes":["f32"]}}"# + "\n"
    try Files.create(bench.folder.path + "/asked/answers.jsonl", with: Array(hello.utf8))
    let judged = try bench.shell("loma judge asked --model $bytes --report r")
    #expect(judged.exitCode == 2 && judged.errors.split(separator: "\n").count == 1, "\(judged)")
    #expect(judged.errors.contains("own.json"), "\(judged)")
  }
}
