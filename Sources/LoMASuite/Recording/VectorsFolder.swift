// Where the vectors are, for every command that needs them.

import LoMAVectors

/// Finds the folder of the vectors.
package enum VectorsFolder {
  /// The name that is looked for.
  package static let name = "Vectors"
  /// The environment variable that names a folder.
  package static let variable = "LOMA_VECTORS"

  /// The folder that relative paths begin at.
  package static var currentFolder: String { Disk.currentFolder }
  /// The folder of the running program, which a release archive puts beside its vectors.
  package static var programFolder: String? { Disk.programFolder }

  /// Why there are no vectors.
  package enum Problem: Error, Equatable, Sendable {
    /// A folder was named, and there is none.
    case noSuchFolder(String, namedBy: String)
    /// None was named, and none lies here or above.
    case nowhere(from: String)
  }

  /// The folder an option names, else the one the environment names, else the nearest of `Vectors` in `current`, in the
  /// folder above it, and so on, that holds a manifest or the mark of a recording; else the same from `program`. An empty
  /// name counts as none.
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

  /// The first of a folder, the nearest folder of vectors, and that of the program, that has the trained models; else `folder`.
  package static func withTrainedModels(_ folder: String, current: String, program: String?) -> String {
    let places = [folder, nearest(above: current), program.flatMap { nearest(above: $0) }]
    return places.compactMap { $0 }.first { place in
      TrainedModel.all.allSatisfy { Disk.hasFolder(place + "/" + $0.path) }
    } ?? folder
  }

  /// The nearest folder of vectors in a folder or above it.
  private static func nearest(above start: String) -> String? {
    var above = start.split(separator: "/").map { String($0) }
    while true {
      let folder = above.map { "/" + $0 }.joined() + "/" + name
      let held = Disk.files(in: folder)
      if held.contains(StoredManifest.name) || held.contains(StoredManifest.mark) { return folder }
      guard above.popLast() != nil else { return nil }
    }
  }

  /// The same for recording, which makes the folder: what is named, else what is found, else `Vectors` in `current`.
  package static func forRecording(option: String?, environment: String?, current: String) -> String {
    for folder in [option, environment] {
      if let folder, !folder.isEmpty { return folder }
    }
    return nearest(above: current) ?? current + "/" + name
  }
}

extension VectorsFolder.Problem: CustomStringConvertible {
  /// One line.
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
