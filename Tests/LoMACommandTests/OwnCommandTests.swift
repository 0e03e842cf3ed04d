// `loma conform --model` as a process: options, right and wrong ports, what is undecidable, reports and exit codes. What
// the yardstick decides is tested where it is computed.

import Foundation
import LoMAVectors
import Testing

@testable import LoMACommand

/// A folder, the binary, and models of the vectors, for tests of runs on a model.
struct OwnBench {
  let folder: TemporaryFolder
  let binary: Binary

  init() throws {
    folder = try TemporaryFolder()
    binary = try Binary()
  }

  /// A shell line in the folder; `$text` and `$random` are trained models of the vectors, `$bytes` one of high variance.
  func shell(_ line: String) throws -> (output: String, errors: String, exitCode: Int32) {
    let models = projectVectors + "/models"
    return try binary.shell(
      "cd '\(folder.path)' && text='\(models)/text-c4' random='\(models)/random-c8' bytes='\(models)/bytes' "
        + "port='\(binary.path) reference --dtypes f32,bf16,f16'; \(line)")
  }

  func text(_ path: String) throws -> String {
    try String(contentsOfFile: folder.path + "/" + path, encoding: .utf8)
  }

  /// The units of a file of results, without what differs from run to run.
  func units(_ path: String) throws -> [String] {
    try text(path + "/results.jsonl").split(separator: "\n").dropFirst().dropLast().map {
      String($0.replacing(#/"seconds":[0-9.e+-]+/#, with: ""))
    }
  }
}

@Suite("Command: conform --model")
struct OwnCommandTests {
  private let bench: OwnBench

  init() throws { bench = try OwnBench() }

  private static let bytes = projectVectors + "/models/bytes"

  @Test(arguments: [
    (
      "--dtype f64",
      "one of f32, bf16, f16 for a model, not 'f64': the reference itself computes in f64, so nothing finer says"
    ),
    ("--dtype bf", "for a model, not 'bf' (did you mean bf16?)"),
    ("--name some", "option --name takes one of none, axes, all, not 'some'"),
    ("--tokens 1 --string a", "--tokens and --string exclude each other: one text is asked"),
    ("--seed -1", "option --seed takes a number of at least 0, not -1"),
    ("--level model", "option --level is for vectors and not for a model of one's own, where --only chooses units"),
    ("--fresh=7", "option --fresh is for vectors"), ("--jobs 2", "option --jobs is for vectors"),
    ("--lvel model", "unknown option --lvel"), ("--all-layers all", "option --all-layers takes one of yes, no"),
    ("--timeout-factor 0", "option --timeout-factor takes a number of 0.001...1000.0, not '0'"),
    ("--tokens 1,2,3", "text-too-short: 3 tokens"), ("--tokens 1,2,3,4,5,6,7,8,300", "text-token-out-of-range"),
    ("--c 0", "ratio-below-one"), ("--profile memory=x", "unknown-axis"), ("--", "a command is required after --"),
  ])
  func `OWN-8 what is wrong with a line about a model is one line`(_ options: String, _ complaint: String) {
    let outcome = loma("conform --model \(Self.bytes) \(options)")
    #expect(outcome.exitCode == .rejected && outcome.output.isEmpty, "\(outcome)")
    #expect(outcome.complaint?.contains(complaint) == true, "\(outcome.complaint ?? "none")")
    #expect(outcome.complaint?.contains("\n") == false)
  }

  @Test func `OWN-8 what is no model is refused before anything is started`() throws {
    let nowhere = try bench.shell("loma conform --model nowhere -- ./no-such-port")
    #expect(nowhere.exitCode == 2 && nowhere.errors.contains("nowhere/config.json"), "\(nowhere)")
    let missing = try bench.shell("loma conform --model $bytes -- ./no-such-port")
    #expect(missing.exitCode == 3 && missing.errors.contains("no-such-port"), "\(missing)")
    let narrow = try bench.shell("loma conform --model $bytes -- \(bench.binary.path) reference --dtypes f64")
    #expect(narrow.exitCode == 2 && narrow.errors.contains("the candidate declares f64: "), "\(narrow)")
    #expect(narrow.errors.contains("ask the port in f32"))
    try Files.create(
      bench.folder.path + "/untyped.sh",
      with: Array("'\(bench.binary.path)' reference | sed -u 's/\"dtypes\":\\[[^]]*\\]/\"dtypes\":[]/'\n".utf8))
    let untyped = try bench.shell("loma conform --model $bytes -- sh untyped.sh")
    #expect(untyped.exitCode == 2 && untyped.errors.contains("the candidate declares no element type: "), "\(untyped)")
    // RUN-5: a family that the hello does not list, in a run and in answers from elsewhere.
    try Files.create(
      bench.folder.path + "/plain.sh",
      with: Array("'\(bench.binary.path)' reference \"$@\" | sed -u 's/\"qwen2\",//'\n".utf8))
    for line in [
      "loma conform --model $bytes/../qwen2 --c 2 --t 1 --only own.forward.text1 -- sh plain.sh --dtypes f32",
      """
      loma requests asked --model $bytes/../qwen2 --c 2 --t 1 --dtype f32 > /dev/null && (cd asked \
      && sh ../plain.sh --dtypes f32 < requests.jsonl > answers.jsonl); loma judge asked --model $bytes/../qwen2 --report r
      """,
    ] {
      let foreign = try bench.shell(line)
      #expect(foreign.exitCode == 2, "\(foreign)")
      #expect(
        foreign.errors.contains("undeclared-family: the model needs qwen2, which the candidate's hello"), "\(foreign)")
      #expect(foreign.errors.contains(#""mistral","qwen2","qwen3"] to its hello"#), "\(foreign)")
      #expect(!foreign.output.contains("right"), "\(foreign)")
    }
    let plain = try bench.shell(
      "mkdir plain && cp $bytes/model.safetensors plain && sed 's/\"loma\"/\"other\"/' $bytes/config.json > plain/config.json; "
        + "loma conform --model plain")
    #expect(plain.exitCode == 2 && plain.errors.contains("missing-configuration: loma.text_vocabulary: "), "\(plain)")
    #expect(plain.errors.contains("run loma extend first"), "\(plain)")
    let nothing = try bench.shell("loma judge nothing --report r --model $bytes")
    #expect(
      nothing.exitCode == 2 && nothing.errors.contains("'nothing' holds no requests about a model: "), "\(nothing)")
    #expect(try bench.shell("loma conform --model $bytes --only 'own.nothing*'").exitCode == 4)
  }

  @Test func `OWN-8 a right port is right in every type, and the model stays as it is`() throws {
    let run = try bench.shell(
      "cp -r $random model; cksum model/* > before; loma conform --model model --report reports -- $port; code=$?; "
        + "cksum model/* | cmp - before || exit 77; exit $code")
    #expect(run.exitCode == 0, "\(run)")
    for type in ["f32", "bf16", "f16"] { #expect(run.output.contains("\n\(type): right"), "\(run.output)") }
    // Before anything was asked, what it costs and what can be decided.
    #expect(
      run.errors.contains(" passes of the reference over ") && run.errors.contains("\ndecidable"), "\(run.errors)")
    #expect(run.errors.contains("memory_attention=causal"))
    #expect(run.errors.contains(" on disk; the port's own time comes on top\n"), "\(run.errors)")
    #expect(
      Set(try FileManager.default.contentsOfDirectory(atPath: bench.folder.path + "/reports")) == [
        "results.jsonl", "report.json", "junit.xml", "report.html", "badge.json",
      ])
    #expect(try bench.text("reports/report.json").contains("f16: right"))
    #expect(try bench.units("reports").contains { $0.contains(#""id":"own.layer0.text0","dtype":"bf16""#) })
    let again = try bench.shell("loma report render reports/results.jsonl --output again")
    #expect(again.exitCode == 0, "\(again)")
    #expect(try bench.text("again/junit.xml") == bench.text("reports/junit.xml"))
  }

  @Test func `OWN-8 the reference itself, in binary64, is right in f32`() throws {
    let run = try bench.shell("loma conform --model $text --name none -- '\(bench.binary.path)' reference")
    #expect(run.exitCode == 0 && run.output.contains("\nf32: right"), "\(run)")
    #expect(!run.errors.contains("decidable"))
  }

  /// Another reading of the paper, and a mutant of the mask; another of each with LOMA_EVERY_PAIR set. check_own.py asks
  /// all of them.
  static let mistakes =
    [("memory_attention=causal", "axes"), ("M012", "all")]
    + (ProcessInfo.processInfo.environment["LOMA_EVERY_PAIR"] == nil
      ? [] : [("numbering=sequential", "axes"), ("M027", "all")])

  @Test(arguments: mistakes)
  func `OWN-4 a wrong port is wrong, and its mistake named`(_ mistake: String, _ naming: String) throws {
    let run = try bench.shell(
      "loma conform --model $random --name \(naming) --dtype f32,bf16 -- $port --mutant \(mistake)")
    #expect(run.exitCode == 1, "\(run)")
    #expect(run.output.contains("\nf32: wrong"), "\(run.output)")
    let line = try #require(run.output.split(separator: "\n").first { $0.hasPrefix("f32: wrong") })
    #expect(line.contains(mistake), "\(line)")
    #expect(
      run.output.contains("  hunts: ") && run.output.contains("  where: ")
        && run.output.contains("  again: loma conform --model "), "\(run.output)")
    // What is not decidable in a type was said beforehand, and is never called right without saying so again.
    if run.output.contains("\nbf16: right") {
      #expect(run.output.contains("bf16: not decidable: ") && run.output.contains(mistake))
    }
  }

  @Test func `OWN-9 a name comes with the smallest text that shows it, and a command that asks about it alone`() throws
  {
    let run = try bench.shell(
      "loma conform --model $text --dtype f32 --report reports --string 'the memory of a chunk is all that is left' "
        + "-- $port --mutant memory_attention=causal")
    #expect(run.exitCode == 1, "\(run)")
    let start = "f32: memory_attention=causal: "
    let lines = run.output.split(separator: "\n").filter { $0.hasPrefix(start) }
    #expect(lines.first?.contains("has 5 tokens under c = 1, t = 2, 2 chunks, 13 rows; β ") == true, "\(run.output)")
    for report in ["report.json", "report.html", "results.jsonl"] {
      #expect(try bench.text("reports/" + report).contains("5 tokens under c = 1, t = 2"), "\(report)")
    }
    let command = try #require(lines.last?.dropFirst((start + "again: ").count))
    #expect(
      command.contains(" --c 1 --t 2 --tokens 116,104,101,32,109 ") && !command.contains("--string"), "\(command)")
    let again = try bench.shell("\(command)")
    #expect(again.exitCode == 1, "\(again)")
    #expect(again.output.contains("\nf32: wrong: memory_attention=causal: "), "\(again.output)")
    #expect(again.output.contains("; there is no smaller one; β "))
  }

  @Test func `RUN-5 a port without captures is judged by its logits, and one without generation claims less`() throws {
    let plain = "sed -u 's/,\"captures\":true//; s/\"generate\",\"reconstruct\"/\"generate\"/'"
    try Files.create(
      bench.folder.path + "/port.sh", with: Array("'\(bench.binary.path)' reference \"$@\" | \(plain)\n".utf8))
    let right = try bench.shell("loma conform --model $text --dtype f32 --report reports -- sh port.sh --dtypes f32")
    #expect(right.exitCode == 0 && right.output.contains("\nf32: right"), "\(right)")
    let units = try bench.units("reports")
    #expect(!units.contains { $0.contains("attention.context") } && units.contains { $0.contains("logits") })
    #expect(units.contains { $0.contains("own.reconstruct") && $0.contains(#""verdict":"unsupported""#) })
    let wrong = try bench.shell(
      "loma conform --model $text --dtype f32 -- sh port.sh --dtypes f32 --mutant memory_attention=causal")
    #expect(wrong.exitCode == 1 && wrong.output.contains("\nf32: wrong"), "\(wrong)")
  }

  @Test func `RUN-11 damaged replies are verdicts, and a port that ends again and again is given up`() throws {
    let cases = [
      ("while read -r l; do case $l in *hello*) echo \"$hello\";; *) exit 5;; esac; done", "crash", "not asked: "),
      (
        "while read -r l; do case $l in *hello*) echo \"$hello\";; *) echo '{\"loma\":1,\"id\":1,\"ok\":{}}';; esac; done",
        "invalid-output", "missing: there is no file"
      ),
      (
        "while read -r l; do case $l in *hello*) echo \"$hello\";; *) echo '{\"loma\":1';; esac; done",
        "protocol-error",
        "not asked: "
      ),
    ]
    let hello =
      #"hello='{"loma":1,"id":0,"ok":{"protocol":1,"name":"bad","version":"1","ops":["forward","loss"],"dtypes":["f32"],"profiles":"any"}}'"#
    for (script, verdict, said) in cases {
      try Files.replace(bench.folder.path + "/bad.sh", with: Array((hello + "\n" + script + "\n").utf8))
      let run = try bench.shell("loma conform --model $bytes --name none --report r -- sh bad.sh; code=$?; exit $code")
      #expect(run.exitCode == 1, "\(run)")
      let units = try bench.units("r")
      #expect(units.contains { $0.contains("\"verdict\":\"\(verdict)\"") }, "\(run.output)")
      #expect(units.contains { $0.contains(said) }, "\(run.output)")
      #expect(!run.output.contains("f32: right") && !run.output.contains("  hunts: "), "\(run.output)")
    }
  }
}
