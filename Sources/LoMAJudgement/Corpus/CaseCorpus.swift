// Vectors/manifest.json and the files it lists, each checked against its digest when read.

import LoMAVectors

/// The recorded vectors; a file is read when it is first needed.
package struct CaseCorpus: Sendable {
  /// A model of the corpus.
  package struct Model: Sendable {
    /// Its directory below the vectors.
    package let path: String
    package let files: [ListedFile]
  }

  package let folder: String
  /// The version of the suite.
  package let suite: String
  /// The version of the Spec.
  package let specification: String
  /// SHA-256 of the manifest, which lists the digests of all other files.
  package let manifestDigest: String
  /// The models, in the manifest's order.
  package let models: [Model]
  /// The cases, in the manifest's order.
  package let cases: [StoredCase]

  /// The files of a corpus in memory, by path.
  private var kept: [String: [UInt8]] = [:]

  private static let manifestName = "manifest.json"
  private static let manifestLimit = 16 << 20
  private static let caseLimit = 100_000

  /// A marker file that lies in the folder while a recording is under way.
  private static let mark = "INCOMPLETE"

  /// Reads the manifest of a folder; throws `damaged` if a recording into it was interrupted.
  package init(folder: String) throws(CorpusError) {
    if Disk.files(in: folder).contains(Self.mark) {
      throw .damaged(file: Self.mark, reason: "a recording was interrupted; record again")
    }
    let bytes: [UInt8]
    do {
      bytes = try Files.contents(of: folder + "/" + Self.manifestName, byteLimit: Self.manifestLimit)
    } catch { throw .damaged(file: Self.manifestName, reason: error.description) }
    try self.init(folder: folder, manifest: bytes)
  }

  /// A corpus in memory: files by path, the manifest among them.
  package init(files: [(path: String, bytes: [UInt8])]) throws(CorpusError) {
    let byPath = Dictionary(files.map { ($0.path, $0.bytes) }, uniquingKeysWith: { first, _ in first })
    guard let manifest = byPath[Self.manifestName] else {
      throw .damaged(file: Self.manifestName, reason: "it is not among the files")
    }
    try self.init(folder: "", manifest: manifest)
    kept = byPath
  }

  /// Reads a manifest given as bytes.
  init(folder: String, manifest bytes: [UInt8]) throws(CorpusError) {
    let value: JSONValue
    do { value = try StrictJSON.parse(bytes, sizeLimit: Self.manifestLimit, depthLimit: 16) } catch {
      throw .manifest(error.description)
    }
    guard let object = value.objectValue, object["loma_vectors"]?.integerValue == 1 else {
      throw .manifest("not a manifest of version 1")
    }
    guard let suite = object["suite"]?.stringValue, let specification = object["specification"]?.stringValue,
      object["published"]?.booleanValue != nil
    else { throw .manifest("suite, specification or published is missing") }
    guard let models = object["models"]?.arrayValue, let cases = object["cases"]?.arrayValue,
      let retired = object["retired"]?.arrayValue, cases.count <= Self.caseLimit, models.count <= Self.caseLimit
    else { throw .manifest("models, cases or retired is not a list, or too long") }
    self.folder = folder
    self.suite = suite
    self.specification = specification
    manifestDigest = SHA256.hexDigest(of: bytes)
    self.models = try models.map { model throws(CorpusError) in try Self.model(model) }
    let paths = Set(self.models.map(\.path))
    self.cases = try cases.map { item throws(CorpusError) in try StoredCase(item, models: paths) }
    try check(retired: retired)
  }

  private static func model(_ value: JSONValue) throws(CorpusError) -> Model {
    guard let path = value.objectValue?["path"]?.stringValue, let list = value.objectValue?["files"]?.arrayValue else {
      throw .manifest("a model without path and files")
    }
    var files: [ListedFile] = []
    for entry in list {
      do { files.append(try ListedFile(entry)) } catch { throw .manifest("\(path.onOneLine): \(error.description)") }
    }
    guard !files.isEmpty, files.allSatisfy({ $0.path.hasPrefix(path + "/") }) else {
      throw .manifest("the files of the model \(path.onOneLine) are not below it")
    }
    return Model(path: path, files: files)
  }

  /// Checks that no id occurs twice or belongs to a retired case, and that no path occurs twice or is the manifest's.
  private func check(retired: [JSONValue]) throws(CorpusError) {
    var ids: Set<String> = []
    for value in retired {
      guard let id = value.objectValue?["id"]?.stringValue else { throw .manifest("a retired entry without an id") }
      ids.insert(id)
    }
    for item in cases where !ids.insert(item.id).inserted {
      throw .manifest("the id \(item.id) is given twice, or retired")
    }
    var paths: Set = [Self.manifestName]
    for file in models.flatMap(\.files) + cases.flatMap(\.files) where !paths.insert(file.path).inserted {
      throw .manifest("the path \(file.path) is listed twice, or is the manifest's")
    }
  }
}

extension CaseCorpus {
  /// The bytes of a listed file; throws `damaged` if they do not match the digest.
  package func contents(of file: ListedFile) throws(CorpusError) -> [UInt8] {
    if let bytes = kept[file.path] { return bytes }
    let bytes: [UInt8]
    do { bytes = try Files.contents(of: folder + "/" + file.path, byteLimit: file.bytes) } catch {
      throw .damaged(file: file.path, reason: error.description)
    }
    guard bytes.count == file.bytes else {
      throw .damaged(file: file.path, reason: "\(bytes.count) bytes, the manifest says \(file.bytes)")
    }
    let digest = SHA256.hexDigest(of: bytes)
    guard digest == file.sha256 else {
      throw .damaged(file: file.path, reason: "SHA-256 \(digest), the manifest says \(file.sha256)")
    }
    return bytes
  }

  /// The tensors of a case's input, empty if it takes scalars only.
  package func input(of item: StoredCase) throws(CorpusError) -> [NamedArray] {
    guard let file = item.input else { return [] }
    return try arrays(file).arrays
  }

  /// The recorded answer with its units, empty if there is none; throws `damaged` if its tensors are not those the
  /// rules name.
  package func expected(of item: StoredCase) throws(CorpusError) -> [NamedArray] {
    guard case .tensors(let file, _) = item.answer else { return [] }
    let arrays = try arrays(file).arrays
    guard Set(arrays.map(\.name)) == item.expectedNames else {
      throw .damaged(file: file.path, reason: "its tensors are not those that the rules of \(item.id) name")
    }
    return arrays
  }

  private func arrays(_ file: ListedFile) throws(CorpusError) -> ArrayFile {
    let bytes = try contents(of: file)
    do { return try ArrayFile(decoding: bytes) } catch {
      throw .damaged(file: file.path, reason: error.description)
    }
  }
}

extension StoredCase {
  /// The input and the recorded answer.
  fileprivate var files: [ListedFile] {
    guard case .tensors(let expected, _) = answer else { return [input].compactMap { $0 } }
    return [input, expected].compactMap { $0 }
  }
}
