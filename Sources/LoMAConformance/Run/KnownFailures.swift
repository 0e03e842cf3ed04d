// RUN-12: the list of known failures of a port, with reasons.

import LoMAJudgement
import LoMAVectors

/// Units that are expected to fail.
package struct KnownFailures: Equatable, Sendable {
  /// A case in one element type, or in all of them.
  private struct Key: Hashable {
    let id: String
    let dtype: String?
  }

  /// Why a list is rejected; lines count from 1.
  package enum Problem: Error, Equatable, Sendable {
    /// The file cannot be read.
    case file(FileError)
    case notText
    /// No case has this id.
    case unknownCase(String, line: Int)
    /// The case is not asked in this element type.
    case unknownType(String, id: String, line: Int)
    /// The line gives no reason.
    case noReason(id: String, line: Int)
    /// The unit is listed twice.
    case repeated(id: String, line: Int)
  }

  private static let byteLimit = 1 << 22
  private var reasons: [Key: String] = [:]
  /// SHA-256 of the list; nil if there is no list.
  package private(set) var digest: String?

  /// An empty list.
  package init() {}

  /// Reads a list: each line has an id, optionally an element type, and a reason; # begins a comment line.
  package init(contentsOf path: String, corpus: CaseCorpus) throws(Problem) {
    let bytes: [UInt8]
    do { bytes = try Files.contents(of: path, byteLimit: KnownFailures.byteLimit) } catch { throw .file(error) }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw .notText }
    try self.init(text, corpus: corpus)
    digest = SHA256.hexDigest(of: bytes)
  }

  /// Parses the text of a list.
  package init(_ text: String, corpus: CaseCorpus) throws(Problem) {
    let dtypes = Dictionary(corpus.cases.map { ($0.id, $0.dtypes) }, uniquingKeysWith: { first, _ in first })
    for (place, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      var words = line.split(whereSeparator: \.isWhitespace)[...]
      guard let id = words.popFirst().map({ String($0) }), !id.hasPrefix("#") else { continue }
      guard let known = dtypes[id] else { throw .unknownCase(id, line: place + 1) }
      var dtype: String?
      if let word = words.first.map({ String($0) }), NumberType.allWords.contains(word) {
        if !known.contains(word) { throw .unknownType(word, id: id, line: place + 1) }
        dtype = word
        words.removeFirst()
      }
      if words.isEmpty { throw .noReason(id: id, line: place + 1) }
      let old = reasons.updateValue(words.joined(separator: " "), forKey: Key(id: id, dtype: dtype))
      if old != nil { throw .repeated(id: id, line: place + 1) }
    }
  }

  /// The result with the verdict the list gives it, if it is listed.
  func applied(to result: CaseResult) -> CaseResult {
    let named = reasons[Key(id: result.id, dtype: result.dtype)] ?? reasons[Key(id: result.id, dtype: nil)]
    guard let reason = named else { return result }
    var result = result
    switch result.verdict {
    case .pass:
      result.verdict = .unexpectedPass
      result.why = "listed as a known failure: \(reason)"
    case .fail, .crash, .timeout, .protocolError, .invalidOutput, .wrongRejection, .memory:
      result.why = "known: \(reason); \(result.verdict.rawValue): \(result.why)"
      result.verdict = .knownFailure
    case .unsupported, .indeterminate, .suspect, .knownFailure, .unexpectedPass, .notRun, .runnerError: break
    }
    return result
  }
}

extension KnownFailures.Problem: CustomStringConvertible {
  package var description: String {
    switch self {
    case .file(let error): "known failures: \(error)"
    case .notText: "known failures: not UTF-8"
    case .unknownCase(let id, let line): "known failures: line \(line): no case is called \(id.debugDescription)"
    case .unknownType(let type, let id, let line): "known failures: line \(line): \(id) is not asked in \(type)"
    case .noReason(let id, let line): "known failures: line \(line): no reason behind \(id)"
    case .repeated(let id, let line): "known failures: line \(line): \(id) a second time"
    }
  }
}
