// RUN-21: results.jsonl, read strictly: a whole run, or what there is of one that was ended early.

import LoMAJudgement
import LoMAVectors

/// A results file as it was read: complete, or not.
package struct ResultsFile: Equatable, Sendable {
  /// The longest file, in bytes.
  package static let byteLimit = 1 << 29
  /// The longest line, in bytes without its end.
  package static let lineLimit = 1 << 20
  /// The most units of a run.
  package static let unitLimit = 1 << 20
  /// The most shards of a run.
  package static let shardLimit = 1 << 20
  /// How deep a line is nested.
  static let depthLimit = 8

  /// Where it was read.
  package let path: String
  /// Its first line.
  package let header: RunHeader
  /// Its units, in the order of the file.
  package let results: [CaseResult]
  /// Its last line; none where the run was ended early. A piece of a line at the end of the file is left out.
  package let footer: RunFooter?

  /// Reads a file that nobody vouches for.
  package init(contentsOf path: String) throws(ReportError) {
    let bytes: [UInt8]
    do { bytes = try Files.contents(of: path, byteLimit: ResultsFile.byteLimit) } catch { throw .file(error) }
    try self.init(decoding: bytes, path: path)
  }

  /// Reads the bytes of a file; `path` names it in errors.
  package init(decoding bytes: [UInt8], path: String) throws(ReportError) {
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    lines.removeLast()  // Behind the last line break: nothing, or a line that was never finished.
    if lines.count > ResultsFile.unitLimit + 2 { throw .tooManyLines(path: path, limit: ResultsFile.unitLimit + 2) }
    guard let first = lines.first else { throw .noHeader(path: path) }
    let header = try RunHeader(try ResultsFile.value(first, path: path, line: 1), path: path)
    var results: [CaseResult] = []
    var footer: RunFooter?
    var seen: Set<String> = []
    for (place, bytes) in lines.enumerated().dropFirst() {
      let line = place + 1
      if footer != nil { throw .behindFooter(path: path, line: line) }
      let value = try ResultsFile.value(bytes, path: path, line: line)
      if value.objectValue?["loma_results_end"] != nil {
        footer = try RunFooter(value, path: path, line: line)
      } else {
        let result = try CaseResult(value, path: path, line: line)
        guard seen.insert(result.id + "\n" + result.dtype).inserted else {
          throw .repeatedUnit(id: result.id, dtype: result.dtype, path: path, line: line)
        }
        results.append(result)
      }
    }
    let expected = footer?.units ?? results.count
    if results.count != expected { throw .unitCount(found: results.count, expected: expected, path: path) }
    if results.count > header.shardUnits {
      throw .unitCount(found: results.count, expected: header.shardUnits, path: path)
    }
    self.path = path
    self.header = header
    self.results = results
    self.footer = footer
  }

  /// The run, if it is complete: a footer, not interrupted, every unit of the shard, and the exit code that they allow.
  package func complete() throws(ReportError) -> RunRecord {
    guard let footer, !footer.interrupted else {
      throw .incomplete(path: path, units: results.count, of: header.shardUnits)
    }
    return try rendered()
  }

  /// The run to draw: whole, or interrupted and ended with its footer; a file without a footer is refused, and one that lacks
  /// units which nobody interrupted, or whose exit code its units do not allow.
  package func rendered() throws(ReportError) -> RunRecord {
    let (found, expected) = (results.count, header.shardUnits)
    guard let footer else { throw .incomplete(path: path, units: found, of: expected) }
    if !footer.interrupted, found != expected { throw .unitCount(found: found, expected: expected, path: path) }
    let run = RunRecord(header: header, results: results, footer: footer)
    let own = Int(run.claims.exitCode)
    if footer.exit != own { throw .exitCode(found: footer.exit, expected: own, path: path) }
    return run
  }

  /// The units that need not be asked again when the run of `header` goes on: those that were asked.
  ///
  /// Throws `notThisRun` where the file is of another run or another shard, `finished` where that run came to its end.
  package func reusable(for header: RunHeader) throws(ReportError) -> [CaseResult] {
    if let member = self.header.difference(from: header) { throw .notThisRun(member: member, path: path) }
    if self.header.shard != header.shard { throw .notThisRun(member: "shard", path: path) }
    if let footer, !footer.interrupted { throw .finished(path: path) }
    return results.filter { $0.verdict != .notRun && $0.verdict != .runnerError }
  }

  /// The same where every unit says of its case what the corpus says; throws `notThisRun` where one does not.
  package func reusable(for header: RunHeader, of corpus: CaseCorpus) throws(ReportError) -> [CaseResult] {
    let done = try reusable(for: header)
    let items = Dictionary(corpus.cases.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    for result in done {
      let own = items[result.id].map { CaseResult($0, dtype: result.dtype, verdict: .notRun, why: "") }
      guard let own, own.level == result.level, own.op == result.op, own.profile == result.profile,
        own.hunts == result.hunts, own.clauses == result.clauses
      else { throw .notThisRun(member: "what they say of \(result.id)", path: path) }
    }
    return done
  }

  private static func value(_ bytes: ArraySlice<UInt8>, path: String, line: Int) throws(ReportError) -> JSONValue {
    if bytes.count > lineLimit { throw .longLine(path: path, line: line, bytes: bytes.count) }
    do {
      return try StrictJSON.parse(Array(bytes), sizeLimit: lineLimit, depthLimit: depthLimit)
    } catch { throw .json(error, path: path, line: line) }
  }
}
