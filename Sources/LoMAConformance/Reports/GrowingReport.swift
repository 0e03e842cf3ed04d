// RUN-20, RUN-28: the folder of reports of a run that is under way, and its results.jsonl.

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

/// The results of a run in a folder of reports, or nowhere where none is asked for. Any thread may add.
package final class GrowingReport: Sendable {
  /// The files of a finished run.
  package static let names = ["results.jsonl", "report.json", "junit.xml", "report.html", "badge.json"]

  /// Another run is under way in the folder.
  package struct InUse: Error, Equatable, CustomStringConvertible {
    /// The folder.
    package let folder: String
    /// One line for a person.
    package var description: String { "\(folder): another run writes its reports there" }
  }

  private struct State {
    var writer: ResultsWriter?
    var failure: FileError?
  }

  private let folder: String?
  /// The folder, locked until this object is gone; -1 where there is none.
  private let lock: Int32
  private let state = Mutex(State())

  /// Makes the folder, unless it is there, and keeps other runs out of it.
  ///
  /// Throws `FileError` where it cannot be made, or a file in it could not be replaced; `InUse` where another run has it.
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
      // A file system without locks: nobody is kept out.
    }
    for name in Self.names { try RegularFile.check(folder + "/" + name) }
    // What a killed run left half-written.
    for file in Disk.files(in: folder) where file.hasSuffix(".partial") {
      if Self.names.contains(where: { file.hasPrefix($0 + ".") }) { unlink(folder + "/" + file) }
    }
  }

  deinit { if lock >= 0 { close(lock) } }

  /// Begins the file with what is taken over from an earlier run; throws `FileError` where it cannot be written.
  package func begin(_ header: RunHeader, kept: [CaseResult]) throws(FileError) {
    guard let folder else { return }
    let writer = try ResultsWriter(folder + "/results.jsonl", header: header, kept: kept)
    state.withLock { $0.writer = writer }
  }

  /// Takes the result of a unit; after an error nothing more is taken.
  package func add(_ result: CaseResult) {
    state.withLock { state in
      guard let writer = state.writer, state.failure == nil else { return }
      do throws(FileError) { try writer.add(result) } catch { state.failure = error }
    }
  }

  /// The first error since the file began.
  package var failure: FileError? { state.withLock { $0.failure } }
}
