// The manifest as it is read: strictly, since vectors come from anywhere.

import LoMAVectors

/// What verifying and recording need of a manifest on disk.
struct StoredManifest {
  /// A file with its digest.
  struct Entry: Hashable {
    let path: String
    let bytes: Int
    let sha256: String
  }

  let isPublished: Bool
  /// Every file but the manifest itself.
  let files: [Entry]
  /// The digests that a case's meaning hangs on, by id.
  let cases: [String: [Entry]]

  /// The manifest of a folder, none where there is none.
  init?(folder: String) throws(RecordingError) {
    let bytes: [UInt8]
    do {
      bytes = try Files.contents(of: folder + "/" + Recording.manifestName, byteLimit: 16 << 20)
    } catch {
      if case .failed(_, _, let code) = error, code == 2 { return nil }  // ENOENT
      throw .file(error)
    }
    try self.init(parsing: bytes)
  }

  /// Parses a manifest; throws `manifest`.
  init(parsing bytes: [UInt8]) throws(RecordingError) {
    let value: JSONValue
    do { value = try StrictJSON.parse(bytes, sizeLimit: 16 << 20, depthLimit: 16) } catch {
      throw .manifest(error.description)
    }
    guard let object = value.objectValue, object["loma_vectors"]?.integerValue == 1,
      let published = object["published"]?.booleanValue, let models = object["models"]?.arrayValue,
      let list = object["cases"]?.arrayValue
    else { throw .manifest("not a manifest of version 1") }
    var files: [Entry] = []
    if let structure = object["structure_json"], structure != .null { files.append(try Self.entry(structure)) }
    for model in models {
      for file in model.objectValue?["files"]?.arrayValue ?? [] { files.append(try Self.entry(file)) }
    }
    var cases: [String: [Entry]] = [:]
    for item in list {
      guard let id = item.objectValue?["id"]?.stringValue else { throw .manifest("a case without an id") }
      var entries: [Entry] = []
      for name in ["input", "expected"] {
        if let file = item.objectValue?[name], file != .null { entries.append(try Self.entry(file)) }
      }
      guard cases.updateValue(entries, forKey: id) == nil else { throw .manifest("two cases have the id \(id)") }
      files += entries
    }
    isPublished = published
    self.files = files
    self.cases = cases
  }

  private static func entry(_ value: JSONValue) throws(RecordingError) -> Entry {
    guard let object = value.objectValue, let path = object["path"]?.stringValue,
      let bytes = object["bytes"]?.integerValue, let digest = object["sha256"]?.stringValue
    else { throw .manifest("a file without path, bytes and sha256") }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard !parts.contains(where: { $0.isEmpty || $0.hasPrefix(".") }), bytes >= 0, bytes <= 256 << 20 else {
      throw .manifest("the path \(path) leaves the folder, or its size is out of range")
    }
    return Entry(path: path, bytes: bytes, sha256: digest)
  }
}
