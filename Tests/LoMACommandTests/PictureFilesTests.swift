// Draws the pictures of Docs/Pictures again, and checks that every picture of a page exists and has words for who cannot
// see it. With LOMA_UPDATE_EXAMPLES=1 it writes them.

import Foundation
import Testing

@testable import LoMACommand

@Suite struct `Pictures in the prose` {
  private static let folder = SpecExamples.root.appendingPathComponent("Docs/Pictures")

  /// A line of the folder's table: a file and the command that draws it.
  struct Drawing: Sendable, CustomTestStringConvertible {
    let file: String
    let command: String
    var testDescription: String { file }
  }

  static let drawings: [Drawing] = {
    let page = (try? String(contentsOf: folder.appendingPathComponent("README.md"), encoding: .utf8)) ?? ""
    return page.matches(of: /\| !\[[^\]]*\]\(([a-z-]+\.svg)\) \|[^|]*\| `([^`]*)` \|/).map {
      Drawing(file: String($0.1), command: String($0.2))
    }
  }()

  @Test(arguments: drawings) func `a command draws the file again`(_ drawing: Drawing) throws {
    let arguments = try #require(ConsoleExample(command: drawing.command, line: 0, output: []).arguments)
    let words = arguments.map { word in
      let isPath = ["Vectors/", "Docs/"].contains { word.hasPrefix($0) }
      return isPath ? SpecExamples.root.appendingPathComponent(word).path : word
    }
    let outcome = run(words, in: Environment(isTerminal: false, refusesColour: false))
    try #require(outcome.complaint == nil, "\(outcome.complaint ?? "")")
    let url = Self.folder.appendingPathComponent(drawing.file)
    if SpecExamples.isUpdating { try outcome.output.write(to: url, atomically: true, encoding: .utf8) }
    let stored = try String(contentsOf: url, encoding: .utf8)
    #expect(stored == outcome.output, "\(drawing.file) is not what \(drawing.command) draws")
    #expect(try Tree.parse(stored).children.first { $0.name == "desc" }?.text.isEmpty == false)
  }

  @Test func `every file of the folder is drawn by a command`() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).filter { $0 != "README.md" }
    #expect(files.sorted() == Self.drawings.map { $0.file }.sorted() && files.count >= 6)
  }

  @Test func `every picture of a page exists and is told in words`() throws {
    var shown: Set<String> = []
    for path in SpecExamples.pages + ["Docs/Pictures/README.md", "Docs/Recipes/README.md"] {
      let url = SpecExamples.root.appendingPathComponent(path)
      for match in try String(contentsOf: url, encoding: .utf8).matches(of: /!\[([^\]]*)\]\(([^)]*)\)/) {
        #expect(match.1.count >= 10, "\(path): \(match.2) has no words")
        let file = url.deletingLastPathComponent().appendingPathComponent(String(match.2)).standardizedFileURL
        #expect(FileManager.default.fileExists(atPath: file.path), "\(path): \(match.2)")
        shown.insert(file.lastPathComponent)
      }
    }
    #expect(Set(Self.drawings.map { $0.file }).isSubset(of: shown))
  }
}
