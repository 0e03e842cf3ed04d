// An entry of a manifest's list of files: path, length and digest.

/// A file of the vectors as a manifest lists it, with the digest of its bytes.
public struct ListedFile: Hashable, Sendable {
  /// The most bytes a listed file may have.
  public static let byteLimit = 256 << 20

  /// The path relative to the manifest's folder: printable ASCII parts, single slashes, no part beginning with a dot.
  public let path: String
  /// The length of the file in bytes, at most `byteLimit`.
  public let bytes: Int
  /// The SHA-256 of the file, in lower-case hexadecimal digits.
  public let sha256: String

  /// Reads an entry of an untrusted manifest.
  public init(_ value: JSONValue) throws(ListedFileError) {
    guard let object = value.objectValue, let path = object["path"]?.stringValue,
      let bytes = object["bytes"]?.integerValue, let digest = object["sha256"]?.stringValue
    else { throw ListedFileError(description: "a file without path, bytes and sha256") }
    let isPlain = path.unicodeScalars.allSatisfy { ("!"..."~").contains($0) }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard isPlain, !parts.contains(where: { $0.isEmpty || $0.utf8.first == UInt8(ascii: ".") }), bytes >= 0,
      bytes <= Self.byteLimit
    else {
      throw ListedFileError(
        description: "the path \(path.onOneLine) leaves the folder or is odd, or its size is out of range")
    }
    guard digest.isHexDigest else { throw ListedFileError(description: "the digest of \(path) is none") }
    self.path = path
    self.bytes = bytes
    self.sha256 = digest
  }
}

/// Why a manifest entry is malformed.
public struct ListedFileError: Error, Hashable, Sendable {
  /// The reason on one line, as a person reads it.
  public let description: String
}

extension String {
  /// Whether the text is 64 lower-case hexadecimal digits, the form of a SHA-256 in manifests.
  public var isHexDigest: Bool {
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    let letters = UInt8(ascii: "a")...UInt8(ascii: "f")
    return utf8.count == 64 && utf8.allSatisfy { digits.contains($0) || letters.contains($0) }
  }
}
