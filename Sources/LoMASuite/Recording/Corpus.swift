// Recording and writing the whole catalogue, for the commands.

import LoMA
import LoMAAnswers
import LoMACatalogue
import LoMAPeersCatalogue
import LoMAVectors
import NaiveLlama

package enum Corpus {
  /// How many cases a part has.
  package static func caseCount(of part: Part) -> Int {
    switch part {
    case .loma: Catalogue.cases.count
    case .peers: PeerCatalogue.cases.count
    }
  }

  /// Records every case of a part in memory; trained models are taken from folders of their names below `trained`.
  package static func record(
    _ part: Part, trained: String, threads: Int, progress: @escaping @Sendable (_ done: Int, _ of: Int) -> Void
  ) throws(RecordingError) -> Recording {
    switch part {
    case .loma:
      try Recording(
        cases: Catalogue.cases, models: RecordedModels(trainedBelow: trained), workers: Workers(threads: threads),
        progress: progress)
    case .peers:
      try Recording(
        cases: PeerCatalogue.cases, models: RecordedModels(peersTrainedBelow: trained),
        workers: Workers(threads: threads),
        suite: Versions.peers, retired: PeerCatalogue.retired, isPublished: Versions.peersArePublished,
        progress: progress)
    }
  }

  /// Writes a recording below a folder; returns how many files changed.
  package static func write(_ recording: Recording, to folder: String) throws(RecordingError) -> Int {
    try Recorder(folder: folder, disk: .real).write(recording)
  }
}

extension StoredManifest {
  /// The part whose cases a folder holds: that of its first case's operation; part I if there is no manifest.
  package static func part(of folder: String) throws(RecordingError) -> Part {
    try StoredManifest(folder: folder)?.part ?? .loma
  }

  private var part: Part? {
    cases.first.flatMap { $0["op"]?.stringValue }.flatMap { Operation(rawValue: $0) }?.part
  }
}

extension Disk.Listing {
  /// The listing without the corpus of part II, if there is one: it has a manifest of its own, or is being recorded.
  var withoutPeers: Disk.Listing {
    let own = Part.peers.rawValue
    let prefix = own + "/"
    guard [StoredManifest.name, StoredManifest.mark].contains(where: { files.contains(prefix + $0) }) else {
      return self
    }
    func others(_ paths: [String]) -> [String] { paths.filter { $0 != own && !$0.hasPrefix(prefix) } }
    var rest = self
    (rest.files, rest.folders, rest.oddities) = (others(files), others(folders), others(oddities))
    return rest
  }
}

extension Recording {
  /// The bytes of all files together.
  package var byteCount: Int { files.reduce(0) { $0 + $1.bytes.count } }
}
