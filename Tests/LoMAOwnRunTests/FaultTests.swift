// OWN-8: what a run says of answers of another form, of none, of numbers that are not finite, and of errors without a name.

import LoMAJudgement
import LoMAVectors
import Testing

@testable import LoMAOwnModel
@testable import LoMAOwnRun

@Suite("OWN: faults")
struct FaultTests {
  private let bench: RunBench
  /// A right port's answers to `forward`.
  private let right: [JudgedOwnUnit]

  init() throws {
    bench = try RunBench("text-c4", [.f32], .axes)
    right = try bench.units(WrongPort(bench.plan, nil))
  }

  /// A question of the plan.
  private func prepared(_ id: String) throws -> PreparedOwnUnit {
    let steps = bench.computation.steps(bench.plan.places(allChunks: false), capturing: false) { $0.id == id }
    let unit = try #require(steps.first?.units.first)
    return try #require(steps.first).make(unit.place, unit.dtype)
  }

  private func zeros(_ form: [AnswerForm.ExpectedTensor], _ shapes: [String: [Int]] = [:]) throws -> [NamedArray] {
    try form.map { tensor in
      let shape = shapes[tensor.name] ?? tensor.shape ?? []
      let count = shape.reduce(1, *)
      return tensor.kind == .integer
        ? try NamedArray(tensor.name, .i64, shape: shape, integers: Array(repeating: 0, count: count))
        : try NamedArray(tensor.name, .f32, shape: shape, doubles: Array(repeating: 0, count: count))
    }
  }

  /// The unit that stands for all answers, and the line of the type.
  private func concluded(_ units: [JudgedOwnUnit]) throws -> (unit: CaseResult, line: String) {
    let run = bench.run(units)
    return (try #require(run.results(interrupted: false).last), try #require(run.conclusions.first).line)
  }

  @Test func `OWN-8 an answer of another form is wrong, and a cache that was never compressed is told so`() throws {
    let generate = try prepared("own.generate.text0")
    // 83 tokens, and two memories for each of ten chunks, of which 80 entries are to be dropped.
    let unit = try generate.judged(.tensors(try zeros(generate.unit.form, ["cache.rows": [103]])))
    #expect(unit.result.verdict == .invalidOutput && unit.findings == nil)
    let words = "103 entries kept where 23 are right: were the chunk's text entries dropped?"
    #expect(unit.result.why.contains(words), "\(unit.result.why)")
    let (all, line) = try concluded(right + [unit])
    #expect(all.id == OwnRun.together && all.verdict == .fail && all.why.contains("own.generate.text0: "))
    #expect(line.hasPrefix("f32: wrong: own.generate.text0: ") && line.contains(words), "\(line)")
    #expect(!line.contains("have no answer"))
    // Too few entries are wrong, too, without that guess.
    let few = try generate.judged(.tensors(try zeros(generate.unit.form, ["cache.rows": [3]])))
    #expect(few.result.verdict == .invalidOutput && !few.result.why.contains("dropped"))
  }

  @Test func `OWN-8 without an answer there is no verdict, unless something is wrong`() throws {
    let generate = try prepared("own.generate.text0")
    let crash = try generate.judged(.failed(.crash, detail: "it ended"))
    let (all, line) = try concluded(right + [crash])
    #expect(all.verdict == .crash && all.why == "no verdict: 1 of 2 questions unanswered (crash)")
    #expect(line.hasPrefix("f32: no verdict: 1 of 2 questions unanswered (crash)"), "\(line)")
    let timeout = try prepared("own.loss.text0").judged(.failed(.timeout, detail: "30 s"))
    #expect(
      try concluded([crash, timeout]).line.hasPrefix("f32: no verdict: 2 of 2 questions unanswered (crash, timeout)"))
    let wrong = try bench.units(WrongPort(bench.plan, try bench.alternative("M012")))
    #expect(try concluded(wrong + [crash]).line.hasPrefix("f32: wrong: M012: "))
    // What a port refuses to compute is no failure.
    let refused = try generate.judged(.unsupported(why: "no cache", issue: nil))
    let part = try concluded(right + [refused])
    #expect(part.unit.verdict == .pass && part.line.contains("1 of 2 questions have no answer"), "\(part.line)")
  }

  @Test func `OWN-8 a number that is not finite is the place that is told, and nothing is looked for behind it`() throws
  {
    let forward = try prepared("own.forward.text0")
    let shape = try #require(forward.unit.form.first { $0.name == "logits" }?.shape)
    var values = [Double](repeating: 0, count: shape.reduce(1, *))
    values[5 * shape[2] + 7] = .nan
    let unit = try forward.judged(.tensors([try NamedArray("logits", .f32, shape: shape, doubles: values)]))
    #expect(unit.result.verdict == .invalidOutput && unit.result.why.hasPrefix("non-finite: logits, row 5 "))
    let finding = try #require(unit.result.finding)
    #expect(finding.tensor == "logits" && finding.index == [5, 7] && finding.got == "nan")
    let run = bench.run([unit])
    let conclusion = try #require(run.conclusions.first)
    #expect(conclusion.verdict.kind == .wrong && conclusion.undecidable.isEmpty)
    #expect(conclusion.line.contains("no mistake is looked for in numbers that are not finite"), "\(conclusion.line)")
  }

  @Test func `OWN-8 an error without a name says what is nearest, where it begins, and how to look for more`() throws {
    // Memories that do not see the reading rows of their chunk: no reading of the paper.
    let all = try RunBench("text-c4", [.f32], .all)
    let port = WrongPort(bench.plan, try all.alternative("M050"))
    let units = try bench.units(port)
    let (unit, line) = try concluded(units)
    #expect(unit.verdict == .fail && line.contains("; --name all looks for more mistakes"), "\(line)")
    #expect(
      line.hasPrefix("f32: wrong: first in layers.0.attention.context, row 8 (memory, chunk 0, index 0)"), "\(line)")
    #expect(try bench.run(units).shrunk(bench.search(port)).smallest.isEmpty)
    // 20 memory rows and what sees them: not the rows of chunk 0, whose first is a reading row.
    let first = try #require(units[0].result.diagnosis.first)
    #expect(first.hasPrefix("layer 0: key right, value right, context wrong in 20 of 183 rows"), "\(first)")
    // It has a name where it is looked for.
    let named = all.run(try all.units(WrongPort(all.plan, try all.alternative("M050")))).conclusions
    #expect(named.first?.line.hasPrefix("f32: wrong: M050: ") == true && named.first?.line.contains("--name") == false)
  }
}
