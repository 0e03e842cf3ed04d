// RUN-2…RUN-5: the lines of the protocol, written and parsed.

import LoMAVectors
import Testing
@testable import LoMAJudgement

@testable import LoMAConformance

@Suite("Chapter 13: lines")
struct ProtocolTests {
  private static let question = Question(
    op: .forward, dtype: "f32", profile: JSONObject([.init("memory_context", .string("no_past"))]),
    parameters: JSONObject([.init("c", .integer(2)), .init("epsilon", .string("0x1p-14"))]), model: "models/gqa",
    input: [], captures: ["hidden.0"])

  private func text(_ request: ProtocolRequest, id: Int) -> String {
    String(decoding: request.line(id: id), as: UTF8.self)
  }

  private func declaration(_ text: String) throws -> Declaration {
    let value = try StrictJSON.parse(Array(text.utf8), sizeLimit: 1 << 20, depthLimit: 8)
    return try Declaration(try #require(value.objectValue))
  }

  private func reply(_ text: String, to id: Int) throws(ReplyError) -> ReplyLine {
    try ReplyLine(Array(text.utf8), to: id)
  }

  @Test func `RUN-3 requests are one line each`() {
    #expect(
      text(.hello(specification: "0.1"), id: 0)
        == #"{"loma":1,"id":0,"cmd":"hello","protocols":[1],"specification":"0.1"}"# + "\n")
    let line = """
      {"loma":1,"id":7,"cmd":"run","case":"a.b.c","op":"forward","dtype":"f32",\
      "profile":{"memory_context":"no_past"},"params":{"c":2,"epsilon":"0x1p-14"},"model":"models/gqa",\
      "input":null,"output":"7.output.safetensors","capture":["hidden.0"]}

      """
    #expect(text(.run(caseID: "a.b.c", Self.question, input: nil, output: "7.output.safetensors"), id: 7) == line)
    #expect(text(.stop, id: 9) == #"{"loma":1,"id":9,"cmd":"stop"}"# + "\n")
  }

  @Test func `RUN-4 a reply has one of three outcomes`() throws {
    #expect(try reply(#"{"loma":1,"id":7,"ok":{}}"#, to: 7) == .ok(JSONObject([])))
    #expect(try reply(#"{"loma":1,"id":7,"reject":{"code":"x","at":3}}"#, to: 7) == .reject(code: "x"))
    #expect(
      try reply(#"{"loma":1,"id":7,"unsupported":{"why":"w","issue":"i"},"more":[]}"#, to: 7)
        == .unsupported(why: "w", issue: "i"))
    #expect(try reply(#"{"loma":1,"id":7,"unsupported":{"why":"w"}}"#, to: 7) == .unsupported(why: "w", issue: nil))
    #expect(throws: ReplyError.outcomes([])) { try reply(#"{"loma":1,"id":7}"#, to: 7) }
    #expect(throws: ReplyError.outcomes(["ok", "reject"])) { try reply(#"{"loma":1,"id":7,"ok":1,"reject":2}"#, to: 7) }
    #expect(throws: ReplyError.wrongID(expected: 7, found: 8)) { try reply(#"{"loma":1,"id":8,"ok":{}}"#, to: 7) }
    #expect(throws: ReplyError.member("id", must: "an integer")) { try reply(#"{"loma":1,"id":"7","ok":{}}"#, to: 7) }
    let long = String(repeating: "w", count: 2001)
    #expect(throws: ReplyError.tooLong("why", limit: 2000)) {
      try reply(#"{"loma":1,"id":7,"unsupported":{"why":"\#(long)"}}"#, to: 7)
    }
    let deep = String(repeating: "[", count: 9) + String(repeating: "]", count: 9)
    #expect(throws: ReplyError.self) { try reply(#"{"loma":1,"id":7,"ok":{},"x":\#(deep)}"#, to: 7) }
    #expect(ReplyLine.isReply(Array(#"{"loma":1}"#.utf8)) && !ReplyLine.isReply(Array(#"{ "loma":1}"#.utf8)))
  }

  @Test func `RUN-2 a hello declares operations, types, profiles and captures`() throws {
    let least = try declaration(#"{"protocol":1,"name":"n","version":"v","ops":["mask"],"dtypes":[]}"#)
    #expect(least.profiles == .these([[:]]) && !least.captures && least.ops == ["mask"] && least.dtypes.isEmpty)
    let most = try declaration(
      #"{"protocol":1,"name":"n","version":"v","ops":[],"dtypes":["bf16"],"profiles":"any","captures":true,"x":0}"#)
    #expect(most.profiles == .any && most.captures && most.dtypes == ["bf16"])
    for broken in [
      #"{"protocol":2,"name":"n","version":"v","ops":[],"dtypes":[]}"#,
      #"{"protocol":1,"version":"v","ops":[],"dtypes":[]}"#,
      #"{"protocol":1,"name":1,"version":"v","ops":[],"dtypes":[]}"#,
      #"{"protocol":1,"name":"n","version":"v","ops":"mask","dtypes":[]}"#,
      #"{"protocol":1,"name":"n","version":"v","ops":[],"dtypes":["f8"]}"#,
      #"{"protocol":1,"name":"n","version":"v","ops":[],"dtypes":[],"profiles":"all"}"#,
      #"{"protocol":1,"name":"n","version":"v","ops":[],"dtypes":[],"profiles":[{"a":1}]}"#,
      #"{"protocol":1,"name":"n","version":"v","ops":[],"dtypes":[],"captures":1}"#,
      #"{"protocol":1,"name":"\#(String(repeating: "n", count: 201))","version":"v","ops":[],"dtypes":[]}"#,
    ] {
      #expect(throws: ReplyError.self, "\(broken)") { try declaration(broken) }
    }
  }

  @Test func `RUN-5 what is not declared is not asked`() throws {
    func refusal(_ members: String, isRejection: Bool = false) throws -> String? {
      try declaration(#"{"protocol":1,"name":"n","version":"v",\#(members)}"#)
        .refusal(of: Self.question, isRejection: isRejection)
    }
    #expect(try refusal(#""ops":["mask"],"dtypes":["f32"]"#) == "not declared: operation forward")
    #expect(try refusal(#""ops":["forward"],"dtypes":["f64"]"#) == "not declared: dtype f32")
    #expect(try refusal(#""ops":["forward"],"dtypes":["f32"]"#) == "not declared: profile memory_context=no_past")
    #expect(try refusal(#""ops":["forward"],"dtypes":["f32"]"#, isRejection: true) == nil)
    #expect(try refusal(#""ops":["forward"],"dtypes":["f32"],"profiles":"any""#) == nil)
    #expect(
      try refusal(#""ops":["forward"],"dtypes":["f32"],"profiles":[{},{"memory_context":"no_past"}]"#) == nil)
    #expect(
      try refusal(#""ops":["forward"],"dtypes":["f32"],"profiles":[{"memory_context":"no_past","numbering":"x"}]"#)
        != nil)
  }
}
