// A file as a manifest lists it: where it is, how long, and what its bytes are.

/// A file of the vectors, with the digest that vouches for it.
public struct ListedFile: Hashable, Sendable {
  /// The most bytes a listed file may have.
  public static let byteLimit = 256 << 20

  /// The path below the folder: parts of printable ASCII between single slashes, none beginning with a dot.
  public let path: String
  /// How many bytes it has.
  public let bytes: Int
  /// SHA-256 in lower-case hexadecimal digits.
  public let sha256: String

  /// Reads an entry of a manifest that nobody vouches for.
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

/// Why an entry of a manifest is none.
public struct ListedFileError: Error, Hashable, Sendable {
  /// One line.
  public let description: String
}

extension String {
  /// Whether it is a SHA-256 as manifests write it.
  public var isHexDigest: Bool {
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    let letters = UInt8(ascii: "a")...UInt8(ascii: "f")
    return utf8.count == 64 && utf8.allSatisfy { digits.contains($0) || letters.contains($0) }
  }
}
