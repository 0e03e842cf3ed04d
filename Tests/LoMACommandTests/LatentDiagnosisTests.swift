// Chapters 17 and 18: a wrong answer is traced to a mutant of latent attention or of the quantiser.

import LoMAVectors
import Testing

@testable import LoMACommand
@testable import LoMAConformance
@testable import LoMADiagnosis
@testable import LoMAJudgement

@Suite("Diagnosis of latent attention")
struct LatentDiagnosisTests {
  private let cases: DiagnosedCases

  init() throws { cases = try DiagnosedCases(of: .peers) }

  private static func isOfLatents(_ item: StoredCase) -> Bool {
    guard case .peer(let operation) = item.op else { return false }
    return operation.rawValue.hasPrefix("latent_") || operation == .quantise
  }

  @Test(arguments: [
    "L01", "L03", "L05", "L07", "L10", "L11", "L12", "L15", "L18", "L20", "L21", "L22", "L26", "L31", "L36", "L37",
    "L42",
    "L45", "L47",
  ])
  func `a mutant of chapters 17 and 18 recognises itself`(_ mutant: String) throws {
    let port = PortInProcess(mutant: mutant, models: cases.models)
    let results = try cases.results(asking: Self.isOfLatents, traces: true, port.reply)
    let wrong = results.filter { $0.verdict.isWrong }
    #expect(!wrong.isEmpty)
    #expect(wrong.contains { $0.diagnosis.contains { $0.hasPrefix("your output matches \(mutant): ") } })
    #expect(!wrong.contains { $0.diagnosis.contains { $0.contains("matches M") || $0.contains("matches C") } })
  }

  @Test(arguments: ["L02", "L06", "L09", "L13", "L14", "L16", "L19", "L27", "L38", "L40"])
  func `RUN-30 who answers wrongly about latent attention is named from all answers together`(
    _ mutant: String
  ) throws {
    let port = PortInProcess(mutant: mutant, models: cases.models)
    let results = try cases.results(asking: Self.isOfLatents, traces: false, port.reply)
    let (culprits, _) = cases.conform.culprits(results, threads: 2)
    let lines = cases.conform.lines(results, threads: 2)
    #expect(culprits.named.count == 1, "\(lines)")
    let first = try #require(culprits.named.first?.suspects.first)
    #expect(first.words.hasPrefix(mutant + ": "), "\(lines)")
    #expect(lines.first?.hasPrefix("most likely: ") == true, "\(lines)")
  }
}
