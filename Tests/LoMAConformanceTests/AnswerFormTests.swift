// Answers that hold other tensors than they must, and replies that are none.

import LoMAVectors
import Testing
@testable import LoMAJudgement

@testable import LoMAConformance

@Suite("Chapter 11: answers out of form, and rejections")
struct AnswerFormTests {
  private let id = "model.forward.gqa.captures-hidden"

  private func why(_ answer: [NamedArray]) throws -> String {
    let result = try Recorded.result(id, "f32", [.tensors(answer)])
    #expect(result.verdict == .invalidOutput)
    return result.why
  }

  @Test func `OPS-1 missing, extra, misshapen and mistyped tensors are invalid output`() throws {
    let right = try Recorded.answer(try Recorded.item(id), "f32")
    #expect(try why([]) == "missing tensor logits" || why([]).hasPrefix("missing tensor"))
    #expect(try why(right.filter { $0.name != "hidden.1" }) == "missing tensor hidden.1")
    let extra = try NamedArray("more\nlines", .f32, shape: [1], doubles: [1])
    #expect(try why(right + [extra]).hasPrefix("extra tensor more"))
    #expect(try why(right + [right[0]]) == "a tensor is there twice")
    let flat = try right.map { try NamedArray($0.name, .f32, shape: [$0.shape.reduce(1, *)], bytes: $0.bytes) }
    #expect(try why(flat).hasPrefix("wrong shape: "))
    #expect(try why(try Recorded.answer(try Recorded.item(id), "f64")).contains("is F64, not F32"))
    for value in [Double.nan, .infinity, -.infinity] {
      #expect(try why(try right.changing("hidden.2", at: 9) { _ in value }) == "non-finite: hidden.2")
    }
    let one = try #require(right.first { $0.name == "logits" })
    #expect(try Recorded.result(id, "f32", [.tensors([one])]).verdict == .invalidOutput)
    let alone = try Recorded.corpus().judge(
      try Recorded.item(id), dtype: "f32", replies: [.tensors([one])], bounds: .provisional, captures: false)
    #expect(alone.verdict == .pass, "asked without captures")
  }

  @Test func `OPS-6 bad input is answered with its code alone`() throws {
    let id = "rejection.layout.c0"
    #expect(try Recorded.result(id, "i64", [.rejection(code: "ratio-below-one")]).verdict == .pass)
    let other = try Recorded.result(id, "i64", [.rejection(code: "empty-prompt")])
    #expect(other.verdict == .wrongRejection && other.why == "rejected with empty-prompt, right is ratio-below-one")
    #expect(try Recorded.result(id, "i64", [.tensors([])]).verdict == .wrongRejection)
    for verdict in [Verdict.crash, .timeout, .protocolError, .memory] {
      #expect(try Recorded.result(id, "i64", [.failed(verdict, detail: "d")]).verdict == verdict)
    }
    let good = try Recorded.result("stage.rope.one-pair", "f32", [.rejection(code: "ratio-below-one")])
    #expect(good.verdict == .wrongRejection && good.why.contains("the input is good"))
  }

  @Test func `OPS-6 what is not supported narrows, and a lost reply is the runner's fault`() throws {
    let unsupported = try Recorded.result(
      "stage.rope.one-pair", "f32", [.unsupported(why: "no rope", issue: "https://example.org/1")])
    #expect(unsupported.verdict == .unsupported && unsupported.why == "no rope (https://example.org/1)")
    #expect(try Recorded.result("stage.rope.one-pair", "f32", []).verdict == .runnerError)
    #expect(try Recorded.result("rejection.layout.c0", "i64", []).verdict == .runnerError)
    #expect(try Recorded.result("property.repeat.mha", "f32", [.tensors([])]).verdict == .runnerError)
    let crashed = try Recorded.result(
      "property.repeat.mha", "f32", [.tensors([]), .failed(.crash, detail: "signal 6")])
    #expect(crashed.verdict == .crash && crashed.why == "signal 6")
  }
}
