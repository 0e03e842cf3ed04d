// Vectors/manifest.json and the files it lists, each checked against its digest when read.

import LoMAVectors

/// The recorded vectors; a file is read when it is first needed.
package struct CaseCorpus: Sendable {
  /// The folder that holds manifest.json.
  package let folder: String
  /// The version of the suite.
  package let suite: String
  /// The version of the Spec.
  package let specification: String
  /// SHA-256 of the manifest, which lists the digests of all other files.
  package let manifestDigest: String
  /// The models, in the manifest's order.
  package let models: [StoredManifest.ListedModel]
  /// The cases, in the manifest's order.
  package let cases: [StoredCase]
  /// The part of the Spec that all of them are of; part I if there is none.
  package let part: Part

  /// The files of a corpus in memory, by path.
  private var kept: [String: [UInt8]] = [:]

  /// Reads the manifest of a folder; throws `damaged` if a recording into it was interrupted.
  package init(folder: String) throws(CorpusError) {
    if Disk.files(in: folder).contains(StoredManifest.mark) {
      throw .damaged(file: StoredManifest.mark, reason: "a recording was interrupted; record again")
    }
    let bytes: [UInt8]
    do {
      bytes = try Files.contents(of: folder + "/" + StoredManifest.name, byteLimit: StoredManifest.byteLimit)
    } catch { throw .damaged(file: StoredManifest.name, reason: error.description) }
    try self.init(folder: folder, manifest: bytes)
  }

  /// A corpus in memory: files by path, the manifest among them.
  package init(files: [(path: String, bytes: [UInt8])]) throws(CorpusError) {
    let byPath = Dictionary(files.map { ($0.path, $0.bytes) }, uniquingKeysWith: { first, _ in first })
    guard let manifest = byPath[StoredManifest.name] else {
      throw .damaged(file: StoredManifest.name, reason: "it is not among the files")
    }
    try self.init(folder: "", manifest: manifest)
    kept = byPath
  }

  /// Reads a manifest given as bytes.
  init(folder: String, manifest bytes: [UInt8]) throws(CorpusError) {
    let manifest: StoredManifest
    do { manifest = try StoredManifest(parsing: bytes) } catch { throw .manifest(error.reason) }
    self.folder = folder
    suite = manifest.suite
    specification = manifest.specification
    manifestDigest = manifest.digest
    models = manifest.models
    let paths = Set(manifest.models.map(\.path))
    let cases = try manifest.cases.map { item throws(CorpusError) in try StoredCase(item, models: paths) }
    part = cases.first?.op.part ?? .loma
    // A claim is one of a part: two parts have levels and profiles of the same names.
    if let other = cases.first(where: { [part] in $0.op.part != part }) {
      throw .manifest("\(other.id): it is of the part \(other.op.part.rawValue), the first case is of \(part.rawValue)")
    }
    self.cases = cases
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
