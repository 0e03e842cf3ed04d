// RUN-5, RUN-13, RUN-16, RUN-28: what attacks on a run found, kept from coming back.

import Foundation
import LoMAVectors
import Testing

@testable import LoMACommand

@Suite("Command: attacks on a run")
struct RunAttackTests {
  private let folder: TemporaryFolder
  private let binary: Binary

  init() throws {
    folder = try TemporaryFolder()
    binary = try Binary()
    try write("port", "#!/bin/sh\nexec '\(binary.path)' reference\n")
  }

  private func shell(_ line: String) throws -> (output: String, errors: String, exitCode: Int32) {
    try binary.shell("cd '\(folder.path)' && export LOMA_VECTORS='\(projectVectors)' && \(line)")
  }

  private func write(_ name: String, _ text: String) throws {
    try text.write(toFile: folder.path + "/" + name, atomically: true, encoding: .utf8)
    chmod(folder.path + "/" + name, 0o755)
  }

  @Test func `RUN-5 an element type that is asked for and not declared is not green`() throws {
    let run = try shell("loma conform --level stage --op rope --dtype f32 -- '\(binary.path)' reference --dtypes f64")
    #expect(run.exitCode == 1 && run.output.contains("17 unsupported; 0 of 4 claims met, 4 not claimed"), "\(run)")
    #expect(run.output.contains("\n--dtype f32: the candidate does not declare it\n"))
    let whole = try shell("loma conform --op rope --require-all yes -- '\(binary.path)' reference --dtypes f64")
    #expect(whole.exitCode == 0 && whole.output.contains("4 of 4 claims met"), "\(whole)")
    #expect(try shell("loma conform --op rope --require stage,training -- ./port").exitCode == 1)
  }

  @Test func `RUN-13 a run goes on with the same build only, and says what it takes over`() throws {
    let command = "loma conform --level structure --op metrics --report r -- ./port"
    #expect(try shell(command).exitCode == 0)
    // As a killed run leaves it: some units, no footer.
    #expect(try shell("head -n 5 r/results.jsonl > part.jsonl && cp part.jsonl r/results.jsonl").exitCode == 0)
    let resumed = try shell("loma conform --level structure --op metrics --report r --resume r/results.jsonl -- ./port")
    #expect(resumed.exitCode == 0 && resumed.output.hasPrefix("4 of 9 units taken over from r/results.jsonl, of "))
    #expect(resumed.output.contains(" 9 units: 9 pass; "), "\(resumed)")
    let over = try shell("loma conform --level structure --op metrics --resume r/results.jsonl -- ./port")
    #expect(over.exitCode == 2 && over.errors.contains("this run came to its end"), "\(over)")
    try write("port", "#!/bin/sh\n# mended\nexec '\(binary.path)' reference\n")
    let other = try shell("loma conform --level structure --op metrics --resume part.jsonl -- ./port")
    #expect(other.exitCode == 2 && other.errors.contains("they differ in candidate"), "\(other)")
  }

  @Test func `RUN-28 what lies in a folder of reports is neither waited for nor written through`() throws {
    let run = "loma conform --level structure --op metrics"
    let pipe = try shell("mkdir a && mkfifo a/results.jsonl && \(run) --report a")
    #expect(pipe.exitCode == 2 && pipe.errors.contains("not a regular file"), "\(pipe)")
    let link = try shell("mkdir b && echo mine > precious && ln -s ../precious b/results.jsonl && \(run) --report b")
    #expect(link.exitCode == 2 && link.output.isEmpty, "\(link)")
    #expect(try shell("cat precious").output == "mine\n")
    let page = try shell("mkdir -p c/report.html && \(run) --report c")
    #expect(page.exitCode == 2 && page.output.isEmpty, "before anything is asked")
    let smallest = try shell("mkdir -p d/smallest && echo mine > d/smallest/notes && \(run) --fresh 5 --report d")
    #expect(smallest.exitCode == 2 && smallest.errors.contains("d/smallest holds no vectors"), "\(smallest)")
  }

  @Test func `RUN-28 a report that cannot be written takes nothing from what is printed`() throws {
    // It removes the folder when it is told to stop: after the last answer, before the reports.
    try write("port", "#!/bin/sh\n'\(binary.path)' reference\nrm -rf '\(folder.path)/r'\n")
    let run = try shell("loma conform --level structure --op metrics --jobs 1 --report r -- ./port")
    #expect(run.exitCode == 0 && run.output.contains(" 9 units: 9 pass; "), "\(run)")
    // Where its folder can be made again, it is; where not, a line says so.
    try write("port", "#!/bin/sh\n'\(binary.path)' reference\nrm -rf '\(folder.path)/r'\necho x > '\(folder.path)/r'\n")
    let blocked = try shell("rm -rf r; loma conform --level structure --op metrics --jobs 1 --report r -- ./port")
    #expect(blocked.exitCode == 2 && blocked.output.contains(" 9 units: 9 pass; "), "\(blocked)")
    #expect(blocked.errors.contains("cannot write r"), "\(blocked)")
  }

  @Test func `RUN-28 of two runs in one folder the second is refused`() throws {
    try write("slow", "#!/bin/sh\nsleep 5\nexec '\(binary.path)' reference\n")
    let run = try shell(
      """
      { loma conform --level structure --op metrics --report r -- ./slow > first & sleep 1; \
      loma conform --level structure --op metrics --report r -- ./port; echo "code $?"; wait; cat first; }
      """)
    #expect(run.output.contains("code 2") && run.errors.contains("another run writes its reports there"), "\(run)")
    #expect(run.output.contains(" 9 units: 9 pass; "))
  }

  @Test func `RUN-11 more jobs than the system has descriptors for are refused`() throws {
    let run = try shell("ulimit -n 64; loma conform --level structure --op metrics --jobs 200")
    #expect(run.exitCode == 2 && run.errors.contains("option --jobs 200 needs 2432 open files"), "\(run)")
    #expect(run.errors.contains("limit is 64"))
  }

  @Test func `RUN-13 a run goes on with the same list of known failures only`() throws {
    try write("known", "structure.metrics.exact reason\r\n")
    let run = "loma conform --level structure --op metrics --known-failures known"
    #expect(try shell("\(run) --report r -- ./port").output.contains("1 unexpected-pass"))
    #expect(try shell("head -n 3 r/results.jsonl > part.jsonl").exitCode == 0)
    #expect(try shell("\(run) --resume part.jsonl -- ./port").output.contains("2 of 9 units taken over"))
    try write("known", "")
    let emptied = try shell("\(run) --resume part.jsonl -- ./port")
    #expect(emptied.exitCode == 2 && emptied.errors.contains("they differ in filters"), "\(emptied)")
  }

  @Test func `RUN-21 results that say otherwise of a case than the vectors are not gone on with`() throws {
    #expect(try shell("loma conform --level structure --op metrics --report r -- ./port").exitCode == 0)
    let forged =
      "head -n 3 r/results.jsonl | sed 's/\"profile\":\"base\"/\"profile\":\"numbering=sequential\"/' > part.jsonl"
    let resumed = try shell("\(forged); loma conform --level structure --op metrics --resume part.jsonl -- ./port")
    #expect(resumed.exitCode == 2 && resumed.errors.contains("what they say of structure.metrics."), "\(resumed)")
  }

  @Test func `RUN-28 a file beyond a limit of the system is a line, not the end`() throws {
    let run = try shell("ulimit -f 8; loma conform --level structure --op metrics --report r -- ./port")
    #expect(run.exitCode == 2 && run.output.contains(" 9 units: 9 pass; "), "\(run)")
    #expect(run.errors.contains("File too large"), "\(run.errors)")
  }

  @Test func `RUN-15 the last line is whole, and the same in report.json`() throws {
    let wrong = "--only 'stage.rope*' --dtype f64 --report r -- '\(binary.path)' reference --mutant M099 --dtypes f64"
    let run = try shell("loma conform \(wrong)")
    let last = try #require(run.output.split(separator: "\n").last { $0.contains("claims met") })
    #expect(last.contains("; manifest ") && last.contains(", bounds "), "\(last)")
    let report = try String(contentsOfFile: folder.path + "/r/report.json", encoding: .utf8)
    #expect(report.contains(last))
  }

  @Test func `RUN-1 what is not UTF-8 reaches a candidate as it is, or is refused`() throws {
    try write("port", "#!/bin/sh\nprintf %s \"$ODD\" > \"$LOMA_START_FOLDER/odd\"\nexec '\(binary.path)' reference\n")
    let run = try shell("ODD=$(printf 'a\\377b') loma conform --level structure --op metrics --jobs 1 -- ./port")
    #expect(run.exitCode == 0, "\(run)")
    #expect(try Files.contents(of: folder.path + "/odd", byteLimit: 9) == [0x61, 0xff, 0x62])
    let word = try shell("loma conform --only \"$(printf 'a\\377b')\"")
    #expect(word.exitCode == 2 && word.errors.contains("argument 3 is not UTF-8"), "\(word)")
  }

  @Test func `RUN-15 the last line that chapter 13 shows is that of the reference`() throws {
    let last = try #require(try shell("loma conform").output.split(separator: "\n").last)
    let chapter = URL(fileURLWithPath: projectVectors).deletingLastPathComponent().path + "/Spec/13-protocol.md"
    #expect(try String(contentsOfFile: chapter, encoding: .utf8).contains("\n\(last)\n"), "\(last)")
  }
}
