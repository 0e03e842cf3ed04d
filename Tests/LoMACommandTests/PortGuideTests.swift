// The guide for porters: every line of `loma` in it is a command of this program, with options that its help names. What
// the lines do is tested where the commands are; a port of the reader's own cannot be run here.

import Foundation
import LoMAVectors
import Testing
@testable import LoMAConformance
@testable import LoMAJudgement
@testable import LoMASuite

@testable import LoMACommand

@Suite("Docs: the guide for porters")
struct PortGuideTests {
  @Test func `every command and option of the guide exists`() throws {
    let guide = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../Docs/Port.md")
    let lines = try String(contentsOf: guide.standardized, encoding: .utf8).split(separator: "\n")
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

  @Test func `the runner and the catalogue have the same levels`() {
    #expect(Level.allCases.map(\.rawValue) == Level.allCases.map { $0.rawValue })
  }
}
