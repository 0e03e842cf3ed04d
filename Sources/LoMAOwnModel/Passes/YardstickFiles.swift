// OWN-8: what a free run leaves on disk, so that memory holds one layer and a later run need not compute again.

import LoMAVectors
import NaiveLlama

/// The files of one yardstick in a folder: one a layer, two for the logits, and a table that is written last.
struct YardstickFiles: Sendable {
  let folder: String

  static let table = "yardstick"
  static let logits = "logits"
  static let differences = "differences"

  static func layer(_ index: Int) -> String { "layer\(index)" }

  private func path(_ file: String) -> String { folder + "/" + file + ".safetensors" }

  /// Makes the folder if it is not there.
  func prepare() throws(OwnError) {
    guard !Disk.hasFolder(folder) else { return }
    do { try Disk.real.makeFolder(folder) } catch { throw .file("\(error)") }
  }

  /// Writes a file, whole or not at all.
  func write(_ file: String, _ arrays: [NamedArray], metadata: [String: String] = [:]) throws(OwnError) {
    do { try ArrayFile(arrays, metadata: metadata).write(to: path(file)) } catch { throw .file("\(error)") }
  }

  /// A file, mapped.
  func read(_ file: String) throws(OwnError) -> MappedArrayFile {
    do { return try MappedArrayFile(contentsOf: path(file)) } catch {
      throw .otherYardstick(folder: folder, reason: "\(error)")
    }
  }

  /// One tensor of a file.
  func tensor(_ name: String, in file: String) throws(OwnError) -> Tensor {
    let mapped = try read(file)
    do { return Tensor(shape: try mapped.entry(name).shape, values: try mapped.doubles(name)) } catch {
      throw .otherYardstick(folder: folder, reason: "\(error)")
    }
  }

  /// A tensor as an array of a file.
  static func array(_ name: String, _ type: ElementType, _ tensor: Tensor) throws(OwnError) -> NamedArray {
    do { return try NamedArray(name, type, shape: tensor.shape, doubles: tensor.values) } catch {
      throw .file("\(error)")
    }
  }
}
