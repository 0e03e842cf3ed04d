// A wrong answer is traced to its mistake: MSK-5 read as causal, a hidden key that has weight, a profile.

import Foundation
import LoMAConformance
import LoMASuite
import LoMAVectors
import Testing

@testable import LoMACommand

@Suite("Diagnosis")
struct DiagnosisTests {
  private static let vectors = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Vectors").path
  private let corpus: CaseCorpus
  private let diagnosis: Diagnosis

  init() throws {
    corpus = try CaseCorpus(folder: Self.vectors)
    diagnosis = Diagnosis(models: try StoredModels(vectors: Self.vectors))
  }

  /// What a mutant, as a port in a type, is told about its answer to a case.
  private func lines(_ mutant: String, _ id: String, _ dtype: String) throws -> (lines: [String], proposal: String?) {
    let item = try #require(corpus.cases.first { $0.id == id })
    let candidate = try PortInProcess(mutant: mutant, vectors: Self.vectors)
    let question = try #require(try corpus.questions(of: item, dtype: dtype).first)
    guard case .tensors(let answer) = candidate.reply(to: question) else { return (["no answer"], nil) }
    let conform = try ConformDiagnosis(corpus, .provisional)
    let lines = conform.hook(item, dtype, question, answer) { candidate.reply(to: $0) }
    return (lines, conform.proposal)
  }

  @Test(arguments: ["f64", "f32", "bf16"])
  func `MSK-5 memory that attends causally is named, and proposed as a profile`(_ dtype: String) throws {
    let (lines, proposal) = try lines("M054", "model.forward.deep.base", dtype)
    #expect(lines.first == "your output equals the reference with memory_attention = causal", "\(lines)")
    #expect(lines.contains { $0.hasPrefix("your output matches M054: ") }, "\(lines)")
    #expect(proposal?.contains("memory_attention=causal") == true)
    let first = try #require(lines.first { $0.hasPrefix("the first stage that diverges is ") })
    #expect(first.contains("layers.0.attention.probabilities"), "\(first)")
    #expect(lines.last?.contains("gives no weight to") == true && lines.last?.hasSuffix("which MSK-5 shows it") == true)
  }

  @Test func `MSK-7 a repetition row that sees the text is named with its clause`() throws {
    let (lines, _) = try lines("M060", "model.loss.gqa.base", "f32")
    #expect(lines.contains { $0.contains("gives weight") && $0.hasSuffix("which MSK-7 hides from it") }, "\(lines)")
  }

  @Test(arguments: ["M021", "M024", "M098", "M103", "M112", "M131", "M141", "M161", "M170"])
  func `a mutant recognises itself`(_ mutant: String) throws {
    let cases = [
      "M021": "model.forward.gqa.c2-t2", "M024": "structure.layout.c2-t2-n13", "M098": "stage.rope.half-split",
      "M103": "stage.attention.heads4-kv2", "M112": "model.loss.gqa.base",
      "M131": "training.gradients.deep.three-chunks",
      "M141": "structure.schedule.c2-t2", "M161": "training.train_step.mha.steps1",
      "M170": "structure.metrics.one-token-wrong",
    ]
    let id = try #require(cases[mutant])
    let dtype = id.hasPrefix("structure") ? "i64" : "f32"
    let lines = try lines(mutant, id, dtype).lines
    #expect(lines.contains { $0.hasPrefix("your output matches \(mutant): ") }, "\(lines)")
  }

  @Test func `a right answer resembles nothing`() throws {
    let item = try #require(corpus.cases.first { $0.id == "model.forward.deep.base" })
    let right = try corpus.expected(of: item)
    let question = try #require(try corpus.questions(of: item, dtype: "f64").first)
    let found = diagnosis.explanations(of: try Request(question)) { other in
      corpus.distance(of: right, to: other, item, dtype: "f64", bounds: .provisional)
    }
    #expect(found.isEmpty)
  }
}

/// A mutant that answers questions of the runner in process.
private struct PortInProcess {
  let candidate: LoMASuite.Candidate

  init(mutant id: String, vectors: String) throws {
    candidate = LoMASuite.Candidate(port: Mutant.named(id), models: try StoredModels(vectors: vectors))
  }

  func reply(to question: Question) -> Reply {
    do { return Reply(candidate.respond(to: try Request(question), dtype: question.dtype)) } catch {
      return .unsupported(why: "\(error)", issue: nil)
    }
  }
}
