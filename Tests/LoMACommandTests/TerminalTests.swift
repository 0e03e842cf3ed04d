// What the command says to a person: suggestions, wrong cells in words, training logs, completions and the manual page.

import Foundation
import LoMAVectors
import Testing

@testable import LoMACommand

@Suite struct `At the terminal` {
  @Test(arguments: [
    ("explain --sow mask", "unknown option --sow (did you mean --show?); see loma explain --help"),
    ("explain --zzzzz 1", "unknown option --zzzzz; see loma explain --help"),
    ("compute expp 1", "no function is named expp (did you mean exp?)"),
    ("trian", "no command is named trian (did you mean train?); loma help lists them"),
    ("bogus", "no command is named bogus; loma help lists them"),
    ("explain --c 2 --t 1 --text 5 --format svgg", "not 'svgg' (did you mean svg?)"),
    ("list --op maks", "not 'maks' (did you mean mask?)"),
    ("list --level gen", "not 'gen' (did you mean generation?)"),
  ])
  func `a mistyped word gets the nearest right one`(_ line: String, _ complaint: String) {
    #expect(loma(line).complaint?.contains(complaint) == true, "\(loma(line).complaint ?? "")")
  }

  @Test func `clauses stand in the order of their numbers, consecutive ones as a range`() {
    #expect(ClauseOrder.sorted(["MSK-10", "MSK-2", "LAY-1"]) == ["LAY-1", "MSK-2", "MSK-10"])
    #expect(ClauseOrder.text(["MSK-10", "MSK-9", "MSK-11", "LAY-1", "LAY-2"]) == "LAY-1 LAY-2 MSK-9…11")
    #expect(loma("list --op mask").output.contains("MSK-1…11"))
  }

  @Test func `RUN-25 a wrong mask is told by the demand, the clause it breaks first and how many cells`() throws {
    let binary = try Binary()
    let result = try binary.shell(
      "loma conform --vectors '\(projectVectors)' --only structure.mask.c2-t2-batch -- '\(binary.path)' "
        + "reference --mutant M054")
    #expect(result.exitCode == 1)
    #expect(
      result.output.contains(
        "row 4 (memory, chunk 0, index 0) should see row 5 (memory, chunk 0, index 1): MSK-5 memory rows see all"))
    #expect(result.output.contains("\n  clauses: MSK-5 LAY-1 LAY-2 LAY-4 MSK-1 MSK-2 MSK-3"))
    let wrong = try #require(result.output.firstMatch(of: /\n  wrong: (\d+) of (\d+)\n/))
    #expect(Int(wrong.1).map { $0 > 0 } == true && Int(wrong.2).map { $0 > 100 } == true)
    #expect(!result.output.contains("error / bound"))
  }

  @Test func `TRN-1 a run notes a line per checkpoint and logs every step, also when it is resumed`() throws {
    let folder = try TemporaryFolder()
    let recipe = SpecExamples.root.appendingPathComponent("Docs/Recipes/ccm-concat.json").path
    let log = folder.path + "/log.csv"
    let notes = Notes()
    let environment = Environment(isTerminal: false, refusesColour: true, note: { notes.add($0) })
    func train(_ stop: Int, resume: String) -> Outcome {
      run(
        [
          "train", "--recipe", recipe, "--out", folder.path + "/run", "--log", log, "--stop-after", "\(stop)",
          "--resume", resume,
        ], in: environment)
    }
    #expect(train(2, resume: "no").complaint == nil)
    let first = try String(contentsOfFile: log, encoding: .utf8)
    // A line of a step that an interruption lost.
    try (first + "3,9,9,9\n").write(toFile: log, atomically: true, encoding: .utf8)
    #expect(train(4, resume: "yes").complaint == nil)
    let lines = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
    #expect(lines.first == "step,loss,token_accuracy,output_accuracy")
    #expect(lines.dropFirst().map { $0.prefix { $0 != "," } } == ["1", "2", "3", "4"])
    #expect(!lines.contains("3,9,9,9") && first.hasPrefix(lines.prefix(3).joined(separator: "\n")))
    #expect(notes.lines.count == 2 && notes.lines.allSatisfy { $0.hasPrefix("step ") })
    #expect(
      run(
        ["train", "--recipe", recipe, "--out", folder.path + "/other", "--log", folder.path + "/none/log.csv"],
        in: environment
      ).complaint?.contains("none/log.csv") == true)
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func `completions name every command and its options`(_ shell: String) {
    let text = loma("completions \(shell)").output
    for command in Command.all { #expect(text.contains(command.name), "\(command.name)") }
    #expect(text.contains("highlight"))
    #expect(loma("completions").complaint?.contains("one of bash, zsh, fish is required") == true)
    #expect(loma("completions csh").complaint?.contains("takes one of bash, zsh, fish, not 'csh'") == true)
  }

  @Test func `bash completes a command and an option`() throws {
    let result = try Binary().shell(
      """
      loma completions bash > "$TMPDIR/loma-completions" 2>/dev/null || loma completions bash > /tmp/loma-completions
      f=/tmp/loma-completions; [ -f "$TMPDIR/loma-completions" ] && f="$TMPDIR/loma-completions"
      bash -c ". $f; COMP_WORDS=(loma expl); COMP_CWORD=1; _loma; echo \\${COMPREPLY[*]};
      COMP_WORDS=(loma explain --hi); COMP_CWORD=2; _loma; echo \\${COMPREPLY[*]}"; rm -f "$f"
      """)
    #expect(result.output == "explain\n--hidden --highlight\n", "\(result.errors)")
  }

  @Test func `the manual page has the help of every command, escaped`() {
    let page = loma("manual").output
    #expect(page.hasPrefix(".TH LOMA 1 "))
    for command in Command.all { #expect(page.contains("\n.SH \(command.name.uppercased())\n"), "\(command.name)") }
    let plain = page.replacing("\\-", with: "-").replacing("\\e", with: "\\").replacing("\\&", with: "")
    for command in Command.all { #expect(plain.contains(command.help.prefix(200)), "\(command.name)") }
    #expect(!page.split(separator: "\n").contains { $0.hasPrefix("'") })
    #expect(loma("manual now").complaint?.contains("unexpected argument now") == true)
  }
}

/// Lines that a command noted.
private final class Notes: @unchecked Sendable {
  private let lock = NSLock()
  private var noted: [String] = []
  var lines: [String] { lock.withLock { noted } }
  func add(_ line: String) { lock.withLock { noted.append(line) } }
}
