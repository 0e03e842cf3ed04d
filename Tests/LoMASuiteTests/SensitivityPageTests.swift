// Docs/Sensitivity.md is what the templates and the files of the checks make. Its numbers take a run of every mutant.

import LoMAVectors
import Testing

@testable import LoMADiagnosis
@testable import LoMAMutants

@Suite("The page of mutants")
struct SensitivityPageTests {
  private static func published(_ part: Part) throws -> String {
    let name = part == .loma ? "Sensitivity.md" : "PeerSensitivity.md"
    return try String(contentsOfFile: projectRoot + "/Docs/" + name, encoding: .utf8)
  }

  @Test func `the sections of scores are made of the checks' files`() throws {
    let folder = projectRoot + "/Tests/Candidates/mistakes"
    let sections = try #require(ScoresSection(folder: folder)).text + #require(RatesSection(folder: folder)).text
    #expect(try Self.published(.loma).hasSuffix(sections), "stale: loma sensitivity --output Docs/Sensitivity.md")
  }

  /// A matrix of all mutants without kills: nobody asks, so all count as dead, and all tables are empty.
  @Test(arguments: Part.allCases) func `the words around the tables are the template's`(_ part: Part) throws {
    func words(_ page: String) -> [Substring] {
      page.split(separator: "\n", omittingEmptySubsequences: false).filter { !$0.hasPrefix("|") }
    }
    let lines = Mutant.all(of: part).map { KillMatrix.Line(mutant: $0, asked: [], kills: []) }
    // Without units no case is idle, so that the last lines may differ.
    let made = words(SensitivityPage.text(KillMatrix(units: [], lines: lines), of: part)).dropLast(
      part == .loma ? 1 : 2)
    let published = words(try Self.published(part))
    #expect(made.count > 20 && published.starts(with: made))
  }
}
