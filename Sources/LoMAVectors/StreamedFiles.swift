// What does not fit in memory, written so that it is never seen half written: a folder, and a container piece by piece.

import Foundation

extension Files {
  /// Makes a new folder, whole or not at all: `fill` gets its path under another name, which is renamed at the end.
  ///
  /// Throws if something has the folder's name already, and what `fill` throws; then the files in it are removed.
  public static func createFolder<Failure: Error>(
    _ path: String, failure: (FileError) -> Failure, fill: (_ path: String) throws(Failure) -> Void
  ) throws(Failure) {
    var status = stat()
    if lstat(path, &status) == 0 { throw failure(.failed("mkdir", path: path, code: EEXIST)) }
    let temporary = "\(path).\(String(UInt64.random(in: .min ... .max), radix: 36)).partial"
    if mkdir(temporary, 0o777) != 0 { throw failure(.failed("mkdir", path: path, code: errno)) }
    do throws(Failure) {
      try fill(temporary)
      if rename(temporary, path) != 0 { throw failure(.failed("rename", path: path, code: errno)) }
    } catch {
      for name in Disk.files(in: temporary) { unlink("\(temporary)/\(name)") }
      rmdir(temporary)
      throw error
    }
  }
}

/// Writes a container whose arrays come one piece after the other; its bytes are on disk when `finish` returns.
public final class ArrayStream {
  private let path: String
  private let descriptor: Int32
  /// The bytes of data that are still to come.
  private var rest: Int
  private var isOpen = true

  /// Starts a new file with the header of these arrays, whose data follow in this order; throws if the path exists.
  public init(
    creating path: String, arrays: [(name: String, elementType: ElementType, shape: [Int])], metadata: [String: String]
  ) throws(ContainerError) {
    var outlines: [(name: String, elementType: ElementType, shape: [Int], byteCount: Int)] = []
    for array in arrays {
      let count = try Container.byteCount(array.elementType, array.shape, name: array.name)
      outlines.append((array.name, array.elementType, array.shape, count))
    }
    let start = try ArrayFile.start(outlines, metadata: metadata)
    self.path = path
    rest = start.count + outlines.reduce(0) { $0 + $1.byteCount }
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    if descriptor < 0 { throw .file(.failed("open", path: path, code: errno)) }
    do { try append(start) } catch { throw .file(error) }
  }

  deinit { if isOpen, descriptor >= 0 { close(descriptor) } }

  /// Writes the next bytes; traps if they are more than the header announces.
  public func append(_ bytes: [UInt8]) throws(FileError) {
    rest -= bytes.count
    precondition(rest >= 0, "no more bytes than the header announces")
    var offset = 0
    while offset < bytes.count {
      let count = bytes[offset...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count >= 0 {
        offset += count
      } else if errno != EINTR {
        throw .failed("write", path: path, code: errno)
      }
    }
  }

  /// Waits for the disk and closes the file; traps if bytes are missing.
  public func finish() throws(FileError) {
    precondition(rest == 0, "as many bytes as the header announces")
    let code = fsync(descriptor) == 0 ? 0 : errno
    isOpen = false
    if close(descriptor) != 0 && code == 0 { throw .failed("close", path: path, code: errno) }
    if code != 0 { throw .failed("fsync", path: path, code: code) }
  }
}
