// RUN-20: writes results.jsonl: a line for every unit, stored on disk as soon as it is judged.

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import LoMAJudgement
import LoMAVectors

#if canImport(Synchronization)
  import Synchronization
#endif

/// Appends lines to a results file that has no footer yet. Any thread may add a line.
package final class ResultsWriter: Sendable {
  private let path: String
  private let descriptor: Mutex<Int32>

  /// Begins a file with a header and the results taken over from an earlier run. It gets its name only when all these
  /// are stored, so that an existing file of that name stays complete until then.
  ///
  /// Throws `FileError` if the file cannot be written, or if the name belongs to something other than a regular file.
  package init(_ path: String, header: RunHeader, kept: [CaseResult] = []) throws(FileError) {
    self.path = path
    try RegularFile.check(path)
    let partial = path + ".partial"
    unlink(partial)
    // O_NOFOLLOW: never write through a symbolic link.
    let file = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o666)
    if file < 0 { throw .failed("open", path: path, code: errno) }
    descriptor = Mutex(file)
    do throws(FileError) {
      let lines = ([header.json] + kept.map { $0.line }).map { $0.line + "\n" }.joined()
      try append(lines, to: file)
      if fsync(file) != 0 { throw .failed("fsync", path: path, code: errno) }
      if rename(partial, path) != 0 { throw .failed("rename", path: path, code: errno) }
    } catch {
      unlink(partial)
      throw error
    }
  }

  deinit { descriptor.withLock { _ = close($0) } }

  /// Writes the result of a unit that was just judged.
  package func add(_ result: CaseResult) throws(FileError) {
    let line = result.line.line + "\n"
    try descriptor.withLock { (file) throws(FileError) in try append(line, to: file) }
  }

  /// Writes whole lines only: if that fails, the file is truncated to its last complete line.
  private func append(_ text: String, to file: Int32) throws(FileError) {
    let bytes = Array(text.utf8)
    let start = lseek(file, 0, SEEK_CUR)
    var offset = 0
    while offset < bytes.count {
      let count = bytes[offset...].withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else {
        let code = count < 0 ? errno : EIO
        if start >= 0, ftruncate(file, start) == 0 { lseek(file, start, SEEK_SET) }
        throw .failed("write", path: path, code: code)
      }
      offset += count
    }
  }
}

extension CaseResult {
  /// The line of this unit, shortened if it exceeds a reader's limit: first the picture, then long texts are cut.
  var line: JSONValue {
    guard json.line.utf8.count > ResultsFile.lineLimit else { return json }
    var short = self
    short.divergence = nil
    short.standardError = String(standardError.unicodeScalars.suffix(4096).map(Character.init))
    short.why = String(why.unicodeScalars.prefix(4096).map(Character.init))
    short.diagnosis = diagnosis.prefix(64).map { String($0.unicodeScalars.prefix(1024).map(Character.init)) }
    return short.json
  }
}

extension RunRecord {
  /// The contents of the file of a finished run.
  package var lines: String {
    ([header.json] + results.map { $0.line } + [footer.json]).map { $0.line + "\n" }.joined()
  }
}
