// RUN-20: results.jsonl of a run that is under way; where it cannot be written, the run goes on and says so at its end.

import LoMAVectors

#if canImport(Synchronization)
  import Synchronization
#endif

/// The results of a run in a folder of reports, or nowhere where none is asked for. Any thread may add.
public final class GrowingReport: Sendable {
  private struct State {
    var writer: ResultsWriter?
    var failure: FileError?
  }

  private let folder: String?
  private let state = Mutex(State())

  /// Makes the folder, unless it is there; throws `FileError` where it cannot be made.
  public init(folder: String?) throws(FileError) {
    self.folder = folder
    if let folder { try Disk.real.makeFolder(folder) }
  }

  /// Begins the file; throws `FileError` where it cannot be written.
  public func begin(_ header: RunHeader) throws(FileError) {
    guard let folder else { return }
    let writer = try ResultsWriter(folder + "/results.jsonl", header: header)
    state.withLock { $0.writer = writer }
  }

  /// Takes the result of the unit at a place of this shard; after an error nothing more is taken.
  public func add(_ result: CaseResult, at place: Int) {
    state.withLock { state in
      guard let writer = state.writer, state.failure == nil else { return }
      do throws(FileError) { try writer.add(result, at: place) } catch { state.failure = error }
    }
  }

  /// Ends the file; throws the first error since it began.
  public func finish(_ footer: RunFooter) throws(FileError) {
    let state = state.withLock { $0 }
    if let failure = state.failure { throw failure }
    try state.writer?.finish(footer)
  }
}
