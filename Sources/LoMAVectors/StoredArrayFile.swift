// Containers read from and written to a path.

extension ArrayFile {
  /// Reads an untrusted file of at most `byteLimit` bytes; it may change while it is read.
  public init(contentsOf path: String, byteLimit: Int) throws(ContainerError) {
    let bytes: [UInt8]
    do { bytes = try Files.contents(of: path, byteLimit: byteLimit) } catch { throw .file(error) }
    try self.init(decoding: bytes)
  }

  /// Writes the file, whole or not at all, replacing an existing one.
  public func write(to path: String) throws(ContainerError) {
    let bytes = try encoded()
    do { try Files.replace(path, with: bytes) } catch { throw .file(error) }
  }
}
