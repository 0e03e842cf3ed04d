// The whole catalogue, recorded and written: what the commands call.

import LoMA
import LoMAVectors
import NaiveLlama

/// The corpus of this suite.
package enum Corpus {
  /// How many cases there are.
  package static var caseCount: Int { Catalogue.cases.count }

  /// Every case in memory; the trained models are taken from folders of their names below `trained`.
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
  /// All bytes of all files.
  package var byteCount: Int { files.reduce(0) { $0 + $1.bytes.count } }
}
