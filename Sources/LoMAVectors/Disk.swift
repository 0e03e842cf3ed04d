// The operations that change a folder, as a value: a test puts a fault in place of any of them. And what a folder holds.

import Foundation

/// Writes, renames and removals.
public struct Disk: Sendable {
  /// Creates a file, stored when it returns; the path must be new.
  public var create: @Sendable (_ path: String, _ bytes: [UInt8]) throws(FileError) -> Void
  /// Gives a file another name, replacing what has it.
  public var rename: @Sendable (_ from: String, _ to: String) throws(FileError) -> Void
  /// Removes a file or a link.
  public var remove: @Sendable (_ path: String) throws(FileError) -> Void
  /// Removes an empty folder.
  public var removeFolder: @Sendable (_ path: String) throws(FileError) -> Void
  /// Creates a folder and those above it; one that exists is fine.
  public var makeFolder: @Sendable (_ path: String) throws(FileError) -> Void

  /// These operations.
  public init(
    create: @escaping @Sendable (_ path: String, _ bytes: [UInt8]) throws(FileError) -> Void,
    rename: @escaping @Sendable (_ from: String, _ to: String) throws(FileError) -> Void,
    remove: @escaping @Sendable (_ path: String) throws(FileError) -> Void,
    removeFolder: @escaping @Sendable (_ path: String) throws(FileError) -> Void,
    makeFolder: @escaping @Sendable (_ path: String) throws(FileError) -> Void
  ) {
    self.create = create
    self.rename = rename
    self.remove = remove
    self.removeFolder = removeFolder
    self.makeFolder = makeFolder
  }

  /// The real ones.
  public static let real = Disk(
    create: { (path, bytes) throws(FileError) in try Files.create(path, with: bytes) },
    rename: { (from, to) throws(FileError) in
      if Foundation.rename(from, to) != 0 { throw .failed("rename", path: to, code: errno) }
    },
    remove: { (path) throws(FileError) in
      if unlink(path) != 0 { throw .failed("unlink", path: path, code: errno) }
    },
    removeFolder: { (path) throws(FileError) in
      if rmdir(path) != 0 { throw .failed("rmdir", path: path, code: errno) }
    },
    makeFolder: { (path) throws(FileError) in try Disk.make(path) })

  /// Makes a folder and those above it; the error is the operating system's own, of the folder that could not be made.
  private static func make(_ path: String) throws(FileError) {
    if hasFolder(path) || mkdir(path, 0o777) == 0 { return }
    let code = errno
    var parts = path.split(separator: "/", omittingEmptySubsequences: false)
    while parts.last == "" { parts.removeLast() }
    let parent = parts.dropLast().joined(separator: "/")
    guard code == ENOENT, !parent.isEmpty else {
      if code == EEXIST, hasFolder(path) { return }  // Somebody else made it in between.
      throw .failed("mkdir", path: path, code: code)
    }
    try make(parent)
    if mkdir(path, 0o777) == 0 { return }
    let last = errno
    if !hasFolder(path) { throw .failed("mkdir", path: path, code: last) }
  }

  /// What a file's name ends in while `replace` writes it.
  public static let partialSuffix = ".partial"

  /// Gives a path new content: first under another name beside it, then by renaming.
  public func replace(_ path: String, with bytes: [UInt8]) throws(FileError) {
    let partial = path + Self.partialSuffix
    try create(partial, bytes)
    try rename(partial, path)
  }
}

extension Disk {
  /// What a folder holds, links not followed; paths relative to it.
  public struct Listing: Equatable, Sendable {
    /// Regular files, sorted.
    public var files: [String] = []
    /// Links, pipes and the like, sorted.
    public var oddities: [String] = []
    /// Folders, sorted.
    public var folders: [String] = []
  }

  /// Everything below a folder; nothing where there is none.
  public static func listing(below folder: String) -> Listing {
    var listing = Listing()
    // With a slash behind it a link to a folder is followed, this one only.
    guard let walk = FileManager.default.enumerator(atPath: folder + "/") else { return listing }
    while let path = walk.nextObject() as? String {
      switch walk.fileAttributes?[.type] as? FileAttributeType {
      case .typeDirectory?: listing.folders.append(path)
      case .typeRegular?: listing.files.append(path)
      default: listing.oddities.append(path)
      }
    }
    listing.files.sort()
    listing.oddities.sort()
    listing.folders.sort()
    return listing
  }

  /// The names in a folder; none where there is no folder.
  public static func files(in folder: String) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
  }

  /// Whether there is a folder of this path, or a link to one.
  public static func hasFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }

  /// The absolute path of the folder that relative paths begin at.
  public static var currentFolder: String { FileManager.default.currentDirectoryPath }

  /// The folder of the running program, links resolved; none where the system does not say.
  public static var programFolder: String? {
    Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent().path
  }
}
