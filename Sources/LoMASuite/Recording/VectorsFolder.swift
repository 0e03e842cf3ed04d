// Finding the folder of the vectors, for every command that needs it.

import LoMACatalogue
import LoMAPeersCatalogue
import LoMAVectors

package enum VectorsFolder {
  package static let name = "Vectors"
  /// The environment variable that may name the folder.
  package static let variable = "LOMA_VECTORS"

  /// The folder in which relative paths begin.
  package static var currentFolder: String { Disk.currentFolder }
  /// The folder of the running program; a release archive has the vectors beside the program.
  package static var programFolder: String? { Disk.programFolder }

  /// Why no vectors were found.
  package enum Problem: Error, Equatable, Sendable {
    /// A folder was named that does not exist.
    case noSuchFolder(String, namedBy: String)
    /// No folder was named, and none was found here or above.
    case nowhere(from: String)
  }

  /// The folder that the option names, or else the one that the environment names, or else the nearest folder
  /// `Vectors`, in `current` or above it, that holds a manifest or the mark of a recording; or else the nearest from
  /// `program`. An empty name counts as not given.
  package static func find(
    option: String?, environment: String?, current: String, program: String?
  ) throws(Problem) -> String {
    for (folder, source) in [(option, "--vectors"), (environment, variable)] {
      guard let folder, !folder.isEmpty else { continue }
      guard Disk.hasFolder(folder) else { throw .noSuchFolder(folder, namedBy: source) }
      return folder
    }
    guard let folder = nearest(above: current) ?? program.flatMap({ nearest(above: $0) }) else {
      throw .nowhere(from: current)
    }
    return folder
  }

  /// The first that has the trained models of a part: `folder`, the nearest folder of vectors, that of the program;
  /// else `folder`. Those of part II lie below `peers` in the last two.
  package static func withTrainedModels(
    _ part: Part, _ folder: String, current: String, program: String?
  ) -> String {
    let below = part == .peers ? "/" + part.rawValue : ""
    let others = [nearest(above: current), program.flatMap { nearest(above: $0) }].compactMap { $0.map { $0 + below } }
    let paths =
      switch part {
      case .loma: TrainedModel.all.map(\.path)
      case .peers: TrainedContextModel.all.map(\.path) + TrainedLatentModel.all.map(\.path)
      }
    return ([folder] + others).first { place in paths.allSatisfy { Disk.hasFolder(place + "/" + $0) } } ?? folder
  }

  /// The nearest folder of vectors, in a folder or above it.
  private static func nearest(above start: String) -> String? {
    var above = start.split(separator: "/").map { String($0) }
    while true {
      let folder = above.map { "/" + $0 }.joined() + "/" + name
      let held = Disk.files(in: folder)
      if held.contains(StoredManifest.name) || held.contains(StoredManifest.mark) { return folder }
      guard above.popLast() != nil else { return nil }
    }
  }

  /// The folder to record to, made if needed: the one that is named, or else the one found, or else `Vectors` in
  /// `current`.
  package static func forRecording(option: String?, environment: String?, current: String) -> String {
    for folder in [option, environment] {
      if let folder, !folder.isEmpty { return folder }
    }
    return nearest(above: current) ?? current + "/" + name
  }
}

extension VectorsFolder.Problem: CustomStringConvertible {
  package var description: String {
    switch self {
    case .noSuchFolder(let folder, let source): "no-vectors: \(source) names \(folder.onOneLine), which is no folder"
    case .nowhere(let current):
      "no-vectors: no folder \(VectorsFolder.name) with a manifest in \(current.onOneLine) or above, nor "
        + "where this program lies; "
        + "name one with --vectors or \(VectorsFolder.variable)"
    }
  }
}
