// Output at a path that a person chose: a regular file is replaced as a whole, a device or a pipe is written to.

import Foundation

extension Files {
  /// Writes `bytes` to `path` as `replace` does; an existing device or pipe is written to instead of being replaced.
  public static func deliver(_ bytes: [UInt8], to path: String) throws(FileError) {
    var status = stat()
    if stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG { return try replace(path, with: bytes) }
    let descriptor = open(path, O_WRONLY | O_CLOEXEC)
    if descriptor < 0 { throw .failed("open", path: path, code: errno) }
    var failure: FileError?
    var offset = 0
    while offset < bytes.count && failure == nil {
      let count = bytes[offset...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count >= 0 {
        offset += count
      } else if errno != EINTR {
        failure = .failed("write", path: path, code: errno)
      }
    }
    if close(descriptor) != 0 && failure == nil { failure = .failed("close", path: path, code: errno) }
    if let failure { throw failure }
  }
}
