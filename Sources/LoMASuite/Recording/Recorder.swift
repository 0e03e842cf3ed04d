// Writing a recording below a folder so that stopping at any moment is seen: a mark stands from the first change to the
// last, and the manifest is replaced behind every other file.

import LoMAVectors

/// Writes corpora.
public struct Recorder: Sendable {
  /// The mark of a recording that has not finished.
  public static let mark = "INCOMPLETE"

  private let folder: String
  private let disk: Disk

  /// A recorder into a folder, which is made where it is missing.
  public init(folder: String, disk: Disk) {
    self.folder = folder
    self.disk = disk
  }

  /// Replaces every file that differs and removes those that are not of the corpus; returns how many changed.
  ///
  /// Throws `publishedWouldChange`, before anything is touched, if the manifest on disk is published and a case in it would
  /// change or go without being retired.
  public func write(_ recording: Recording) throws(RecordingError) -> Int {
    try refuseChangesOfPublished(recording)
    do throws(FileError) {
      try disk.makeFolder(folder)
      let present = Set(Disk.files(below: folder))
      let wanted = Set(recording.files.map(\.path))
      let stale = present.subtracting(wanted).subtracting([Self.mark])
      var changed: [Recording.File] = []
      for file in recording.files where !present.contains(file.path) || !isOnDisk(file) { changed.append(file) }
      guard !changed.isEmpty || !stale.isEmpty || present.contains(Self.mark) else { return 0 }

      if !present.contains(Self.mark) {
        try disk.create(folder + "/" + Self.mark, Array("a recording was interrupted: record again\n".utf8))
      }
      for file in changed {
        if let slash = file.path.lastIndex(of: "/") { try disk.makeFolder(folder + "/" + file.path[..<slash]) }
        try disk.replace(folder + "/" + file.path, with: file.bytes)
      }
      for path in stale.sorted() { try disk.remove(folder + "/" + path) }
      try disk.remove(folder + "/" + Self.mark)
      return changed.count + stale.count
    } catch { throw .file(error) }
  }

  private func isOnDisk(_ file: Recording.File) -> Bool {
    (try? Files.contents(of: folder + "/" + file.path, byteLimit: file.bytes.count)) == file.bytes
  }

  private func refuseChangesOfPublished(_ recording: Recording) throws(RecordingError) {
    guard let old = try StoredManifest(folder: folder), old.isPublished, let last = recording.files.last else { return }
    let new = try StoredManifest(parsing: last.bytes)
    let retired = Set(Catalogue.retired.map(\.id))
    let changed = old.cases.filter { id, files in
      !retired.contains(id) && new.cases[id] != files
    }
    guard changed.isEmpty else { throw .publishedWouldChange(changed.map(\.key).sorted()) }
  }
}
