// OPS-1: Vectors/manifest.json as it is read: strictly, since vectors come from anywhere.

/// What a manifest says of the vectors: versions, models, cases and every file with its digest.
package struct StoredManifest: Sendable {
  /// A model of the vectors.
  package struct ListedModel: Sendable {
    /// Its directory below the vectors.
    package let path: String
    /// Its files.
    package let files: [ListedFile]
  }

  /// The manifest's own file.
  package static let name = "manifest.json"
  /// The file that lies in the folder while vectors are recorded into it.
  package static let mark = "INCOMPLETE"
  /// The most bytes a manifest may have.
  package static let byteLimit = 16 << 20
  /// The most models, and the most cases.
  private static let countLimit = 100_000

  /// The version of the suite.
  package let suite: String
  /// The version of the Spec.
  package let specification: String
  /// Whether its ids are frozen.
  package let isPublished: Bool
  /// The models, in the manifest's order.
  package let models: [ListedModel]
  /// The cases as they are written, in the manifest's order; their files are listed, no two have the same id.
  package let cases: [JSONObject]
  /// The ids of cases that are gone.
  package let retired: Set<String>
  /// Every file but the manifest itself.
  package let files: [ListedFile]
  /// SHA-256 of the manifest, which names every other byte.
  package let digest: String

  /// Reads the bytes of a manifest.
  package init(parsing bytes: [UInt8]) throws(ManifestError) {
    let value: JSONValue
    do { value = try StrictJSON.parse(bytes, sizeLimit: Self.byteLimit, depthLimit: 16) } catch {
      throw ManifestError(reason: error.description)
    }
    guard let object = value.objectValue, object["loma_vectors"]?.integerValue == 1 else {
      throw ManifestError(reason: "not a manifest of version 1")
    }
    guard let suite = object["suite"]?.stringValue, let specification = object["specification"]?.stringValue,
      let isPublished = object["published"]?.booleanValue
    else { throw ManifestError(reason: "suite, specification or published is missing") }
    guard let models = object["models"]?.arrayValue, let cases = object["cases"]?.arrayValue,
      let retired = object["retired"]?.arrayValue, max(cases.count, models.count) <= Self.countLimit
    else { throw ManifestError(reason: "models, cases or retired is not a list, or too long") }
    self.suite = suite
    self.specification = specification
    self.isPublished = isPublished
    digest = SHA256.hexDigest(of: bytes)
    self.models = try models.map { model throws(ManifestError) in try Self.model(model) }
    self.cases = try cases.map { item throws(ManifestError) in
      guard let object = item.objectValue else { throw ManifestError(reason: "a case that is not an object") }
      return object
    }
    self.retired = Set(
      try retired.map { value throws(ManifestError) in
        guard let id = value.objectValue?["id"]?.stringValue else {
          throw ManifestError(reason: "a retired entry without an id")
        }
        return id
      })
    var files: [ListedFile] = []
    if let structure = object["structure_json"], structure != .null { files.append(try Self.file(structure, of: nil)) }
    files += self.models.flatMap { $0.files }
    var ids = self.retired
    for item in self.cases {
      guard let id = item["id"]?.stringValue else { throw ManifestError(reason: "a case without an id") }
      guard ids.insert(id).inserted else {
        throw ManifestError(reason: "the id \(id.onOneLine) is given twice, or retired")
      }
      for name in ["input", "expected"] {
        if let file = item[name], file != .null { files.append(try Self.file(file, of: id)) }
      }
    }
    var paths: Set = [Self.name, Self.mark]
    for file in files where !paths.insert(file.path).inserted {
      throw ManifestError(reason: "the path \(file.path) is listed twice, or is the manifest's")
    }
    self.files = files
  }

  private static func model(_ value: JSONValue) throws(ManifestError) -> ListedModel {
    guard let path = value.objectValue?["path"]?.stringValue, let list = value.objectValue?["files"]?.arrayValue else {
      throw ManifestError(reason: "a model without path and files")
    }
    let files = try list.map { entry throws(ManifestError) in try file(entry, of: path) }
    guard !files.isEmpty, files.allSatisfy({ $0.path.hasPrefix(path + "/") }) else {
      throw ManifestError(reason: "the files of the model \(path.onOneLine) are not below it")
    }
    return ListedModel(path: path, files: files)
  }

  private static func file(_ value: JSONValue, of owner: String?) throws(ManifestError) -> ListedFile {
    do { return try ListedFile(value) } catch {
      throw ManifestError(reason: (owner.map { $0.onOneLine + ": " } ?? "") + error.description)
    }
  }
}

/// Why a manifest cannot be used.
package struct ManifestError: Error, Hashable, Sendable {
  /// One line.
  package let reason: String
}
