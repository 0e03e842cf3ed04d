// RUN-4: the lines written by a candidate, parsed strictly.

import LoMAVectors

/// A parsed reply.
enum ReplyLine: Equatable, Sendable {
  /// Done; the reply to hello also carries the declaration.
  case ok(JSONObject)
  /// The input is rejected.
  case reject(code: String)
  /// The candidate does not support this.
  case unsupported(why: String, issue: String?)

  /// The maximum length of an explanation.
  static let wordLimit = 2000

  /// Whether a line begins as a reply does.
  static func isReply(_ line: some Sequence<UInt8>) -> Bool { line.starts(with: ConversationProtocol.replyStart) }

  /// Whether a line is the reply to request `id` in all but its first bytes: with blanks, with its members in another order,
  /// or behind a byte order mark.
  static func isMisbegun(_ line: [UInt8], to id: Int) -> Bool {
    let mark: [UInt8] = [0xef, 0xbb, 0xbf]
    let text = line.starts(with: mark) ? Array(line.dropFirst(mark.count)) : line
    let first = text.first { ![0x20, 0x09, 0x0d].contains($0) }
    return !isReply(line) && first == UInt8(ascii: "{") && (try? ReplyLine(text, to: id)) != nil
  }

  /// Parses the reply to request `id`. Unknown members are ignored.
  init(_ line: [UInt8], to id: Int) throws(ReplyError) {
    let value: JSONValue
    do {
      value = try StrictJSON.parse(
        line, sizeLimit: ConversationProtocol.lineLimit, depthLimit: ConversationProtocol.depthLimit)
    } catch { throw .json(error) }
    guard let object = value.objectValue, object["loma"] == .integer(1) else { throw .member("loma", must: "1") }
    guard let found = object["id"]?.integerValue else { throw .member("id", must: "an integer") }
    if found != id { throw .wrongID(expected: id, found: found) }
    let outcomes = ["ok", "reject", "unsupported"].filter { object[$0] != nil }
    guard outcomes.count == 1, let name = outcomes.first, let outcome = object[name]?.objectValue else {
      if outcomes.count == 1 { throw .member(outcomes[0], must: "an object") }
      throw .outcomes(outcomes)
    }
    switch name {
    case "ok": self = .ok(outcome)
    case "reject": self = .reject(code: try ReplyLine.word("code", of: outcome, limit: 100))
    case _:
      let issue = outcome["issue"] == nil ? nil : try ReplyLine.word("issue", of: outcome, limit: ReplyLine.wordLimit)
      self = .unsupported(why: try ReplyLine.word("why", of: outcome, limit: ReplyLine.wordLimit), issue: issue)
    }
  }

  /// A string member of limited length.
  static func word(_ name: String, of object: JSONObject, limit: Int) throws(ReplyError) -> String {
    guard let word = object[name]?.stringValue else { throw .member(name, must: "a string") }
    if word.unicodeScalars.count > limit { throw .tooLong(name, limit: limit) }
    return word
  }
}
