// RUN-20: results.jsonl as it grows: a line for every unit, on disk as soon as it is judged.

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

/// Appends lines to a results file that has no footer yet. Any thread may add.
package final class ResultsWriter: Sendable {
  private let path: String
  private let descriptor: Mutex<Int32>

  /// Begins a file with a header and the results that are taken over; it has its name only when all these are stored, so
  /// that whatever had it until then is whole.
  ///
  /// Throws `FileError` where the place cannot be written, or something else than a regular file has the name.
  package init(_ path: String, header: RunHeader, kept: [CaseResult] = []) throws(FileError) {
    self.path = path
    try RegularFile.check(path)
    let partial = path + ".partial"
    unlink(partial)
    // Never through a link that somebody laid there.
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

  /// Takes the result of a unit that was just judged.
  package func add(_ result: CaseResult) throws(FileError) {
    let line = result.line.line + "\n"
    try descriptor.withLock { (file) throws(FileError) in try append(line, to: file) }
  }

  /// Whole lines only: the file is cut back where they cannot be written.
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
  /// The line of this unit, cut where it would be longer than a reader takes: first the picture, then long texts.
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
  /// The whole file of a finished run.
  package var lines: String {
    ([header.json] + results.map { $0.line } + [footer.json]).map { $0.line + "\n" }.joined()
  }
}
