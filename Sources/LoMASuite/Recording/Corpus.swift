// Recording and writing the whole catalogue, for the commands.

import LoMA
import LoMAVectors
import NaiveLlama

package enum Corpus {
  package static var caseCount: Int { Catalogue.cases.count }

  /// Records every case in memory; the trained models are taken from folders of their names below `trained`.
  package static func record(
    trained: String, threads: Int, progress: @escaping @Sendable (_ done: Int, _ of: Int) -> Void
  ) throws(RecordingError) -> Recording {
    try Recording(
      cases: Catalogue.cases, models: RecordedModels(trainedBelow: trained), workers: Workers(threads: threads),
      progress: progress)
  }

  /// Writes a recording below a folder; returns how many files changed.
  package static func write(_ recording: Recording, to folder: String) throws(RecordingError) -> Int {
    try Recorder(folder: folder, disk: .real).write(recording)
  }
}

extension Recording {
  /// The bytes of all files together.
  package var byteCount: Int { files.reduce(0) { $0 + $1.bytes.count } }
}
