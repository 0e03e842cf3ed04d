// Reading a manifest: strictly, since vectors are untrusted.

import LoMAVectors

/// The parts of a manifest on disk that verification and recording need.
struct StoredManifest {
  /// The meaning of a published id: its case in the manifest without the prose, and the files of its model.
  struct Meaning: Equatable {
    let members: [JSONObject.Member]
    let model: [ListedFile]
  }

  /// Members of a case whose wording may change after publication.
  static let prose: Set<String> = ["hunts", "clauses"]

  let isPublished: Bool
  /// Every file except the manifest itself.
  let files: [ListedFile]
  /// The meanings, by id.
  let meanings: [String: Meaning]
  let retired: Set<String>

  /// The manifest of a folder; nil if it has none.
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
    var files: [ListedFile] = []
    if let structure = object["structure_json"], structure != .null { files.append(try Self.entry(structure)) }
    var modelFiles: [String: [ListedFile]] = [:]
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
      guard meanings.updateValue(meaning, forKey: id) == nil else {
        throw .manifest("two cases have the id \(id.onOneLine)")
      }
    }
    var retired: Set<String> = []
    for item in gone {
      guard let id = item.objectValue?["id"]?.stringValue else { throw .manifest("a retired entry without an id") }
      retired.insert(id)
    }
    guard Set(files.map(\.path)).count == files.count else { throw .manifest("a path is listed twice") }
    isPublished = published
    self.files = files
    self.meanings = meanings
    self.retired = retired
  }

  private static func entry(_ value: JSONValue) throws(RecordingError) -> ListedFile {
    let file: ListedFile
    do { file = try ListedFile(value) } catch { throw .manifest(error.description) }
    guard file.path != Recording.manifestName, file.path != Recorder.mark else {
      throw .manifest("\(file.path) lists itself")
    }
    return file
  }
}
