// RUN-4, RUN-8: what came instead of a reply, and beside one.

/// Why there is no reply.
struct Lost: Error {
  let verdict: Verdict
  let detail: String

  init(_ verdict: Verdict, _ detail: String) { (self.verdict, self.detail) = (verdict, detail) }
}

/// Lines on standard output that are no replies.
struct Noise {
  /// Bytes kept.
  static let limit = 4096
  private(set) var lines = 0
  private var kept: [UInt8] = []

  mutating func append(_ line: [UInt8]) {
    lines += 1
    kept += line.prefix(Noise.limit - kept.count)
    if kept.count < Noise.limit { kept.append(UInt8(ascii: "\n")) }
  }

  /// The first of it, for a person; empty where there is none.
  var quoted: String {
    lines == 0
      ? "" : "\n[\(lines) lines on standard output that are no replies]\n" + String(decoding: kept, as: UTF8.self)
  }
}
