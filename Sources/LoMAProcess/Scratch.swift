// RUN-1, RUN-7: the folder a candidate works in, and the files read from it.

import Foundation
import LoMAVectors

/// The folder of one process: inputs and models are put in, answers are read; expected values are never in it.
package final class Scratch {
  package let path: String
  private let descriptor: Int32
  private let isKept: Bool
  /// The watchman's number of this folder; 0 for a folder that is kept.
  private let number: Int
  private var folders: Set<String> = []

  /// An existing folder of answers produced elsewhere; it is kept.
  package init(existing path: String) throws(FileError) {
    isKept = true
    number = 0
    self.path = path
    descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if descriptor < 0 { throw .failed("open", path: path, code: errno) }
  }

  /// A new folder, below `keep` if given, else below `parent`.
  package convenience init(keep: String?) throws(FileError) { try self.init(keep: keep, below: Scratch.parent) }

  /// A new folder, below `keep` if given, else below another.
  package init(keep: String?, below other: String) throws(FileError) {
    isKept = keep != nil
    let parent = keep ?? other
    if keep != nil { try Disk.real.makeFolder(parent) }
    let name = "loma-\(getpid())-\(String(UInt64.random(in: .min ... .max), radix: 36))"
    let base = parent.hasPrefix("/") ? parent : Disk.currentFolder + "/" + parent
    path = (base.hasSuffix("/") ? base : base + "/") + name
    number = isKept ? 0 : Watchman.holds(folder: path)
    if mkdir(path, 0o700) != 0 { throw .failed("mkdir", path: path, code: errno) }
    chmod(path, 0o700)  // Regardless of the umask.
    descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if descriptor < 0 { throw .failed("open", path: path, code: errno) }
  }

  deinit { close(descriptor) }

  /// Where scratch folders are made: TMPDIR if set; otherwise in memory if there is room, because thousands of small
  /// files come and go; otherwise the system's temporary folder.
  package static let parent: String = {
    if getenv("TMPDIR") != nil { return NSTemporaryDirectory() }
    #if os(Linux)
      var status = statvfs()
      if statvfs("/dev/shm", &status) == 0, access("/dev/shm", W_OK) == 0, status.f_flag & UInt(ST_RDONLY) == 0,
        UInt64(status.f_bavail) * UInt64(status.f_frsize) >= 1 << 30
      {
        return "/dev/shm"
      }
    #endif
    return NSTemporaryDirectory()
  }()

  /// Writes a file that must not exist yet; it is not synced, since it need not survive a crash.
  package func write(_ name: String, _ bytes: [UInt8]) throws(FileError) {
    let file = openat(descriptor, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    if file < 0 { throw .failed("open", path: name, code: errno) }
    defer { close(file) }
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes { Foundation.write(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      if count <= 0 { throw .failed("write", path: name, code: errno) }
      done += count
    }
  }

  /// Writes the files of a folder below this one, and of folders in it, once; `files` calls `write` with the path and
  /// bytes of each file.
  package func copy(folder name: String, files: (_ write: (String, [UInt8]) throws -> Void) throws -> Void) throws {
    if folders.contains(name) { return }
    var made: Set = [name]
    try makeFolder(name)
    try files { path, bytes in
      let folder = path.split(separator: "/").dropLast().joined(separator: "/")
      if made.insert(folder).inserted { try makeFolder(folder) }
      try write(path, bytes)
    }
    folders.insert(name)
  }

  /// Makes a symbolic link below this folder to a folder elsewhere, once; what it names is never removed with this one.
  package func link(folder name: String, to path: String) throws(FileError) {
    if folders.contains(name) { return }
    let parent = name.split(separator: "/").dropLast().joined(separator: "/")
    if !parent.isEmpty { try makeFolder(parent) }
    if symlinkat(path, descriptor, name) != 0 { throw .failed("symlink", path: name, code: errno) }
    folders.insert(name)
  }

  /// Makes a folder below this one, with those that it lies in.
  private func makeFolder(_ name: String) throws(FileError) {
    // Opened relative to the descriptor: the folder's path may name something else by now.
    var folder = ""
    for part in name.split(separator: "/") {
      folder += (folder.isEmpty ? "" : "/") + part
      if mkdirat(descriptor, folder, 0o700) != 0, errno != EEXIST {
        throw .failed("mkdir", path: folder, code: errno)
      }
    }
  }

  /// The bytes of an answer file: it must be a regular file in this folder, not a link, of at most `limit` bytes.
  package func contents(_ name: String, limit: Int) throws(OutputError) -> [UInt8] {
    // O_NONBLOCK, because opening a pipe would otherwise wait for its writer.
    let file = openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    if file < 0 {
      switch errno {
      case ENOENT: throw .missing
      case ELOOP: throw .link
      case let code: throw .unreadable(code: code)
      }
    }
    defer { close(file) }
    var status = stat()
    if fstat(file, &status) != 0 { throw .unreadable(code: errno) }
    if status.st_mode & S_IFMT != S_IFREG { throw .notRegular }
    // A second hard link may lie anywhere, even where the candidate keeps stored answers.
    if status.st_nlink != 1 { throw .severalNames(Int(status.st_nlink)) }
    if Int(status.st_size) > limit { throw .oversize(bytes: Int(status.st_size), limit: limit) }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeMutableBytes { read(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      if count < 0 { throw .unreadable(code: errno) }
      if count == 0 { break }
      done += count
    }
    bytes.removeLast(bytes.count - done)
    return bytes
  }

  /// Removes the files of a question, unless the folder is kept.
  package func remove(_ names: [String]) {
    if !isKept { for name in names { unlinkat(descriptor, name, 0) } }
  }

  /// Removes the folder and its contents, unless it is kept; false if something remains.
  package func removeAll() -> Bool {
    if isKept { return true }
    let isGone = FolderRemoval.remove(path)
    if isGone { Watchman.releases(folder: number) }
    return isGone
  }
}

/// Why an answer file is refused.
package enum OutputError: Error, Equatable {
  case missing
  case link
  case notRegular
  case severalNames(Int)
  case oversize(bytes: Int, limit: Int)
  case unreadable(code: Int32)

  package var description: String {
    switch self {
    case .missing: "missing: there is no file of the requested name"
    case .link: "link: the file is a symbolic link"
    case .notRegular: "not a regular file"
    case .severalNames(let count): "link: the file has \(count) names, it must have one"
    case .oversize(let bytes, let limit): "oversize: \(bytes) bytes, the limit is \(limit)"
    case .unreadable(let code): "unreadable: \(String(cString: strerror(code)))"
    }
  }
}
