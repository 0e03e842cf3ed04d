// The operations that change a folder, as a value: a test puts a fault in place of any of them.

import Foundation

/// Writes, renames and removals.
public struct Disk: Sendable {
  /// Creates a file, stored when it returns; the path must be new.
  public var create: @Sendable (_ path: String, _ bytes: [UInt8]) throws(FileError) -> Void
  /// Gives a file another name, replacing what has it.
  public var rename: @Sendable (_ from: String, _ to: String) throws(FileError) -> Void
  /// Removes a file.
  public var remove: @Sendable (_ path: String) throws(FileError) -> Void
  /// Creates a folder and those above it; one that exists is fine.
  public var makeFolder: @Sendable (_ path: String) throws(FileError) -> Void

  /// The real ones.
  public static let real = Disk(
    create: { (path, bytes) throws(FileError) in try Files.create(path, with: bytes) },
    rename: { (from, to) throws(FileError) in
      if Foundation.rename(from, to) != 0 { throw .failed("rename", path: to, code: errno) }
    },
    remove: { (path) throws(FileError) in
      if unlink(path) != 0 { throw .failed("unlink", path: path, code: errno) }
    },
    makeFolder: { (path) throws(FileError) in
      do { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) } catch {
        throw .failed("mkdir", path: path, code: EIO)
      }
    })

  /// Gives a path new content: first under another name beside it, then by renaming.
  public func replace(_ path: String, with bytes: [UInt8]) throws(FileError) {
    let partial = path + ".partial"
    // What an interrupted run left there.
    if FileManager.default.fileExists(atPath: partial) { try remove(partial) }
    try create(partial, bytes)
    try rename(partial, path)
  }

  /// Every file below a folder, as sorted paths relative to it; links and other oddities count as files.
  public static func files(below folder: String) -> [String] {
    guard let walk = FileManager.default.enumerator(atPath: folder) else { return [] }
    var paths: [String] = []
    while let path = walk.nextObject() as? String {
      if walk.fileAttributes?[.type] as? FileAttributeType != .typeDirectory { paths.append(path) }
    }
    return paths.sorted()
  }
}
