// Chapter 16: a wrong answer of part II is traced to a mutant of part II.

import LoMAVectors
import Testing

@testable import LoMACommand
@testable import LoMAConformance
@testable import LoMADiagnosis
@testable import LoMAJudgement

@Suite("Diagnosis of part II")
struct ContextDiagnosisTests {
  private let cases: DiagnosedCases

  init() throws { cases = try DiagnosedCases(of: .peers) }

  @Test(arguments: ["C01", "C05", "C09", "C14", "C20", "C25", "C32", "C37a", "C37c", "C38b", "C39a", "C39b", "C40"])
  func `a mutant of chapter 16 recognises itself`(_ mutant: String) throws {
    let port = PortInProcess(mutant: mutant, models: cases.models)
    let results = try cases.results(asking: { $0.level != .generation || mutant == "C39a" }, traces: true, port.reply)
    let wrong = results.filter { $0.verdict.isWrong }
    #expect(!wrong.isEmpty)
    #expect(wrong.contains { $0.diagnosis.contains { $0.hasPrefix("your output matches \(mutant): ") } })
    #expect(!wrong.contains { $0.diagnosis.contains { $0.contains("matches M") } })
  }

  @Test(arguments: [
    ("C05", "C05"), ("C16", "C16"), ("C21", "C21"), ("C29", "C29"), ("C37c", "C37c"), ("C12", "sink=on"),
  ])
  func `RUN-30 who answers wrongly about part II is named from all answers together`(
    _ mutant: String, _ name: String
  ) throws {
    let port = PortInProcess(mutant: mutant, models: cases.models)
    let results = try cases.results(asking: { $0.level != .generation }, traces: false, port.reply)
    let (culprits, _) = cases.conform.culprits(results, threads: 2)
    let lines = cases.conform.lines(results, threads: 2)
    #expect(culprits.named.count == 1, "\(lines)")
    let names = try #require(culprits.named.first).suspects.map { $0.profile ?? String($0.words.prefix { $0 != ":" }) }
    #expect(names.first == name, "\(names)")
    #expect(lines.first?.hasPrefix("most likely: ") == true, "\(lines)")
  }
}
