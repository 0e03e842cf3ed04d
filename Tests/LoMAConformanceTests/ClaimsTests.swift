// What a run allows to be said, and its exit code.

import Testing

@testable import LoMAConformance

@Suite("Chapter 13: claims")
struct ClaimsTests {
  private func results(_ verdicts: [Verdict], profile: String = "base", dtype: String = "f32") -> [CaseResult] {
    verdicts.map {
      CaseResult(
        id: "model.forward.a", dtype: dtype, level: "model", op: "forward", profile: profile, hunts: "h", clauses: [],
        verdict: $0, why: "", tensors: [], finding: nil)
    }
  }

  @Test(arguments: [
    ([Verdict.pass, .pass], Claims.Status.met, Int32(0)), ([.pass, .indeterminate], .met, 0),
    ([.pass, .unsupported], .narrowed, 0), ([.unsupported, .unsupported], .notClaimed, 1),
    ([.pass, .knownFailure], .notMet, 0), ([.knownFailure], .notMet, 1), ([.pass, .unexpectedPass], .notMet, 1),
    ([.pass, .fail], .notMet, 1), ([.pass, .crash], .notMet, 1), ([.pass, .timeout], .notMet, 1),
    ([.pass, .protocolError], .notMet, 1), ([.pass, .invalidOutput], .notMet, 1),
    ([.pass, .wrongRejection], .notMet, 1),
    ([.pass, .memory], .notMet, 1), ([.pass, .runnerError, .fail], .notMet, 5), ([.pass, .notRun], .incomplete, 1),
    ([.pass, .crash, .notRun], .notMet, 1), ([.pass, .unsupported, .notRun], .incomplete, 1),
  ])
  func `RUN-15 a claim is as good as its worst unit`(_ verdicts: [Verdict], _ status: Claims.Status, _ code: Int32) {
    let claims = Claims(results(verdicts))
    #expect(claims.cells.map(\.status) == [status] && claims.exitCode == code)
    #expect(claims.cells.first?.units == verdicts.count)
    #expect(Claims(results(verdicts), isInterrupted: true).exitCode == 130)
  }

  @Test func `RUN-15 claims are by level, profile and element type, base first`() {
    let claims = Claims(
      results([.pass], profile: "numbering=sequential") + results([.pass, .fail], dtype: "bf16") + results([.pass]))
    #expect(claims.cells.map(\.profile) == ["base", "base", "numbering=sequential"])
    #expect(claims.cells.map(\.dtype) == ["f32", "bf16", "f32"])
    #expect(claims.cells.map(\.status) == [.met, .notMet, .met])
    #expect(claims.cells[1].counts == [.pass: 1, .fail: 1] && claims.count(.pass) == 3)
    #expect(Claims([]).exitCode == 4 && Claims([]).cells.isEmpty)
  }
}
