// One question after another about a model that is in no folder of vectors.

import Foundation
import LoMAVectors
import Testing
@testable import LoMAJudgement

@testable import LoMAConformance

@Suite("Chapter 13: conversations about a model of one's own")
struct ConversationTests {
  private let model: ReportFolder

  init() throws {
    model = try ReportFolder()
    try Files.create(model.path + "/config.json", with: Array("{}".utf8))
  }

  private static let question = Question(
    op: .cost, dtype: "i64", profile: JSONObject([]), parameters: JSONObject([]), model: "models/own", input: [],
    captures: [])

  /// A conversation with a script that does `misbehaviour` in place of every answer.
  private func talk<Value>(
    _ misbehaviour: String, _ body: (CandidateConversation) throws -> Value
  ) throws -> Value {
    let candidate = try ShellCandidate(when: "true", misbehaviour)
    let path = model.path
    let conversation = CandidateConversation(
      candidate.command, limits: .quick, specification: "0",
      models: .folders { $0 == "models/own" ? path : nil }, isInterrupted: { false })
    defer { conversation.end() }
    return try body(conversation)
  }

  @Test func `RUN-3 a model of one's own is a link, and stays when the scratch folder goes`() throws {
    try talk(#"cp models/own/config.json "$output"; reply '"reject":{"code":"'"$(ls models/own)"'"}'"#) {
      conversation in
      let declared = try conversation.declaration()
      #expect(declared.name == "sh")
      for _ in 0..<2 {
        let exchange = conversation.ask(Self.question, unit: "own.forward.text0", outputLimit: 100)
        guard case .rejection(let code) = exchange.reply else {
          Issue.record("\(exchange.reply)")
          return
        }
        #expect(code == "config.json" && !exchange.isEnd && exchange.noise == 0 && exchange.seconds >= 0)
      }
      conversation.end()
    }
    #expect(model.contents == ["config.json"])
  }

  @Test func `RUN-9 an end at a question is said, and the next one is asked of a new process`() throws {
    try talk("echo broken >&2; exit 3") { conversation in
      for _ in 0..<2 {
        let exchange = conversation.ask(Self.question, unit: "own.forward.text0", outputLimit: 100)
        guard case .failed(.crash, let why) = exchange.reply else {
          Issue.record("\(exchange.reply)")
          return
        }
        #expect(why.contains("3") && exchange.isEnd && exchange.standardError.contains("broken"))
      }
    }
    #expect(model.contents == ["config.json"])
  }

  @Test func `RUN-3 a model that nobody has is the runner's fault`() throws {
    try talk(":") { conversation in
      let other = Question(
        op: .cost, dtype: "i64", profile: JSONObject([]), parameters: JSONObject([]), model: "models/layer7", input: [],
        captures: [])
      guard
        case .failed(.runnerError, let why) = conversation.ask(other, unit: "own.layer7.text0", outputLimit: 1).reply
      else { throw UnexpectedReply() }
      #expect(why.contains("models/layer7"))
    }
  }

  private struct UnexpectedReply: Error {}
}
