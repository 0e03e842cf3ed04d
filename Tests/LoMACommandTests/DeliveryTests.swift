// Output that cannot be delivered, files that appear complete, and help.

import Foundation
import Testing

@testable import LoMACommand

@Suite struct `Delivery` {
  private let example = "loma explain --c 4 --t 2 --text 26"

  @Test func `a reader that leaves early is no error`() throws {
    let result = try Binary().shell("{ \(example) --format html; echo $? >&2; } | head -1")
    #expect(result.output == "<!DOCTYPE html>\n")
    #expect(result.errors == "0\n")
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
  func `a full disk is one line and exit code 2`() throws {
    for line in ["\(example) > /dev/full", "\(example) --output /dev/full"] {
      let result = try Binary().shell(line)
      #expect(result.exitCode == 2)
      #expect(result.errors.hasPrefix("loma: cannot write "))
      #expect(result.errors.split(separator: "\n").count == 1)
    }
  }

  @Test func `an output file is what standard output would be`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/mask.svg"
    try Data("old".utf8).write(to: URL(fileURLWithPath: path))
    var outcome = loma("explain --c 2 --t 1 --text 5 --format svg --output \(path)")
    #expect(deliver(outcome) == 0)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == outcome.output)
    #expect(folder.contents == ["mask.svg"])
    outcome.path = nil
    #expect(loma("explain --c 2 --t 1 --text 5 --format svg") == outcome)
  }

  @Test func `a place that cannot be written is one line and leaves nothing behind`() throws {
    let folder = try TemporaryFolder()
    for path in [folder.path + "/none/mask.txt", folder.path] {
      let result = try Binary().shell("\(example) --output \(path)")
      #expect(result.exitCode == 2)
      #expect(result.errors.hasPrefix("loma: cannot write \(path): "))
      #expect(result.errors.split(separator: "\n").count == 1)
    }
    #expect(folder.contents.isEmpty)
  }

  @Test func `rejected input leaves an output file alone`() throws {
    let folder = try TemporaryFolder()
    #expect(deliver(loma("explain --c 0 --t 1 --text 5 --output \(folder.path)/x")) == 2)
    #expect(folder.contents.isEmpty)
  }

  @Test func `colour is for terminals that want it`() {
    let plain = loma("explain --c 2 --t 1 --text 5")
    let coloured = loma("explain --c 2 --t 1 --text 5 --color always")
    #expect(plain != coloured)
    #expect(loma("explain --c 2 --t 1 --text 5", isTerminal: true) == coloured)
    #expect(loma("explain --c 2 --t 1 --text 5", isTerminal: true, refusesColour: true) == plain)
    #expect(loma("explain --c 2 --t 1 --text 5 --color never", isTerminal: true) == plain)
    #expect(loma("explain --c 2 --t 1 --text 5 --output x", isTerminal: true).output == plain.output)
  }

  @Test func `help names every option, section and exit code`() {
    let overview = loma("").output
    #expect(overview == loma("help").output && overview == loma("--help").output)
    for command in Command.all {
      #expect(helpGroups.count { $0.names.contains(command.name) } == 1, "\(command.name) is in one group")
      #expect(overview.contains("\n  loma \(command.name) "))
    }
    let help = loma("explain --help").output
    #expect(help == loma("help explain").output)
    for option in Method.allCases.flatMap({ $0.explainOptions }) { #expect(help.contains(option.name + " ")) }
    #expect(
      loma("help exit-codes").output.split(separator: "\n").map { $0.prefix(1) } == ["0", "1", "2", "3", "4", "5", "1"])
    #expect(loma("--version").output == "specification 0.2\nsuite 1.2\n")
    let lines = [overview, help].flatMap { $0.split(separator: "\n") }
    #expect(lines.allSatisfy { $0.count <= 120 })
  }
}
