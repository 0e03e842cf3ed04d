// RUN-16: what a run returns.

import Testing
@testable import LoMAJudgement

@testable import LoMAConformance

@Suite("Chapter 13: exit codes")
struct ExitCodeTests {
  private func code(_ verdicts: [Verdict], isInterrupted: Bool = false) -> Int32 {
    let results = verdicts.map {
      CaseResult(
        id: "a.b.c", dtype: "f64", level: "model", op: "forward", profile: "base", hunts: "", clauses: [], verdict: $0,
        why: "", tensors: [], finding: nil)
    }
    return Claims(results, isInterrupted: isInterrupted).exitCode
  }

  @Test func `RUN-16 the first code that applies is returned`() {
    #expect(code([.fail, .runnerError], isInterrupted: true) == 130)
    #expect(code([.fail, .runnerError]) == 5)
    #expect(code([]) == 4)
    for verdict in Verdict.allCases where verdict.isWrong && verdict != .knownFailure && verdict != .runnerError {
      #expect(code([.pass, verdict]) == 1, "\(verdict)")
    }
    #expect(code([.pass, .notRun]) == 1)
    #expect(code([.pass, .suspect]) == 1)
    #expect(code([.unsupported]) == 1 && code([.knownFailure]) == 1)
    #expect(code([.pass, .unsupported, .knownFailure, .indeterminate]) == 0)
  }
}
