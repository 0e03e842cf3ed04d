// A wrong answer is traced to its mistake: MSK-5 read as causal, a hidden key that has weight, a profile.

import Foundation
import LoMAVectors
import Testing

@testable import LoMAAnswers
@testable import LoMACommand
@testable import LoMAConformance
@testable import LoMADiagnosis
@testable import LoMAJudgement

@Suite("Diagnosis")
struct DiagnosisTests {
  private let cases: DiagnosedCases

  init() throws { cases = try DiagnosedCases() }

  /// What a port is told about its answer to a case in a type; `change` is done to all that it answers.
  private func lines(
    _ mutant: String?, _ id: String, _ dtype: String, changing change: @escaping (Question, Reply) -> Reply = { $1 }
  ) throws -> [String] {
    let item = try #require(cases.corpus.cases.first { $0.id == id })
    let candidate = PortInProcess(mutant: mutant, models: cases.models)
    let question = try #require(try cases.corpus.questions(of: item, dtype: dtype).first)
    let reply = { (question: Question) in change(question, candidate.reply(to: question)) }
    guard case .tensors(let answer) = reply(question) else { return ["no answer"] }
    return cases.conform.hook(WrongAnswer(item: item, dtype: dtype, question: question, answer: answer), reply)
  }

  @Test(arguments: ["f64", "f32"])
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
    let item = try #require(cases.corpus.cases.first { $0.id == "model.forward.deep.base" })
    let likeness = try #require(AnswerDistance(cases.corpus, item, dtype: "f64", bounds: .provisional))
    let question = try #require(try cases.corpus.questions(of: item, dtype: "f64").first)
    let right = Witness(try Request(question), right: item, likeness)
    let diagnosis = Diagnosis(models: cases.models)
    #expect(diagnosis.explanations(of: right, threads: 1).isEmpty)
    #expect(diagnosis.culprits(wrong: [], right: [right], threads: 1).named.isEmpty)
  }

  @Test func `RUN-30 an error below twice its bound is said and accuses nobody`() throws {
    let bound = CalibratedBounds.provisional.generalBound(of: "logits", op: "forward", dtype: "f64")
    func lines(_ error: Double) throws -> [String] {
      try self.lines(nil, "model.forward.deep.base", "f64") { _, reply in
        reply.changing { name, values in
          guard name == "logits" else { return values }
          let largest = values.reduce(0) { max($0, $1.magnitude) }
          return [values[0] + error * bound * largest] + values.dropFirst()
        }
      }
    }
    let faint = try lines(1.295)
    #expect(faint == ["1.3 x its bound: a rounding may do that"])
    #expect(try lines(2.5).contains { $0.hasPrefix("the first stage that diverges is logits") })
  }

  @Test func `RUN-30 a stage of another shape, or none, is the first that diverges`() throws {
    func lines(_ change: @escaping (NamedArray) throws -> NamedArray?) throws -> [String] {
      try self.lines("M107", "model.loss.gqa.base", "f32") { _, reply in
        guard case .tensors(let arrays) = reply else { return reply }
        return .tensors((try? arrays.compactMap { $0.name.hasSuffix("0.attention.query") ? try change($0) : $0 }) ?? [])
      }
    }
    let narrow = try lines { array in
      let half = array.shape.dropLast() + [array.shape.last.map { $0 / 2 } ?? 0]
      let values = try array.doubles().prefix(half.reduce(1, *))
      return try NamedArray(array.name, array.elementType, shape: Array(half), doubles: Array(values))
    }
    let first = "the first stage that diverges is layers.0.attention.query: "
    #expect(narrow.contains { $0.hasPrefix(first + "its shape is [1, ") && $0.contains("], not [1, ") }, "\(narrow)")
    #expect(try lines { _ in nil }.contains(first + "it is not there"))
    #expect(try lines { $0 }.contains { $0.hasPrefix("the first stage that diverges is final_norm: error ") })
  }

  @Test func `RUN-30 a step behind wrong gradients says so`() throws {
    let port = PortInProcess(mutant: "M138", models: cases.models)
    let results = try cases.results(
      asking: { $0.id.hasPrefix("training.") && $0.id.contains(".mha.") }, traces: true, port.reply)
    let steps = results.filter { $0.op == "train_step" && $0.verdict == .fail }
    #expect(steps.count > 1)
    let line = "the gradients on this model are wrong too, see training.gradients.mha.ragged: "
    for step in steps { #expect(step.diagnosis.contains { $0.hasPrefix(line) }, "\(step.diagnosis)") }
    // The step alone is wrong: nothing is said of gradients.
    #expect(try !lines("M160", "training.train_step.gqa.steps3", "f32").contains { $0.contains("gradients") })
  }

  @Test func `RUN-30 a candidate that ends when it is asked for intermediates is asked three times`() throws {
    let port = PortInProcess(mutant: "M107", models: cases.models)
    var asked = 0
    let results = try cases.results(asking: { $0.id.hasPrefix("model.loss.gqa") }, traces: true) { question in
      guard question.op == .forward else { return port.reply(to: question) }
      asked += 1
      return .failed(.crash, detail: "it ended")
    }
    #expect(results.count { $0.verdict == .fail } > 3 && asked == 3)
  }
}
