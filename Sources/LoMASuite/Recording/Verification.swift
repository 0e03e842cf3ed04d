// Whether a corpus on disk is intact, and whether recording again gives the same bytes.

import LoMAVectors

/// The faults of a corpus, one line each; empty if it is intact.
package struct Verification: Sendable {
  /// The faults, in the order of the checks.
  package let findings: [String]
  /// The number of files compared.
  package let files: Int

  /// SHA-256 of the manifest, which determines all other bytes, for a port to pin; nil if there is no manifest.
  package let manifestDigest: String?

  /// Checks mark, manifest, sizes, digests, links and unlisted files; then, if a recording is given, every byte.
  ///
  /// Without a recording nothing checks the manifest's own prose and parameters: compare `manifestDigest`.
  package init(folder: String, against recording: Recording?) {
    var findings: [String] = []
    let present = Disk.listing(below: folder).withoutPeers
    if (present.files + present.oddities).contains(StoredManifest.mark) {
      findings.append("incomplete: a recording was interrupted; record again")
    }
    let manifest: StoredManifest?
    do {
      manifest = try StoredManifest(folder: folder)
      if manifest == nil { findings.append("incomplete: there is no \(StoredManifest.name)") }
    } catch {
      findings.append("\(error)")
      manifest = nil
    }
    let listed = manifest?.files ?? []
    for entry in listed {
      if let finding = Self.finding(entry, folder: folder, present) { findings.append(finding) }
    }
    let known = Set(listed.map(\.path) + [StoredManifest.name, Recording.boundsName, StoredManifest.mark])
    if manifest != nil {
      for path in present.files + present.oddities where !known.contains(path) {
        findings.append("stray: \(path.onOneLine) is not in the manifest")
      }
    }
    if present.oddities.contains(StoredManifest.name) {
      findings.append("damaged: \(StoredManifest.name) is a link or no regular file")
    }
    for file in recording?.files ?? [] {
      if let finding = Self.difference(file, folder: folder) { findings.append(finding) }
    }
    self.findings = findings
    self.files = listed.count + 1
    self.manifestDigest =
      (try? Files.contents(of: folder + "/" + StoredManifest.name, byteLimit: StoredManifest.byteLimit))
      .map { SHA256.hexDigest(of: $0) }
  }

  private static func finding(
    _ entry: ListedFile, folder: String, _ present: Disk.Listing
  ) -> String? {
    if present.folders.contains(entry.path) { return "damaged: \(entry.path) is a folder" }
    if present.oddities.contains(entry.path) { return "damaged: \(entry.path) is a link or no regular file" }
    let bytes: [UInt8]
    do { bytes = try Files.contents(of: folder + "/" + entry.path, byteLimit: entry.bytes) } catch {
      if case .failed(_, _, let code) = error, code == 2 { return "missing: \(entry.path)" }  // ENOENT
      return "damaged: \(entry.path): \(error)"
    }
    guard bytes.count == entry.bytes else {
      return "damaged: \(entry.path) has \(bytes.count) bytes, the manifest says \(entry.bytes)"
    }
    let digest = SHA256.hexDigest(of: bytes)
    guard digest != entry.sha256 else { return nil }
    return "damaged: \(entry.path) has SHA-256 \(digest), the manifest says \(entry.sha256)"
  }

  /// The first difference between a file and the same file recorded again; for a container, by tensor and index.
  private static func difference(_ file: Recording.File, folder: String) -> String? {
    guard let bytes = try? Files.contents(of: folder + "/" + file.path, byteLimit: 256 << 20) else {
      return "differs: \(file.path) cannot be read"
    }
    guard bytes != file.bytes else { return nil }
    guard file.path.hasSuffix(".safetensors"), let old = try? ArrayFile(decoding: bytes),
      let new = try? ArrayFile(decoding: file.bytes)
    else {
      let index = zip(bytes, file.bytes).enumerated().first { $0.element.0 != $0.element.1 }?.offset
      return "differs: \(file.path) at byte \(index ?? min(bytes.count, file.bytes.count))"
    }
    for array in new.arrays {
      guard let stored = old[array.name] else { return "differs: \(file.path): \(array.name) is missing" }
      guard stored.shape == array.shape, stored.elementType == array.elementType else {
        return "differs: \(file.path): \(array.name) has another shape or type"
      }
      if let byte = zip(stored.bytes, array.bytes).enumerated().first(where: { $0.element.0 != $0.element.1 })?.offset {
        let index = byte / array.elementType.width
        let (old, new) = (element(stored, index), element(array, index))
        return "differs: \(file.path): \(array.name)[\(index)] is \(old), recorded \(new)"
      }
    }
    return "differs: \(file.path): its header"
  }

  private static func element(_ array: NamedArray, _ index: Int) -> String {
    if let values = try? array.doubles() { return "\(values[index])" }
    if let values = try? array.integers() { return "\(values[index])" }
    return "\(array.bytes[index])"
  }
}
