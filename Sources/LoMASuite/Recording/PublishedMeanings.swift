// What a published manifest promises of its cases, and a manifest read from a folder.

import LoMAVectors

extension StoredManifest {
  /// What a published id promises: the case as the manifest has it, without prose, and the files of its model.
  struct Meaning: Equatable {
    let members: [JSONObject.Member]
    let model: [ListedFile]
  }

  /// Members of a case that may be said better after publication.
  static let prose: Set<String> = ["hunts", "clauses"]

  /// What each case promises, by id.
  var meanings: [String: Meaning] {
    let modelFiles = Dictionary(models.map { ($0.path, $0.files) }, uniquingKeysWith: { first, _ in first })
    return Dictionary(
      cases.map { item in
        (
          item["id"]?.stringValue ?? "",
          Meaning(
            members: item.members.filter { !Self.prose.contains($0.key) },
            model: item["model"]?.stringValue.flatMap { modelFiles[$0] } ?? [])
        )
      }, uniquingKeysWith: { first, _ in first })
  }

  /// The manifest of a folder, or nil if there is none.
  init?(folder: String) throws(RecordingError) {
    let bytes: [UInt8]
    do { bytes = try Files.contents(of: folder + "/" + Self.name, byteLimit: Self.byteLimit) } catch {
      if case .failed(_, _, let code) = error, code == 2 { return nil }  // ENOENT
      throw .file(error)
    }
    try self.init(recorded: bytes)
  }

  /// The manifest of a recording.
  init(recorded bytes: [UInt8]) throws(RecordingError) {
    do { try self.init(parsing: bytes) } catch { throw .manifest(error.reason) }
  }
}
