// RUN-2, RUN-3: the lines that the runner writes.

import LoMAJudgement
import LoMAVectors

/// The protocol of lines between the runner and a candidate.
package enum ConversationProtocol {
  /// Its version.
  package static let version = 1
  /// The bytes a line of a longer one is refused at, in both directions.
  package static let lineLimit = 1 << 20
  /// How deep a reply may be nested.
  static let depthLimit = 8
  /// What a reply begins with; any other line is noise.
  static let replyStart = Array(#"{"loma":1"#.utf8)
}

/// A line that the runner writes.
package enum ProtocolRequest: Sendable {
  /// The first: who are you?
  case hello(specification: String)
  /// A question, with the names of its files in the scratch folder.
  case run(caseID: String, Question, input: String?, output: String)
  /// The last: end, please.
  case stop

  /// The line, with its end.
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
