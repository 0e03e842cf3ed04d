// RUN-28: the files that a command writes for a person: written completely or not at all, with one line of error.

import Foundation
import LoMAVectors

/// Writes the output files of commands.
package enum OutputFiles {
  /// Writes a text to a path, in place if it is a device or a pipe, otherwise by replacing the file. Returns the error,
  /// or nil.
  package static func write(_ text: String, to path: String) -> String? {
    do { try Files.deliver(Array(text.utf8), to: path) } catch { return reason(error) }
    return nil
  }

  /// Makes a folder, unless it exists, and writes these files into it; on failure returns the path and the reason.
  ///
  /// All files are first written under temporary names: if one cannot be written, none appears.
  package static func write(
    _ files: [(name: String, bytes: [UInt8])], into folder: String
  ) -> (path: String, reason: String)? {
    if let failure = make(folder) { return failure }
    let suffix = ".\(String(UInt64.random(in: .min ... .max), radix: 36)).partial"
    var path = folder
    do throws(FileError) {
      for file in files {
        path = folder + "/" + file.name
        try RegularFile.check(path)
      }
      for file in files {
        path = folder + "/" + file.name
        try Disk.real.create(path + suffix, file.bytes)
      }
      for file in files {
        path = folder + "/" + file.name
        try Disk.real.rename(path + suffix, path)
      }
    } catch {
      for file in files { try? Disk.real.remove(folder + "/" + file.name + suffix) }
      return (path, reason(error))
    }
    return nil
  }

  /// Makes a folder, unless it exists, and creates a new file in it; an existing file is not touched.
  package static func create(_ name: String, _ text: String, in folder: String) -> (path: String, reason: String)? {
    if let failure = make(folder) { return failure }
    let path = folder + "/" + name
    do { try Files.create(path, with: Array(text.utf8)) } catch { return (path, reason(error)) }
    return nil
  }

  /// Whether vectors may be written to a folder: it is absent, empty, or holds vectors.
  package static func mayHoldVectors(_ folder: String) -> Bool {
    let listing = Disk.listing(below: folder)
    let isEmpty = listing.files.isEmpty && listing.folders.isEmpty
    return listing.oddities.isEmpty && (isEmpty || listing.files.contains("manifest.json"))
  }

  /// Makes a folder and its parents.
  private static func make(_ folder: String) -> (path: String, reason: String)? {
    if Disk.hasFolder(folder) || mkdir(folder, 0o777) == 0 { return nil }
    let code = errno
    let parent = String(
      folder.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/"))
    if code == ENOENT, !parent.isEmpty, parent != folder {
      if let failure = make(parent) { return failure }
      if mkdir(folder, 0o777) == 0 { return nil }
    }
    return (folder, String(cString: strerror(errno == 0 ? code : errno)))
  }

  /// The reason without the path, which the surrounding message names.
  private static func reason(_ error: FileError) -> String {
    switch error {
    case .failed(_, _, let code): String(cString: strerror(code))
    case .notRegular: "not a regular file"
    case .tooLarge(_, let limit): "longer than \(limit) bytes"
    }
  }
}

/// What a report may replace.
enum RegularFile {
  /// Throws unless a path names a regular file or nothing: no link, folder, pipe or device.
  static func check(_ path: String) throws(FileError) {
    var status = stat()
    guard lstat(path, &status) == 0 else {
      if errno == ENOENT { return }
      throw .failed("open", path: path, code: errno)
    }
    if status.st_mode & S_IFMT != S_IFREG { throw .notRegular(path: path) }
  }
}
