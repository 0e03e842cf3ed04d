// The operations that change a folder, as a value in which a test can replace any by a fault; and listings of folders.

import Foundation

/// The operations that create, rename and remove files and folders.
public struct Disk: Sendable {
  /// Creates a file at a new path; its bytes are on disk when the call returns.
  public var create: @Sendable (_ path: String, _ bytes: [UInt8]) throws(FileError) -> Void
  /// Renames a file, replacing an existing one.
  public var rename: @Sendable (_ from: String, _ to: String) throws(FileError) -> Void
  /// Removes a file or a link.
  public var remove: @Sendable (_ path: String) throws(FileError) -> Void
  /// Removes an empty folder.
  public var removeFolder: @Sendable (_ path: String) throws(FileError) -> Void
  /// Creates a folder and its parents; an existing folder is no error.
  public var makeFolder: @Sendable (_ path: String) throws(FileError) -> Void

  /// A disk with the given operations.
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

  /// The operations of the operating system.
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

  /// Makes a folder and its parents; the error is the operating system's, for the folder that could not be made.
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

  /// The suffix of a file's name while `replace` is writing it.
  public static let partialSuffix = ".partial"

  /// Replaces the content of a path: writes a new file beside it, then renames that.
  public func replace(_ path: String, with bytes: [UInt8]) throws(FileError) {
    let partial = path + Self.partialSuffix
    try create(partial, bytes)
    try rename(partial, path)
  }
}

extension Disk {
  /// The content of a folder with all its subfolders, as relative paths; links are not followed.
  public struct Listing: Equatable, Sendable {
    /// Regular files, sorted.
    public var files: [String] = []
    /// Everything else, such as links and pipes; sorted.
    public var oddities: [String] = []
    /// Subfolders, sorted.
    public var folders: [String] = []
  }

  /// Everything below a folder; empty if there is no such folder.
  public static func listing(below folder: String) -> Listing {
    var listing = Listing()
    // With a slash at its end a path that is a link to a folder is followed, and only this link.
    var open = [""]
    while let inner = open.popLast() {
      for name in files(in: folder + "/" + inner) {
        var status = stat()
        let isThere = lstat(folder + "/" + inner + name, &status) == 0
        switch isThere ? status.st_mode & S_IFMT : 0 {
        case S_IFDIR:
          listing.folders.append(inner + name)
          open.append(inner + name + "/")
        case S_IFREG: listing.files.append(inner + name)
        default: listing.oddities.append(inner + name)
        }
      }
    }
    listing.files.sort()
    listing.oddities.sort()
    listing.folders.sort()
    return listing
  }

  /// The names of the entries of a folder; empty if there is no such folder.
  public static func files(in folder: String) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
  }

  /// Whether the path is a folder, or a link to one.
  public static func hasFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }

  /// The absolute path of the current folder.
  public static var currentFolder: String { FileManager.default.currentDirectoryPath }

  /// The folder of the running program, links resolved; nil if the system does not tell.
  public static var programFolder: String? {
    Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent().path
  }
}
