// Reading of files that may be hostile, and writing of files that are never seen half written.

import Foundation

/// Whole files, read and written with typed errors.
public enum Files {
  /// The bytes of a regular file of at most `byteLimit` bytes.
  public static func contents(of path: String, byteLimit: Int) throws(FileError) -> [UInt8] {
    let (descriptor, size) = try opened(path)
    defer { close(descriptor) }
    if size > byteLimit { throw .tooLarge(path: path, limit: byteLimit) }
    // Reads to the end, not up to `size`: the file may have grown or shrunk since.
    var bytes: [UInt8] = []
    bytes.reserveCapacity(size)
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      if count < 0 { throw .failed("read", path: path, code: errno) }
      if count == 0 { return bytes }
      if count > byteLimit - bytes.count { throw .tooLarge(path: path, limit: byteLimit) }
      bytes += buffer[..<count]
    }
  }

  /// Replaces the content of `path`: readers see the whole old file or the whole new one; after an error, the old one.
  ///
  /// The bytes are written to a new file in the same folder, which is then renamed.
  public static func replace(_ path: String, with bytes: [UInt8]) throws(FileError) {
    let temporary = "\(path).\(String(UInt64.random(in: .min ... .max), radix: 36)).partial"
    try create(temporary, with: bytes, naming: path, isStored: true)
    do throws(FileError) {
      if rename(temporary, path) != 0 { throw .failed("rename", path: path, code: errno) }
    } catch {
      unlink(temporary)
      throw error
    }
  }

  /// Makes a new directory with the given files, all or none: it is filled under another name, then renamed.
  ///
  /// A name may be FOLDER/NAME. Throws if something has the directory's name already.
  public static func createDirectory(
    _ path: String, containing files: [(name: String, bytes: [UInt8])]
  ) throws(FileError) {
    var status = stat()
    if lstat(path, &status) == 0 { throw .failed("mkdir", path: path, code: EEXIST) }
    let temporary = "\(path).\(String(UInt64.random(in: .min ... .max), radix: 36)).partial"
    if mkdir(temporary, 0o777) != 0 { throw .failed("mkdir", path: path, code: errno) }
    let folders = Set(files.compactMap { $0.name.split(separator: "/").dropLast().first.map(String.init) })
    do throws(FileError) {
      for folder in folders where mkdir("\(temporary)/\(folder)", 0o777) != 0 {
        throw .failed("mkdir", path: "\(path)/\(folder)", code: errno)
      }
      for file in files { try replace("\(temporary)/\(file.name)", with: file.bytes) }
      if rename(temporary, path) != 0 { throw .failed("rename", path: path, code: errno) }
    } catch {
      for file in files { unlink("\(temporary)/\(file.name)") }
      for folder in folders { rmdir("\(temporary)/\(folder)") }
      rmdir(temporary)
      throw error
    }
  }

  /// Creates a file with this content, which is on disk when the call returns; throws if the path exists.
  public static func create(_ path: String, with bytes: [UInt8]) throws(FileError) {
    try create(path, with: bytes, naming: path, isStored: true)
  }

  /// Creates a file that is soon removed, without waiting for the disk; throws if the path exists.
  public static func createBriefly(_ path: String, with bytes: [UInt8]) throws(FileError) {
    try create(path, with: bytes, naming: path, isStored: false)
  }

  /// Creates a file; errors name `name`, the path that it will be renamed to.
  private static func create(
    _ path: String, with bytes: [UInt8], naming name: String, isStored: Bool
  ) throws(FileError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    if descriptor < 0 { throw .failed("open", path: name, code: errno) }
    do throws(FileError) { try fill(descriptor, with: bytes, path: name, isStored: isStored) } catch {
      unlink(path)
      throw error
    }
  }

  /// Writes all bytes, waits for the disk if asked to, and closes the descriptor in any case.
  private static func fill(
    _ descriptor: Int32, with bytes: [UInt8], path: String, isStored: Bool
  ) throws(FileError) {
    var failure: FileError?
    bytes.withUnsafeBytes { bytes in
      var offset = 0
      while offset < bytes.count && failure == nil {
        let count = write(descriptor, bytes.baseAddress.map { $0 + offset }, bytes.count - offset)
        if count >= 0 {
          offset += count
        } else if errno != EINTR {
          failure = .failed("write", path: path, code: errno)
        }
      }
    }
    if failure == nil && isStored && fsync(descriptor) != 0 { failure = .failed("fsync", path: path, code: errno) }
    if close(descriptor) != 0 && failure == nil { failure = .failed("close", path: path, code: errno) }
    if let failure { throw failure }
  }

  /// A regular file, mapped read-only until the last copy of the data is gone.
  static func mapped(_ path: String) throws(FileError) -> Data {
    let (descriptor, size) = try opened(path)
    defer { close(descriptor) }
    if size == 0 { return Data() }
    guard let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED else {
      throw .failed("mmap", path: path, code: errno)
    }
    return Data(bytesNoCopy: address, count: size, deallocator: .custom { address, size in munmap(address, size) })
  }

  /// A descriptor for reading a regular file, and the file's size.
  private static func opened(_ path: String) throws(FileError) -> (descriptor: Int32, size: Int) {
    // O_NONBLOCK: otherwise opening a pipe waits for a writer.
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    if descriptor < 0 { throw .failed("open", path: path, code: errno) }
    var status = stat()
    let code = fstat(descriptor, &status) == 0 ? 0 : errno
    if code == 0 && status.st_mode & S_IFMT == S_IFREG { return (descriptor, Int(status.st_size)) }
    close(descriptor)
    throw code == 0 ? .notRegular(path: path) : .failed("fstat", path: path, code: code)
  }
}
