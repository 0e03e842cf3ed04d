// MOD-1: a file that Git LFS has not fetched: a text of some lines stands where weights or a tokenizer should be.

import LoMAVectors

/// The text that Git keeps in the place of a large file.
enum LargeFilePointer {
  /// The specification of Git LFS allows no pointer of more bytes.
  private static let byteLimit = 1023
  private static let start = Array("version https://git-lfs".utf8)

  /// Whether these bytes are a pointer.
  static func isOne(_ bytes: [UInt8]) -> Bool { bytes.count <= byteLimit && bytes.starts(with: start) }

  /// Whether the file at a path is a pointer.
  static func isThere(_ path: String) -> Bool {
    guard let bytes = try? Files.contents(of: path, byteLimit: byteLimit) else { return false }
    return isOne(bytes)
  }
}
