// OWN-8: where the numbers of yardsticks and the checkpoints of single layers lie during a run.

import Foundation
import LoMAConformance
import LoMAModels
import LoMAOwnModel
import LoMAProcess
import LoMAVectors

/// The folder of a run's own files: below its reports, so that a resumed run finds the yardsticks again, or a temporary
/// one on disk, which is removed at the end.
package final class OwnFolder {
  /// The name of the folder below that of the reports.
  package static let name = "yardstick"

  /// What becomes of the checkpoints of single layers.
  package enum Layers: Sendable {
    /// They are written when a port is asked, and removed behind it.
    case brief
    /// They are written into this folder and stay.
    case kept(String)
    /// None is written: the port ran elsewhere.
    case none
  }

  private let layers: Scratch?
  private let isBrief: Bool
  private let keep: String?
  private var path = ""
  /// The temporary folder of yardsticks; nil if they lie below the reports.
  private var scratch: Scratch?
  private var made: Set<Int> = []

  /// A temporary folder for layers: on disk, since a layer of a large model does not belong into a file system in memory.
  /// Throws `FileError`.
  package init(keep: String?, layers: Layers) throws(FileError) {
    self.keep = keep
    switch layers {
    case .brief: (self.layers, isBrief) = (try Scratch(keep: keep, below: NSTemporaryDirectory()), true)
    case .kept(let path): (self.layers, isBrief) = (try Scratch(existing: path), false)
    case .none: (self.layers, isBrief) = (nil, false)
    }
  }

  /// Puts yardsticks below a folder of reports, under the digest of what is asked, or into a temporary folder if there is
  /// none. Throws `FileError`.
  package func begin(reports: String?, digest: String) throws(FileError) {
    if let reports {
      path = reports + "/" + Self.name + "/" + digest.prefix(16)
      try Disk.real.makeFolder(path)
    } else {
      let temporary = try Scratch(keep: keep, below: NSTemporaryDirectory())
      scratch = temporary
      path = temporary.path
    }
  }

  /// Where requests' models lie: the user's own directory, and those of layers.
  package func models(whole: String) -> ModelSource {
    let layers = layers?.path
    return .folders { model in model == OwnPlace.wholeModel ? whole : layers.map { $0 + "/" + model } }
  }

  func yardstick(of text: OwnText) -> String { path + "/" + text.name }

  /// Whether the yardstick of a text was finished; the digest in the path says of which run.
  func isWhole(_ text: OwnText) -> Bool { Disk.files(in: yardstick(of: text)).contains(Self.mark) }

  /// Whether nothing of a plan is left to be computed.
  package func isWhole(_ plan: OwnPlan) -> Bool { plan.texts.allSatisfy { isWhole($0) } }

  func markWhole(_ text: OwnText) throws(OwnError) {
    do throws(FileError) { try Files.createBriefly(yardstick(of: text) + "/" + Self.mark, with: []) } catch {
      throw .file(error.description)
    }
  }

  private static let mark = "whole"

  /// Writes the checkpoint of one layer, unless it is there.
  func prepareLayer(_ layer: Int, of model: LoadedModel, from directory: String) throws {
    guard let layers, made.insert(layer).inserted else { return }
    try Disk.real.makeFolder(layers.path + "/models")
    try OwnSlice.writeCheckpoint(
      of: model, from: directory, layer: layer, into: Self.path(of: layer, in: layers))
  }

  func removeLayer(_ layer: Int) {
    guard let layers, isBrief, made.remove(layer) != nil else { return }
    if keep == nil { _ = FolderRemoval.remove(Self.path(of: layer, in: layers)) }
  }

  private static func path(of layer: Int, in folder: Scratch) -> String { folder.path + "/models/layer\(layer)" }

  /// Removes everything; the yardsticks of an interrupted run with reports stay, for the run that goes on, and those of
  /// requests that are judged, for the next answers to them.
  package func end(interrupted: Bool) {
    if isBrief { _ = layers?.removeAll() }
    if let scratch {
      _ = scratch.removeAll()
    } else if !interrupted, !path.isEmpty {
      _ = FolderRemoval.remove(path)
      rmdir(path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/"))
    }
  }
}
