// RUN-21, RUN-22: why a results file is rejected.

import LoMAVectors

/// Why results cannot be read or merged; lines count from 1.
package enum ReportError: Error, Equatable, Sendable {
  case file(FileError)
  /// A line is longer than `ResultsFile.lineLimit`.
  case longLine(path: String, line: Int, bytes: Int)
  /// The file has more lines than a run can have.
  case tooManyLines(path: String, limit: Int)
  /// A line is not strict JSON.
  case json(JSONError, path: String, line: Int)
  /// The first line is not a header of version 1.
  case noHeader(path: String)
  /// A member is missing, unknown or invalid.
  case member(String, path: String, line: Int)
  /// The same unit occurs twice.
  case repeatedUnit(id: String, dtype: String, path: String, line: Int)
  /// Something follows the footer.
  case behindFooter(path: String, line: Int)
  /// The number of units differs from the one in the header or footer.
  case unitCount(found: Int, expected: Int, path: String)
  /// The exit code does not follow from the units.
  case exitCode(found: Int, expected: Int, path: String)
  /// There is no footer, or it says that the run was interrupted.
  case incomplete(path: String, units: Int, of: Int)
  /// Two files are not of one run; names the first member in which their headers differ.
  case differentRuns(member: String, first: String, second: String)
  /// A shard is missing.
  case missingShard(Int, of: Int)
  /// The same shard was given twice.
  case repeatedShard(Int, of: Int, path: String)
  /// The file to resume is of another run.
  case notThisRun(member: String, path: String)
  /// The run to resume was completed.
  case finished(path: String)
}

extension ReportError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .file(let error): "\(error)"
    case .longLine(let path, let line, let bytes):
      "\(path): line \(line) has \(bytes) bytes, the limit is \(ResultsFile.lineLimit)"
    case .tooManyLines(let path, let limit): "\(path): more than \(limit) lines"
    case .json(let error, let path, let line): "\(path): line \(line): \(error)"
    case .noHeader(let path): "\(path): the first line is not a results header of version 1"
    case .member(let member, let path, let line): "\(path): line \(line): \(member)"
    case .repeatedUnit(let id, let dtype, let path, let line): "\(path): line \(line): \(id) in \(dtype) a second time"
    case .behindFooter(let path, let line): "\(path): line \(line) stands behind the footer"
    case .unitCount(let found, let expected, let path): "\(path): \(found) units, not \(expected)"
    case .exitCode(let found, let expected, let path): "\(path): exit is \(found), its units make it \(expected)"
    case .incomplete(let path, let units, let count):
      "\(path): the run is incomplete, it has \(units) of \(count) units; loma conform --resume goes on with it"
    case .differentRuns(let member, let first, let second): "\(first) and \(second) differ in \(member)"
    case .missingShard(let index, let count): "shard \(index)/\(count) is missing"
    case .repeatedShard(let index, let count, let path): "\(path): shard \(index)/\(count) a second time"
    case .notThisRun(let member, let path): "\(path): results of another run, they differ in \(member)"
    case .finished(let path): "\(path): this run came to its end; there is nothing to go on with"
    }
  }
}
