// Writing a recording to a folder in such an order that an interruption at any moment is detected.
//
// The order is: the mark, removals, files, the manifest, the mark's removal. So the manifest on disk stays the old one
// until all of the new files are there, and once it is the new one, everything it lists is there and nothing else is.
// An interruption in between leaves the mark; and even without the mark a mixture would be detected, since the manifest
// has the digest of every file. Removals come before files, so that half-written files of an interrupted run, and
// links, are gone before anything is written beside or below them.

import LoMAVectors

package struct Recorder: Sendable {
  /// The mark's exact content; a file of that name with other content is not ours.
  static let markText = "a recording was interrupted: record again\n"

  private let folder: String
  private let disk: Disk

  /// A recorder into a folder, which is made if it does not exist.
  package init(folder: String, disk: Disk) {
    self.folder = folder
    self.disk = disk
  }

  /// Replaces every file that differs and removes those that are not part of the corpus; returns how many changed.
  ///
  /// Throws, before it changes anything: `notACorpus` if the folder holds files that no recording wrote, since all of
  /// them would be removed; `publishedWouldChange` and `wouldUnpublish` if the manifest on disk is published and would
  /// be broken.
  package func write(_ recording: Recording) throws(RecordingError) -> Int {
    try refuseChangesOfPublished(recording)
    let present = Disk.listing(below: folder).withoutPeers
    let isOurs = present.files.contains(StoredManifest.name) || isInterrupted(recording, present)
    guard isOurs || present.files.isEmpty && present.oddities.isEmpty else { throw .notACorpus(folder: folder) }
    do throws(FileError) { return try write(recording, over: present) } catch { throw .file(error) }
  }

  /// Whether a folder without a manifest is what an interrupted first recording left: the mark with its exact text and
  /// only files that this corpus has, whole or partial; or the beginning of the mark and nothing else.
  private func isInterrupted(_ recording: Recording, _ present: Disk.Listing) -> Bool {
    guard let mark = try? Files.contents(of: folder + "/" + StoredManifest.mark, byteLimit: 1 << 10) else {
      return false
    }
    let others = present.files.filter { $0 != StoredManifest.mark }
    let isMark = others.isEmpty ? Self.markText.utf8.starts(with: mark) : mark == Array(Self.markText.utf8)
    let paths = Set(recording.files.flatMap { [$0.path, $0.path + Disk.partialSuffix] })
    return isMark && present.oddities.isEmpty && others.allSatisfy { paths.contains($0) }
  }

  private func write(_ recording: Recording, over present: Disk.Listing) throws(FileError) -> Int {
    try disk.makeFolder(folder)
    let regular = Set(present.files)
    let wanted = Set(recording.files.map(\.path))
    let isMarked = regular.contains(StoredManifest.mark)
    let stale = (regular.subtracting(wanted).subtracting([StoredManifest.mark, Recording.boundsName])).union(
      present.oddities)
    var changed: [Recording.File] = []
    for file in recording.files where !regular.contains(file.path) || !isOnDisk(file) { changed.append(file) }
    guard !changed.isEmpty || !stale.isEmpty || isMarked else { return 0 }

    if stale.contains(StoredManifest.mark) { try disk.remove(folder + "/" + StoredManifest.mark) }
    if !isMarked {
      try disk.create(folder + "/" + StoredManifest.mark, Array(Self.markText.utf8))
    }
    for path in stale.sorted() where path != StoredManifest.mark { try disk.remove(folder + "/" + path) }
    // Deepest first; links in the place of wanted folders are already removed.
    let needed = Self.folders(of: wanted)
    for path in present.folders.reversed() where !needed.contains(path) { try disk.removeFolder(folder + "/" + path) }
    for path in Self.folders(of: Set(changed.map(\.path))).sorted() { try disk.makeFolder(folder + "/" + path) }
    for file in changed { try disk.replace(folder + "/" + file.path, with: file.bytes) }
    try disk.remove(folder + "/" + StoredManifest.mark)
    return changed.count + stale.count
  }

  private func isOnDisk(_ file: Recording.File) -> Bool {
    (try? Files.contents(of: folder + "/" + file.path, byteLimit: file.bytes.count)) == file.bytes
  }

  /// Every folder above the given paths.
  private static func folders(of paths: Set<String>) -> Set<String> {
    var folders: Set<String> = []
    for path in paths {
      var parts = path.split(separator: "/").dropLast()
      while !parts.isEmpty, folders.insert(parts.joined(separator: "/")).inserted { parts.removeLast() }
    }
    return folders
  }

  private func refuseChangesOfPublished(_ recording: Recording) throws(RecordingError) {
    guard let old = try StoredManifest(folder: folder), old.isPublished, let last = recording.files.last else { return }
    let new = try StoredManifest(recorded: last.bytes)
    guard new.isPublished else { throw .wouldUnpublish(folder: folder) }
    let changed = old.meanings.filter { id, meaning in !new.retired.contains(id) && new.meanings[id] != meaning }
    let forgotten = old.retired.subtracting(new.retired)
    guard changed.isEmpty, forgotten.isEmpty else {
      throw .publishedWouldChange((changed.map(\.key) + forgotten).sorted())
    }
  }
}
