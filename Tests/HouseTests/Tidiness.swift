// The package from outside: what lies at its top, how long files are, and whether links lead somewhere.

import Foundation
import Testing

@Suite("House: tidiness")
struct Tidiness {
  @Test func `no Swift file is over 400 lines`() throws {
    let files = try ["Sources", "Tests"].flatMap { try House.files(in: $0, ending: ["swift"]) }
    #expect(files.count > 20, "files were found at all")
    let long = files.map { ($0.path, $0.text.count { $0 == "\n" }) }.filter { $0.1 > 400 }
    House.report(long.map { "\($0.0) has \($0.1) lines" })
  }

  /// Text in another language is a file in that language. The help of a command may be longer, and stands beside the command.
  @Test func `no literal is over 12 lines but a command's help`() throws {
    let limit = 12
    var problems: [String] = []
    for file in try House.files(in: "Sources", ending: ["swift"]) {
      for (start, line, length) in Self.literals(in: file) where length > limit {
        let isHelp = file.target == "LoMACommand" && line.firstMatch(of: /^let \w+Help = """$/) != nil
        if !isHelp { problems.append("\(file.path):\(start): a literal of \(length) lines; make it a file") }
      }
    }
    House.report(problems)
  }

  /// The literals of several lines: the number and text of the first line, and how many lines stand inside.
  private static func literals(in file: SourceFile) -> [(start: Int, line: String, length: Int)] {
    var (open, found): ((start: Int, line: String)?, [(Int, String, Int)]) = (nil, [])
    for (index, line) in file.lines.enumerated() {
      if let (start, first) = open {
        guard line.contains(/^\s*"""/) else { continue }
        found.append((start, first, index - start))
        open = nil
      } else if line.hasSuffix("\"\"\"") {
        open = (index + 1, line)
      }
    }
    return found
  }

  @Test func `literals of several lines are found in a source`() {
    let text = """
      let a = #\"""
        one
        two
        \"""#
      let b = "one" + \"""

        \""".count
      """
    let found = Self.literals(in: SourceFile(path: "Sources/X/Y.swift", text: text))
    #expect(found.map { $0.start } == [1, 5] && found.map { $0.length } == [2, 1])
  }

  @Test func `the package depends on no other`() throws {
    let manifest = try House.files(in: "Package.swift", ending: ["swift"]).map { $0.text }.joined()
    #expect(manifest.contains("\n  dependencies: [],\n"))
    #expect(!manifest.contains(".package("))
  }

  @Test func `the top level holds only what it should`() throws {
    let fixed: Set = ["Package.swift", "Sources", "Tests", "Spec", "Vectors", "Docs", "README.md", "LICENSE"]
    // What a build or a run leaves, and version control ignores.
    let left: Set = ["Package.resolved", "out"]
    let found = try FileManager.default.contentsOfDirectory(atPath: House.root.path).filter { !$0.hasPrefix(".") }
    #expect(Set(found).subtracting(fixed).subtracting(left) == [])
  }

  @Test func `every relative link leads to a file`() throws {
    let link = /\]\(([^()\s]+)\)/
    let prose = try House.prose()
    #expect(prose.count > 10, "pages were found at all")
    var problems: [String] = []
    for file in prose {
      // What a template makes is a page of Docs.
      let place = file.path.hasSuffix(".template.md") ? "Docs/page.md" : file.path
      let folder = House.root.appendingPathComponent(place).deletingLastPathComponent()
      for (index, line) in file.lines.enumerated() {
        for match in line.matches(of: link) where match.1.firstMatch(of: /^[a-z]+:|^#/) == nil {
          let target = folder.appendingPathComponent(String(match.1.prefix { $0 != "#" })).standardized
          if !FileManager.default.fileExists(atPath: target.path) {
            problems.append("\(file.path):\(index + 1): nothing at \(match.1)")
          }
        }
      }
    }
    House.report(problems)
  }
}
