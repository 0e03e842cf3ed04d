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

  /// What a published id promises: the case as the manifest has it, without prose, and the files of its model.
  struct Meaning: Equatable {
    let members: [JSONObject.Member]
    let model: [Entry]
  }

  /// Members of a case that may be said better after publication.
  static let prose: Set<String> = ["hunts", "clauses"]

  let isPublished: Bool
  /// Every file but the manifest itself.
  let files: [Entry]
  /// By id.
  let meanings: [String: Meaning]
  /// Ids that are gone.
  let retired: Set<String>

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
      let list = object["cases"]?.arrayValue, let gone = object["retired"]?.arrayValue
    else { throw .manifest("not a manifest of version 1") }
    var files: [Entry] = []
    if let structure = object["structure_json"], structure != .null { files.append(try Self.entry(structure)) }
    var modelFiles: [String: [Entry]] = [:]
    for model in models {
      guard let path = model.objectValue?["path"]?.stringValue, let list = model.objectValue?["files"]?.arrayValue
      else { throw .manifest("a model without path and files") }
      for file in list { modelFiles[path, default: []].append(try Self.entry(file)) }
      files += modelFiles[path] ?? []
    }
    var meanings: [String: Meaning] = [:]
    for item in list {
      guard let item = item.objectValue, let id = item["id"]?.stringValue else {
        throw .manifest("a case without an id")
      }
      for name in ["input", "expected"] {
        if let file = item[name], file != .null { files.append(try Self.entry(file)) }
      }
      let meaning = Meaning(
        members: item.members.filter { !Self.prose.contains($0.key) },
        model: item["model"]?.stringValue.flatMap { modelFiles[$0] } ?? [])
      guard meanings.updateValue(meaning, forKey: id) == nil else { throw .manifest("two cases have the id \(id)") }
    }
    var retired: Set<String> = []
    for item in gone {
      guard let id = item.objectValue?["id"]?.stringValue else { throw .manifest("a retired id that is none") }
      retired.insert(id)
    }
    guard Set(files.map(\.path)).count == files.count else { throw .manifest("a path is listed twice") }
    isPublished = published
    self.files = files
    self.meanings = meanings
    self.retired = retired
  }

  private static func entry(_ value: JSONValue) throws(RecordingError) -> Entry {
    guard let object = value.objectValue, let path = object["path"]?.stringValue,
      let bytes = object["bytes"]?.integerValue, let digest = object["sha256"]?.stringValue
    else { throw .manifest("a file without path, bytes and sha256") }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    let isPlain = path.unicodeScalars.allSatisfy { ("!"..."~").contains($0) }
    guard isPlain, !parts.contains(where: { $0.isEmpty || $0.hasPrefix(".") }), bytes >= 0, bytes <= 256 << 20 else {
      throw .manifest("the path \(path.onOneLine) leaves the folder or is odd, or its size is out of range")
    }
    guard path != Recording.manifestName, path != Recorder.mark else { throw .manifest("\(path) lists itself") }
    return Entry(path: path, bytes: bytes, sha256: digest)
  }
}
