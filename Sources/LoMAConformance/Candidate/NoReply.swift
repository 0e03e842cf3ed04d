// RUN-4, RUN-8: what came instead of a reply, and lines besides replies.

import LoMAJudgement
import LoMAVectors

/// Why there is no reply.
struct NoReply: Error {
  let verdict: Verdict
  let detail: String
  init(_ verdict: Verdict, _ detail: String) { (self.verdict, self.detail) = (verdict, detail) }

  /// For a line that is the awaited reply but for its first bytes.
  init(misbegun line: [UInt8]) {
    let start = String(decoding: ConversationProtocol.replyStart, as: UTF8.self)
    let quoted = String(decoding: line, as: UTF8.self).onOneLine.prefix(60)
    self.init(
      .protocolError,
      "the awaited reply does not begin with the bytes \(start), without a space or a byte order mark: \(quoted)")
  }
}

/// Lines on standard output that are not replies: the noise of RUN-4.
struct StrayLines {
  /// Bytes kept.
  static let limit = 4096
  private(set) var lines = 0
  private var kept: [UInt8] = []

  mutating func append(_ line: [UInt8]) {
    lines += 1
    kept += line.prefix(StrayLines.limit - kept.count)
    if kept.count < StrayLines.limit { kept.append(UInt8(ascii: "\n")) }
  }

  /// A hint for an error message if some came while a reply was awaited: the first line, and how a reply begins; empty
  /// if there were none.
  var hint: String {
    guard lines > 0 else { return "" }
    var line = kept.prefix { $0 != UInt8(ascii: "\n") }
    let mark: [UInt8] = [0xef, 0xbb, 0xbf]
    let hasMark = line.starts(with: mark)
    if hasMark { line = line.dropFirst(mark.count) }
    let quoted = String(String(decoding: line, as: UTF8.self).onOneLine.prefix(100))
    let start = String(decoding: ConversationProtocol.replyStart, as: UTF8.self)
    return
      "; lines on its standard output that are not replies: \(lines), the first: \(quoted); a reply begins with the bytes "
      + start + ", without a space\(hasMark ? ", without a byte order mark" : "")"
  }

  /// Their beginning, for a report; empty if there were none.
  var quoted: String {
    lines == 0
      ? "" : "\n[\(lines) lines on standard output that are not replies]\n" + String(decoding: kept, as: UTF8.self)
  }
}
