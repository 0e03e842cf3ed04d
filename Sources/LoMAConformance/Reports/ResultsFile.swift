// RUN-21: reads results.jsonl strictly: a whole run, or the part written before the run ended early.

import LoMAJudgement
import LoMAVectors

/// The contents of a results file, complete or not.
package struct ResultsFile: Equatable, Sendable {
  /// The maximum size of a file, in bytes.
  package static let byteLimit = 1 << 29
  /// The maximum length of a line in bytes, without its line break.
  package static let lineLimit = 1 << 20
  /// The maximum number of units in a run.
  package static let unitLimit = 1 << 20
  /// The maximum number of shards in a run.
  package static let shardLimit = 1 << 20
  /// The maximum nesting depth of a line.
  static let depthLimit = 8

  /// The path it was read from.
  package let path: String
  /// The first line.
  package let header: RunHeader
  /// The units, in the order of the file.
  package let results: [CaseResult]
  /// The last line; nil if the run ended early. An unfinished line at the end of the file is ignored.
  package let footer: RunFooter?

  /// Reads an untrusted file.
  package init(contentsOf path: String) throws(ReportError) {
    let bytes: [UInt8]
    do { bytes = try Files.contents(of: path, byteLimit: ResultsFile.byteLimit) } catch { throw .file(error) }
    try self.init(decoding: bytes, path: path)
  }

  /// Parses the bytes of a file; `path` names it in errors.
  package init(decoding bytes: [UInt8], path: String) throws(ReportError) {
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    lines.removeLast()  // After the last line break: nothing, or an unfinished line.
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

  /// The run, if it is complete: it has a footer, was not interrupted, holds every unit of the shard, and its exit code
  /// follows from them.
  package func complete() throws(ReportError) -> RunRecord {
    guard let footer, !footer.interrupted else {
      throw .incomplete(path: path, units: results.count, of: header.shardUnits)
    }
    return try rendered()
  }

  /// The run to draw: complete, or interrupted with a footer. Throws if there is no footer, if units are missing
  /// although the run was not interrupted, or if the exit code does not follow from the units.
  package func rendered() throws(ReportError) -> RunRecord {
    let (found, expected) = (results.count, header.shardUnits)
    guard let footer else { throw .incomplete(path: path, units: found, of: expected) }
    if !footer.interrupted, found != expected { throw .unitCount(found: found, expected: expected, path: path) }
    let run = RunRecord(header: header, results: results, footer: footer)
    let own = Int(run.claims.exitCode)
    if footer.exit != own { throw .exitCode(found: footer.exit, expected: own, path: path) }
    return run
  }

  /// The results to take over when the run of `header` is resumed: those of units that were asked.
  ///
  /// Throws `notThisRun` if the file is of another run or another shard, `finished` if that run was completed.
  package func reusable(for header: RunHeader) throws(ReportError) -> [CaseResult] {
    if let member = self.header.difference(from: header) { throw .notThisRun(member: member, path: path) }
    if self.header.shard != header.shard { throw .notThisRun(member: "shard", path: path) }
    if let footer, !footer.interrupted { throw .finished(path: path) }
    return results.filter { $0.verdict != .notRun && $0.verdict != .runnerError }
  }

  /// The same, but throws `notThisRun` if a result describes its case differently from the corpus.
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
