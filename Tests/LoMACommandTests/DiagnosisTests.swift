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
  private let models: StoredModels
  private let diagnosis: Diagnosis

  init() throws {
    corpus = try CaseCorpus(folder: Self.vectors)
    models = try StoredModels(vectors: Self.vectors)
    diagnosis = Diagnosis(models: models)
  }

  /// What a mutant, as a port in a type, is told about its answer to a case.
  private func lines(_ mutant: String, _ id: String, _ dtype: String) throws -> [String] {
    let item = try #require(corpus.cases.first { $0.id == id })
    let candidate = try PortInProcess(mutant: mutant, vectors: Self.vectors)
    let question = try #require(try corpus.questions(of: item, dtype: dtype).first)
    guard case .tensors(let answer) = candidate.reply(to: question) else { return ["no answer"] }
    let conform = ConformDiagnosis(corpus, .provisional, models: models)
    let wrong = WrongAnswer(item: item, dtype: dtype, question: question, answer: answer)
    return conform.hook(wrong) { candidate.reply(to: $0) }
  }

  @Test(arguments: ["f64", "f32", "bf16"])
  func `MSK-5 memory that attends causally is named`(_ dtype: String) throws {
    let lines = try lines("M054", "model.forward.deep.base", dtype)
    #expect(lines.first == "your output equals the reference with memory_attention = causal", "\(lines)")
    #expect(lines.contains { $0.hasPrefix("your output matches M054: ") }, "\(lines)")
    let first = try #require(lines.first { $0.hasPrefix("the first stage that diverges is ") })
    #expect(first.contains("layers.0.attention.probabilities"), "\(first)")
    #expect(lines.last?.contains("gives no weight to") == true && lines.last?.hasSuffix("which MSK-5 shows it") == true)
  }

  @Test func `MSK-7 a repetition row that sees the text is named with its clause`() throws {
    let lines = try lines("M060", "model.loss.gqa.base", "f32")
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
    let lines = try lines(mutant, id, dtype)
    #expect(lines.contains { $0.hasPrefix("your output matches \(mutant): ") }, "\(lines)")
  }

  @Test func `a right answer resembles nothing`() throws {
    let item = try #require(corpus.cases.first { $0.id == "model.forward.deep.base" })
    let likeness = try #require(Likeness(corpus, item, dtype: "f64", bounds: .provisional))
    let question = try #require(try corpus.questions(of: item, dtype: "f64").first)
    let right = Witness(request: try Request(question)) { likeness.distance(of: likeness.right, to: $0) }
    #expect(diagnosis.explanations(of: right, threads: 1).isEmpty)
    #expect(diagnosis.culprit(wrong: [], right: [right], threads: 1) == nil)
  }

  /// Some cases of every operation but generation, asked of a candidate in f32: what is said of all wrong answers.
  private func culprit(_ reply: (Question) -> Reply) throws -> Culprit? {
    let conform = ConformDiagnosis(corpus, .provisional, models: models)
    let trained: Set = ["training.gradients.deep.three-chunks", "training.train_step.mha.steps1"]
    let cases = corpus.cases.filter { item in
      let isSmall = item.id.contains("c2-t2") || item.id.contains("c3-t2") || item.op == "metrics"
      return item.level == "structure" && isSmall || item.level == "stage" || item.id.hasPrefix("model.loss.gqa")
        || trained.contains(item.id)
    }
    let results = try cases.map { item in
      let dtype = item.dtypes.contains("i64") ? "i64" : "f32"
      let question = try #require(try corpus.questions(of: item, dtype: dtype).first)
      let reply = reply(question)
      let result = try corpus.judge(item, dtype: dtype, replies: [reply], bounds: .provisional)
      if result.verdict.isWrong, case .tensors(let answer) = reply {
        _ = conform.hook(WrongAnswer(item: item, dtype: dtype, question: question, answer: answer), nil)
      }
      return result
    }
    return conform.culprit(results, threads: 2)
  }

  @Test(arguments: [
    "M003", "M033", "M054", "M060", "M098", "M112", "M125", "M139", "M151", "M164",
    "memory_attention=causal,numbering=sequential",
  ])
  func `RUN-30 who answers wrongly is named from all answers together`(_ mutant: String) throws {
    let candidate = try PortInProcess(mutant: mutant, vectors: Self.vectors)
    let found = try #require(try culprit { candidate.reply(to: $0) })
    let named = found.suspects.map { $0.profile ?? String($0.words.prefix(4)) }
    if mutant.contains("=") {
      #expect(named.first.map { Set($0.split(separator: ",")) } == Set(mutant.split(separator: ",")), "\(named)")
    } else {
      #expect(named.contains(mutant), "\(named)")
      #expect(named.first == (mutant == "M054" ? "memory_attention=causal" : mutant), "\(named)")
    }
    #expect(found.contradicted == 0 && 2 * found.explained > found.wrong)
  }

  @Test func `RUN-30 a mistake that nobody knows is not named`() throws {
    let candidate = try PortInProcess(mutant: "M151", vectors: Self.vectors)
    let found = try culprit { question in
      guard case .tensors(let arrays) = candidate.reply(to: question) else { return candidate.reply(to: question) }
      return .tensors(
        arrays.map { array in
          guard let values = try? array.doubles(),
            let other = try? NamedArray(
              array.name, array.elementType, shape: array.shape, doubles: values.map { $0 + 1 })
          else { return array }
          return other
        })
    }
    #expect(found == nil, "\(found?.lines ?? [])")
  }

  @Test func `RUN-30 a profile that explains everything is proposed`() throws {
    let candidate = try PortInProcess(mutant: "memory_context=own_chunk", vectors: Self.vectors)
    let lines = try #require(try culprit { candidate.reply(to: $0) }).lines
    #expect(lines.first?.hasPrefix("most likely: the reference with memory_context = own_chunk") == true)
    #expect(
      lines.last?.hasPrefix("every wrong answer that was looked into follows the profile memory_context=own") == true)
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
