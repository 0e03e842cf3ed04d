// Chapter 19: a wrong answer is traced to a mutant of a baseline.

import LoMAVectors
import Testing

@testable import LoMACommand
@testable import LoMAConformance
@testable import LoMADiagnosis
@testable import LoMAJudgement

@Suite("Diagnosis of baselines")
struct BaselineDiagnosisTests {
  private let cases: DiagnosedCases

  init() throws { cases = try DiagnosedCases(of: .peers) }

  private static func isOfBaselines(_ item: StoredCase) -> Bool { item.op.method == .cache }

  @Test(arguments: [
    "B01", "B04", "B09", "B15", "B20", "B21", "B24", "B28", "B31", "B34", "B39", "B41", "B46", "B51", "B54", "B57",
    "B60",
    "B65", "B69", "B70",
  ])
  func `a mutant of chapter 19 recognises itself`(_ mutant: String) throws {
    let port = PortInProcess(mutant: mutant, models: cases.models)
    let results = try cases.results(asking: Self.isOfBaselines, traces: true, port.reply)
    let wrong = results.filter { $0.verdict.isWrong }
    #expect(!wrong.isEmpty)
    #expect(wrong.contains { $0.diagnosis.contains { $0.hasPrefix("your output matches \(mutant): ") } })
  }

  @Test(arguments: ["B02", "B07", "B12", "B17", "B23", "B25", "B33", "B35", "B42", "B47", "B56", "B61", "B66"])
  func `RUN-30 who answers wrongly about a baseline is named from all answers together`(_ mutant: String) throws {
    let port = PortInProcess(mutant: mutant, models: cases.models)
    let results = try cases.results(asking: Self.isOfBaselines, traces: false, port.reply)
    let (culprits, _) = cases.conform.culprits(results, threads: 2)
    let lines = cases.conform.lines(results, threads: 2)
    let first = try #require(culprits.named.first?.suspects.first, "\(lines)")
    #expect(first.words.hasPrefix(mutant + ": "), "\(lines)")
  }
}
