// RUN-9: removes the folder of a process that has ended, however deep it is and whatever its permissions.

import Foundation

#if canImport(Synchronization)
  import Synchronization
#endif

/// Removal of folders that other programs filled.
package enum FolderRemoval {
  private static let left = Mutex<[String]>([])

  /// Folders that could not be removed, to be reported to the user.
  package static var leftovers: [String] { left.withLock { $0 } }

  /// Removes a folder and its contents; false if something remains.
  package static func remove(_ path: String) -> Bool {
    var status = stat()
    if (try? FileManager.default.removeItem(atPath: path)) != nil || lstat(path, &status) != 0 { return true }
    flatten(path)
    if rmdir(path) == 0 || errno == ENOENT { return true }
    left.withLock { $0.append(path) }
    return false
  }

  /// Empties a folder without ever using a long path: the contents of its subfolders are moved up into it, level by
  /// level.
  private static func flatten(_ path: String) {
    let top = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    if top < 0 { return }
    defer { close(top) }
    fchmod(top, 0o700)
    var moved = 0
    while true {
      var hasMoved = false
      for name in SystemCalls.names(in: top) where unlinkat(top, name, 0) != 0 {
        fchmodat(top, name, 0o700, 0)
        let folder = openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        if folder < 0 { continue }
        for inner in SystemCalls.names(in: folder) {
          if unlinkat(folder, inner, 0) == 0 { continue }
          fchmodat(folder, inner, 0o700, 0)
          moved += 1
          if renameat(folder, inner, top, "\(moved).up") == 0 { hasMoved = true }
        }
        close(folder)
        if unlinkat(top, name, AT_REMOVEDIR) == 0 { hasMoved = true }
      }
      if !hasMoved { return }
    }
  }
}
