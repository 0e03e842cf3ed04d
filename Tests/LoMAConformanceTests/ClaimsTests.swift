// What a run allows to be said, and its exit code.

import LoMAVectors
import Testing
@testable import LoMAJudgement

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
    ([Verdict.pass, .pass], Claims.Status.met, Int32(0)), ([.pass, .indeterminate], .open, 1),
    ([.pass, .unsupported], .narrowed, 1), ([.unsupported, .unsupported], .notClaimed, 1),
    ([.pass, .knownFailure], .notMet, 0), ([.knownFailure], .notMet, 1), ([.pass, .unexpectedPass], .notMet, 1),
    ([.pass, .fail], .notMet, 1), ([.pass, .crash], .notMet, 1), ([.pass, .timeout], .notMet, 1),
    ([.pass, .protocolError], .notMet, 1), ([.pass, .invalidOutput], .notMet, 1),
    ([.pass, .wrongRejection], .notMet, 1),
    ([.pass, .memory], .notMet, 1), ([.pass, .runnerError, .fail], .notMet, 5), ([.pass, .notRun], .open, 1),
    ([.pass, .suspect], .open, 1), ([.suspect, .fail], .notMet, 1),
    ([.pass, .crash, .notRun], .notMet, 1), ([.pass, .unsupported, .notRun], .open, 1),
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

  @Test func `RUN-16 a suspect unit is no success beside a claim that is met`() {
    #expect(Claims(results([.pass]) + results([.pass, .indeterminate], dtype: "bf16")).exitCode == 0)
    #expect(Claims(results([.pass]) + results([.pass, .suspect], dtype: "bf16")).exitCode == 1)
  }

  /// A run of the model level, by element type, that was asked with some options.
  private func run(_ verdicts: [String: [Verdict]], _ filters: [String: String], declares: [String]) -> RunRecord {
    var run = SampleRun.run(units: 0)
    run.results = verdicts.sorted { $0.key < $1.key }.flatMap { dtype, verdicts in results(verdicts, dtype: dtype) }
    run.header.filters = JSONObject(filters.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) })
    run.header.candidate.dtypes = declares
    return run
  }

  @Test func `RUN-16 what is demanded and not met is not green`() {
    let mixed = ["f32": [Verdict.pass], "f64": [.unsupported]]
    #expect(run(mixed, [:], declares: ["f32"]).claims.exitCode == 0)
    #expect(run(mixed, ["require-all": "yes"], declares: ["f32"]).claims.exitCode == 1)
    #expect(run(mixed, ["require": "model"], declares: ["f32"]).claims.exitCode == 1)
    #expect(run(["f32": [.pass]], ["require": "model"], declares: ["f32"]).claims.exitCode == 0)
    let absent = run(["f32": [.pass]], ["require": "model,training"], declares: ["f32"]).claims
    #expect(absent.exitCode == 1 && absent.unmetDemands == ["--require training: no unit of it was selected"])
    let undeclared = run(mixed, ["dtype": "f32,f64"], declares: ["f32"]).claims
    #expect(undeclared.exitCode == 1)
    #expect(undeclared.unmetDemands == ["--dtype f64: the candidate does not declare it"])
    #expect(run(["f32": [.pass, .indeterminate]], ["require-all": "yes"], declares: ["f32"]).claims.exitCode == 1)
  }

  @Test func `RUN-15 the last line counts claims, and says how near the worst error came and what was judged by`() {
    var run = run(["f32": [.pass, .pass], "f64": [.unsupported]], [:], declares: ["f32"])
    run.results[0].tensors = [TensorResult(name: "logits", rule: "calibrated", error: 1e-7, ratio: 0.25)]
    run.results[1].tensors = [
      TensorResult(name: "tokens", rule: "exact", error: nil, ratio: 0),
      TensorResult(name: "hidden.1", rule: "calibrated", error: 9e-7, ratio: 0.9),
    ]
    #expect(
      run.lastLine == "my-port 0.3: 3 units: 2 pass, 1 unsupported; 1 of 2 claims met, 1 not claimed; "
        + "worst error 0.90 of its bound, in hidden.1 of model.forward.a in f32; "
        + "manifest 0123456789ab, bounds provisional")
  }
}
