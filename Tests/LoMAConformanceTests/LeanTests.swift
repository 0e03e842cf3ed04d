// RUN-15: a bias is seen where every number is within its bound.

import LoMAVectors
import Testing
@testable import LoMAJudgement

@testable import LoMAConformance

@Suite("Chapter 13: numbers to one side")
struct LeanTests {
  private let want = (0..<40).map { Double($0 - 20) }

  private func lean(_ error: (Double) -> Double) -> Lean? {
    Lean(want.map { (got: $0 + error($0), want: $0) })
  }

  @Test func `RUN-15 numbers lean where all of them are off to one side`() {
    #expect(lean { _ in 0.5 } == .up && lean { _ in -0.5 } == .down)
    #expect(lean { $0 < 0 ? -0.5 : 0.5 } == .away)
    #expect(Lean(want.filter { $0 != 0 }.map { (got: $0 * 0.9, want: $0) }) == .towards)
    #expect(lean { Int($0).isMultiple(of: 3) ? 0.5 : -0.5 } == nil)
    #expect(Lean([(got: 1, want: 0)]) == nil, "one number says nothing")
  }

  @Test func `RUN-15 a run says that its right answers lean, and nothing of a few that do`() {
    func run(leaning: Int, others: Int) -> RunRecord {
      var run = SampleRun.run(units: 0)
      run.results = (0..<leaning + others).map { place in
        var result = CaseResult(
          id: "model.forward.\(place)", dtype: "f32", level: "model", op: "forward", profile: "base", hunts: "",
          clauses: [],
          verdict: .pass, why: "",
          tensors: [TensorResult(name: "logits", rule: "calibrated", error: 1e-7, ratio: 0.9)], finding: nil)
        if place < leaning { result.tensors[0].lean = .up }
        return result
      }
      return run
    }
    #expect(
      run(leaning: 5, others: 1).notes == [
        "5 of 6 tensors that use more than half their bound are off up in all such numbers: a bias, not rounding"
      ])
    #expect(run(leaning: 5, others: 1).claims.exitCode == 0)
    #expect(run(leaning: 3, others: 3).notes.isEmpty && run(leaning: 2, others: 0).notes.isEmpty)
  }
}
