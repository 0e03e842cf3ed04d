// RUN-2, RUN-3: the lines written by the runner.

import LoMAJudgement
import LoMAVectors

/// The line protocol between the runner and a candidate.
package enum ConversationProtocol {
  package static let version = 1
  /// The maximum length of a line in bytes, in both directions.
  package static let lineLimit = 1 << 20
  /// The maximum nesting depth of a reply.
  static let depthLimit = 8
  /// The first bytes of every reply; any other line is noise.
  static let replyStart = Array(#"{"loma":1"#.utf8)
}

/// A request line.
package enum ProtocolRequest: Sendable {
  /// The first request: asks what the candidate declares.
  case hello(specification: String)
  /// A question, with the names of its files in the scratch folder.
  case run(caseID: String, Question, input: String?, output: String)
  /// The last request: asks the candidate to end.
  case stop

  /// The line, with its line break.
  package func line(id: Int) -> [UInt8] {
    JSONValue.members([.init("loma", .integer(1)), .init("id", .integer(id))] + members).lineBytes
      + [UInt8(ascii: "\n")]
  }

  private var members: [JSONObject.Member] {
    switch self {
    case .hello(let specification):
      [
        .init("cmd", .string("hello")), .init("protocols", .array([.integer(ConversationProtocol.version)])),
        .init("specification", .string(specification)),
      ]
    case .run(let caseID, let question, let input, let output):
      [
        .init("cmd", .string("run")), .init("case", .string(caseID)), .init("op", .string(question.op.rawValue)),
        .init("dtype", .string(question.dtype)), .init("profile", .object(question.profile)),
        .init("params", .object(question.parameters)), .init("model", .string(orNull: question.model)),
        .init("input", .string(orNull: input)), .init("output", .string(output)),
        .init("capture", .array(question.captures.map { .string($0) })),
      ]
    case .stop: [.init("cmd", .string("stop"))]
    }
  }
}
