// `loma clause`: what is said of a clause, what is refused, and whether Spec/index.md is what the program makes.

import Foundation
import LoMACatalogue
import LoMAMutants
import LoMAVectors
import Testing

@testable import LoMACommand
@testable import LoMAExplanation

@Suite("loma clause")
struct ClauseCommandTests {
  /// Everything about the project's clauses.
  private static let index = Result {
    try clauseIndex(
      of: ProjectFolder(option: SpecExamples.root.path, environment: nil, current: "/", program: nil))
  }

  /// A run outside any project, unless the line names one.
  private func outside(_ line: String, folder: String, project: String? = nil) -> Outcome {
    var environment = Environment(isTerminal: false, refusesColour: false)
    environment.folder = folder
    environment.program = nil
    environment.project = project
    return run(line.split(separator: " ").map { String($0) }, in: environment)
  }

  /// The lines of one section, without their indent.
  private func section(_ title: String, of text: String) -> [String] {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
    return lines.drop { !$0.hasPrefix(title + ": ") }.dropFirst().prefix { $0.hasPrefix("  ") }
      .map { String($0.dropFirst(2)) }
  }

  @Test func `MSK-5 a clause leads to its text, code, tests, cases, mutants and breaks`() throws {
    let outcome = loma("clause MSK-5")
    #expect(outcome.exitCode == .fine && outcome.complaint == nil)
    let text = outcome.output
    #expect(text.hasPrefix("MSK-5 Memory sees its chunk's memory, and earlier chunks' memory\nSpec/04-mask.md:"))
    #expect(text.contains("\n\n  A memory row sees all memory rows of its own chunk, later ones too,"))
    #expect(text.contains("\n  Origin: paper (bidirectional inside the chunk); decision D-3 (earlier chunks)\n"))
    #expect(text.contains("\n  $ loma explain --c 1 --t 2 --text 4 --layout generation --show mask\n"))
    #expect(!text.contains("### "), "the next clause is not its text")
    let code = section("code", of: text)
    #expect(
      code.contains { $0.hasPrefix("Sources/LoMA/Mask.swift:") && $0.contains("return MaskRule(clause: \"MSK-5\"") })
    #expect(!code.contains { $0.hasPrefix("Sources/LoMACatalogue/Cases/") }, "cases are told one by one")
    let tests = section("tests", of: text)
    #expect(tests.contains { $0.hasPrefix("Tests/LoMATests/") && $0.hasSuffix("  MSK-5 memory zone is bidirectional") })
    let cases = section("cases", of: text)
    #expect(cases.first == "structure.mask.c1-t1-batch")
    let count = CaseTextsCount.of(loma("list --clause MSK-5").output)
    #expect(cases.contains("… loma list --clause MSK-5 lists all \(count)"))
    #expect(cases.suffix(4).first == "3 more cite it and cannot fail it:" && cases.last == "  structure.mask.c2-t2-n3")
    let mutants = section("mutants", of: text)
    #expect(mutants.contains("M054  I hid from memory rows later memory rows of their chunk (MSK-5)"))
    let breaks = section("breaks", of: text)
    #expect(breaks.count == 3 && breaks.allSatisfy { $0.hasPrefix("Tests/Breaks/breaks.txt:") })
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 122 })
  }

  /// What the last line of a list counts.
  private enum CaseTextsCount {
    static func of(_ output: String) -> Int {
      output.split(separator: "\n").last.flatMap { Int($0.prefix { $0.isNumber }) } ?? -1
    }
  }

  @Test func `CCM-16 a clause of part II leads to its cases, and a case or a mutant to its clauses`() {
    let text = loma("clause CCM-16").output
    let count = CaseTextsCount.of(loma("list --part peers --clause CCM-16").output)
    #expect(section("cases", of: text).contains("… loma list --part peers --clause CCM-16 lists all \(count)"))
    #expect(!section("code", of: text).contains { $0.contains("/Catalogue/") })
    // Cited by cases of both parts.
    let both = section("cases", of: loma("clause MSK-12").output)
    #expect(both.contains { $0.hasPrefix("… loma list --clause") } && both.contains { $0.hasPrefix("property.interf") })
    let mutant = loma("clause M054")
    #expect(mutant.exitCode == .fine)
    #expect(
      mutant.output == """
        M054 is the id of a mutant: I hid from memory rows later memory rows of their chunk (MSK-5)

        it cites clauses: 1
          MSK-5  Memory sees its chunk's memory, and earlier chunks' memory

        """)
    let item = loma("clause structure.ccm_mask.no-context").output
    #expect(
      item.hasPrefix("structure.ccm_mask.no-context is the id of a case\n\nit cites clauses: 1\n  CCM-9  Text sees"))
    #expect(loma("clause M999").complaint?.hasPrefix("loma: clause: no clause has the id 'M999', the nearest") == true)
  }

  @Test func `a decision is shown as a clause is, and what there is none of is said`() {
    let text = loma("clause D-12").output
    #expect(text.hasPrefix("D-12 How weights are trained\nSpec/registry.md:"))
    #expect(text.hasSuffix("\nmutants: 0\n  none\n\nbreaks: 0\n  none\n"))
  }

  @Test func `without an id every clause is listed, in the order of the chapters`() throws {
    let lines = loma("clause").output.split(separator: "\n").map { String($0) }
    #expect(lines.first == "PAR-1   Two numbers, and their product" && lines.last?.hasPrefix("D-12 ") == true)
    let ids = lines.map { String($0.prefix { $0 != " " }) }
    #expect(Set(ids).count == ids.count && ids.contains("NUM-2a") && ids.contains("RUN-30"))
    let index = try Self.index.get()
    for id in ids { #expect(ClauseText.text(of: id, in: index)?.hasPrefix(id + " ") == true) }
  }

  @Test(arguments: [
    (
      "clause MSK-\(13)",
      "no clause has the id 'MSK-\(13)', the nearest are MSK-10, MSK-11, MSK-12; see loma clause --help"
    ),
    ("clause msk-5", "no clause has the id 'msk-5', the nearest are MSK-5, "),
    ("clause MSK-5 MSK-6", "unexpected argument MSK-6"), ("clause --clause MSK-5", "unknown option --clause"),
    ("clause MSK-5 --index x", "--index is of all clauses, not of 'MSK-5'"),
  ])
  func `what is wrong with a line is one line`(_ line: String, _ complaint: String) {
    let outcome = loma(line)
    #expect(outcome.exitCode == .rejected && outcome.output.isEmpty)
    #expect(outcome.complaint?.hasPrefix("loma: clause: " + complaint) == true)
  }

  @Test func `without a checkout it says what is missing`() throws {
    let folder = try TemporaryFolder()
    let nowhere = outside("clause MSK-5", folder: folder.path)
    #expect(nowhere.exitCode == .rejected && nowhere.output.isEmpty)
    #expect(nowhere.complaint?.hasPrefix("loma: no-project: no folder Spec in ") == true)
    let unnamed = outside("clause --project /none/there", folder: folder.path)
    #expect(unnamed.complaint == "loma: no-project: --project names /none/there, which is no folder")
    let variable = outside("clause", folder: folder.path, project: "/none/there")
    #expect(variable.complaint == "loma: no-project: LOMA_PROJECT names /none/there, which is no folder")
    try FileManager.default.createDirectory(atPath: folder.path + "/Spec", withIntermediateDirectories: true)
    #expect(outside("clause", folder: folder.path).complaint?.contains(" has no folder Sources; ") == true)
    let project = SpecExamples.root.path
    #expect(outside("clause MSK-5 --project \(project)", folder: folder.path) == loma("clause MSK-5"))
    #expect(outside("clause MSK-5", folder: folder.path, project: project) == loma("clause MSK-5"))
    #expect(outside("clause MSK-5", folder: project + "/Sources/LoMA") == loma("clause MSK-5"))
  }

  @Test func `Spec/index.md is what the program makes`() throws {
    let outcome = loma("clause --index somewhere.md")
    #expect(outcome.exitCode == .fine && outcome.path == "somewhere.md")
    #expect(outcome.output == ClauseTable.page(try Self.index.get()))
    let url = SpecExamples.root.appendingPathComponent(ClauseTable.path)
    if SpecExamples.isUpdating { try outcome.output.write(to: url, atomically: true, encoding: .utf8) }
    // Not compared line by line by #expect: a page of this size would be printed twice.
    let isSame = try String(contentsOf: url, encoding: .utf8) == outcome.output
    #expect(isSame, "write it again with loma clause --index Spec/index.md")
    #expect(!outcome.output.contains(".swift:") && !outcome.output.contains("\n\n\n"))
  }

  @Test func `every mutant breaks a clause that the Spec states, and every break's clause is one`() throws {
    let index = try Self.index.get()
    for mutant in Part.allCases.flatMap({ Mutant.all(of: $0) }) {
      #expect(!mutant.clauses.isEmpty, "\(mutant.id): put it into MutantClauses.swift")
      for id in mutant.clauses { #expect(index.contains(id), "\(mutant.id) breaks \(id)") }
      // A sentence that names a clause of the mask is about it.
      let named = ClauseCitation.all(in: Array(mutant.sentence.utf8)[...]).map { $0.id }.filter { $0.hasPrefix("MSK-") }
      #expect(named.allSatisfy { mutant.clauses.contains($0) }, "\(mutant.id)")
    }
    let breaks = index.entries.reduce(0) { $0 + $1.breaks.count }
    let listed = try String(
      contentsOf: SpecExamples.root.appendingPathComponent("Tests/Breaks/breaks.txt"), encoding: .utf8)
    #expect(breaks == listed.split(separator: "\n").count { $0.hasPrefix("clause: ") } && breaks > 80)
  }

  @Test func `ids and ranges of ids are found in a line`() {
    func ids(_ line: String) -> [String] { ClauseCitation.all(in: Array(line.utf8)[...]).map { $0.id } }
    #expect(ids("MSK-1…MSK-3, GEN-7's and NUM-2a") == ["MSK-1", "MSK-2", "MSK-3", "GEN-7", "NUM-2a"])
    #expect(ids("(LOS-1 … LOS-2), POS-1…4 under D-2") == ["LOS-1", "LOS-2", "POS-1", "POS-2", "POS-3", "POS-4", "D-2"])
    #expect(ids("xMSK-1 MSK-1ab MSK-12… MSK- -5 MSK-\(99999)") == ["MSK-12"])
    #expect(ids("POS-1…" + "MSK-2") == ["POS-1", "MSK-2"])
    let range = ClauseCitation.all(in: Array("MSK-1…MSK-2 MSK-3".utf8)[...])
    #expect(range.map { $0.isInRange } == [true, true, false])
  }

  @Test func `a heading inside an example states nothing`() {
    let text = "# 4 Mask\n\n### MSK-5 A `b = c` d\n\nbody\n\n```sh\n# no heading\n### MSK-6 None\n```\n\n## End\n"
    let found = ClauseStatement.all(in: ProjectFile(path: "x.md", bytes: Array(text.utf8)))
    #expect(found.map { $0.id } == ["MSK-5"] && found.map { $0.line } == [3])
    #expect(found.first?.body == ["body", "", "```sh", "# no heading", "### MSK-6 None", "```"])
    #expect(found.first?.anchor == "msk-5-a-b--c-d")
  }

  @Test func `help is there, and no line of it is long`() {
    let help = loma("clause --help").output
    #expect(help.hasPrefix("loma clause ") && help == loma("help clause").output)
    #expect(help.split(separator: "\n").allSatisfy { $0.count <= 120 })
    #expect(loma("help").output.contains("\n  loma clause "))
  }
}
