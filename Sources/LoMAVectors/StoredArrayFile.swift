// A container as a file: whole, to and from a path.

extension ArrayFile {
  /// Reads a file of at most `byteLimit` bytes that nobody vouches for, and that may change while it is read.
  public init(contentsOf path: String, byteLimit: Int) throws(ContainerError) {
    let bytes: [UInt8]
    do { bytes = try Files.contents(of: path, byteLimit: byteLimit) } catch { throw .file(error) }
    try self.init(decoding: bytes)
  }

  /// Writes the file under its name at once, or not at all.
  public func write(to path: String) throws(ContainerError) {
    let bytes = try encoded()
    do { try Files.replace(path, with: bytes) } catch { throw .file(error) }
  }
}
