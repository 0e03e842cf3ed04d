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
      let folder = House.root.appendingPathComponent(file.path).deletingLastPathComponent()
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
