// RUN-20, RUN-28: the report folder of a run in progress, and its results.jsonl.

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

/// Writes the results of a run into a report folder, or nowhere if no report is asked for. Any thread may add results.
package final class GrowingReport: Sendable {
  /// The names of the files of a finished run.
  package static let names = ["results.jsonl", "report.json", "junit.xml", "report.html", "badge.json"]

  /// The error if another run uses the folder.
  package struct InUse: Error, Equatable, CustomStringConvertible {
    package let folder: String
    package var description: String { "\(folder): another run writes its reports there" }
  }

  private struct State {
    var writer: ResultsWriter?
    var failure: FileError?
  }

  private let folder: String?
  /// The locked folder, held until this object is released; -1 if there is none.
  private let lock: Int32
  private let state = Mutex(State())

  /// Makes the folder, unless it exists, and locks it against other runs.
  ///
  /// Throws `FileError` if it cannot be made or a file in it could not be replaced, `InUse` if another run has locked
  /// it.
  package init(folder: String?) throws {
    self.folder = folder
    guard let folder else {
      lock = -1
      return
    }
    try Disk.real.makeFolder(folder)
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if descriptor < 0 { throw FileError.failed("open", path: folder, code: errno) }
    lock = descriptor
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      if errno == EWOULDBLOCK { throw InUse(folder: folder) }
      // The file system has no locks: other runs are not kept out.
    }
    for name in Self.names { try RegularFile.check(folder + "/" + name) }
    // Left unfinished by a run that was killed.
    for file in Disk.files(in: folder) where file.hasSuffix(".partial") {
      if Self.names.contains(where: { file.hasPrefix($0 + ".") }) { unlink(folder + "/" + file) }
    }
  }

  deinit { if lock >= 0 { close(lock) } }

  /// Begins the file with the results taken over from an earlier run; throws `FileError` if it cannot be written.
  package func begin(_ header: RunHeader, kept: [CaseResult]) throws(FileError) {
    guard let folder else { return }
    let writer = try ResultsWriter(folder + "/results.jsonl", header: header, kept: kept)
    state.withLock { $0.writer = writer }
  }

  /// Writes the result of a unit; does nothing after an error.
  package func add(_ result: CaseResult) {
    state.withLock { state in
      guard let writer = state.writer, state.failure == nil else { return }
      do throws(FileError) { try writer.add(result) } catch { state.failure = error }
    }
  }

  /// The first error since the file was begun.
  package var failure: FileError? { state.withLock { $0.failure } }
}
