import LoMAConformance
import LoMAJudgement
import Testing

@Suite("Chapter 13: verdicts")
struct VerdictTests {
  @Test func `RUN-14 verdicts are written as the Spec names them`() {
    #expect(
      Verdict.allCases.map(\.rawValue) == [
        "pass", "fail", "unsupported", "indeterminate", "suspect", "known-failure", "unexpected-pass", "crash",
        "timeout", "protocol-error", "invalid-output", "wrong-rejection", "memory", "not-run", "runner-error",
      ])
  }
}
