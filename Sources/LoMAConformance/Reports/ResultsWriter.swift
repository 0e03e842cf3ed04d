// RUN-20: results.jsonl as it grows: a line for every unit, in order, on disk before the next unit is judged.

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import LoMAVectors

#if canImport(Synchronization)
  import Synchronization
#endif

/// Appends lines to a results file; ends it with a footer, or leaves it incomplete. Any thread may add.
public final class ResultsWriter: Sendable {
  private struct State {
    var descriptor: Int32
    var waiting: [Int: CaseResult] = [:]
    var written = 0
  }

  private let path: String
  private let state: Mutex<State>

  /// Creates the file, replacing what has its name, and writes the header.
  ///
  /// Throws `FileError` where the place cannot be written.
  public init(_ path: String, header: RunHeader) throws(FileError) {
    // Under its name from the beginning: whoever is ended early can go on with what is there.
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    if descriptor < 0 { throw .failed("open", path: path, code: errno) }
    self.path = path
    state = Mutex(State(descriptor: descriptor))
    try append(header.json, to: descriptor)
  }

  deinit { state.withLock { if $0.descriptor >= 0 { close($0.descriptor) } } }

  /// Takes the result of the unit at a place of this shard, from 0; lines are written in that order whatever comes first.
  public func add(_ result: CaseResult, at place: Int) throws(FileError) {
    try state.withLock { (state) throws(FileError) in
      precondition(place >= state.written && state.waiting[place] == nil, "a unit has one result")
      state.waiting[place] = result
      while let next = state.waiting.removeValue(forKey: state.written) {
        try append(next.line, to: state.descriptor)
        state.written += 1
      }
    }
  }

  /// Writes the footer and closes the file; without a footer the run is incomplete.
  public func finish(_ footer: RunFooter) throws(FileError) {
    try state.withLock { (state) throws(FileError) in
      precondition(state.waiting.isEmpty && footer.units == state.written, "a footer counts the lines before it")
      try append(footer.json, to: state.descriptor)
      let code = fsync(state.descriptor) == 0 || errno == EINVAL ? 0 : errno
      let closed = close(state.descriptor)
      state.descriptor = -1
      if code != 0 { throw .failed("fsync", path: path, code: code) }
      if closed != 0 { throw .failed("close", path: path, code: errno) }
    }
  }

  /// One line in one write; the file is cut back to whole lines where it cannot be written.
  private func append(_ value: JSONValue, to descriptor: Int32) throws(FileError) {
    let bytes = Array((value.line + "\n").utf8)
    let start = lseek(descriptor, 0, SEEK_CUR)
    var offset = 0
    while offset < bytes.count {
      let count = bytes[offset...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else {
        let code = count < 0 ? errno : EIO
        if start >= 0 { ftruncate(descriptor, start) }
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
  public var lines: String {
    ([header.json] + results.map { $0.line } + [footer.json]).map { $0.line + "\n" }.joined()
  }
}
