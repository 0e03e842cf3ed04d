// The guides for porters: every line of `loma` in them is a command of this program, with options that its help names. What
// the lines do is tested where the commands are; a port of the reader's own cannot be run here, nor a model of theirs.

import Foundation
import LoMAVectors
import Testing

@testable import LoMACommand
@testable import LoMAConformance
@testable import LoMAJudgement

@Suite("Docs: the guides for porters")
struct PortGuideTests {
  private func page(_ name: String) throws -> String {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../Docs/\(name)")
    return try String(contentsOf: path.standardized, encoding: .utf8)
  }

  @Test(arguments: ["Port.md", "YourModel.md"])
  func `every command and option of the guide exists`(name: String) throws {
    let lines = try page(name).split(separator: "\n")
    var count = 0
    for line in lines {
      guard let call = line.firstRange(of: #/(?:^|parallel |run: )loma\ /#) else { continue }
      let words = line[call.upperBound...].split(separator: "#")[0].split(separator: " ").map { String($0) }
      let own = words.prefix { $0 != "--" }
      let found = Command.all.first { $0.name == own.first }
      let command = try #require(found, "\(line)")
      for option in own where option.hasPrefix("--") {
        #expect(command.help.contains(option + " ") || command.help.contains(option + "\n"), "\(line): \(option)")
      }
      count += 1
    }
    #expect(count >= 10, "lines were found at all")
  }

  /// The example writes a folder, so it is no block `console`, which would run in the package.
  @Test func `PAR-5 loma extend prints what the guide shows`() throws {
    let text = try page("YourModel.md")
    let example = try #require(text.firstMatch(of: /```text\n\$ loma (extend .*)\n([^`]*)```/))
    let folder = NSTemporaryDirectory() + "loma-guide-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let models = SpecExamples.root.appendingPathComponent("Vectors/models").path
    let words = String(example.1).replacing("Vectors/models", with: models)
      .replacing("--output mine", with: "--output \(folder)")
    let outcome = command(words)
    #expect(outcome.output == String(example.2).replacing("written to mine", with: "written to \(folder)"))
    #expect(outcome.exitCode == .fine)
  }

  @Test func `the runner and the catalogue have the same levels`() {
    #expect(Level.allCases.map(\.rawValue) == Level.allCases.map { $0.rawValue })
  }
}
