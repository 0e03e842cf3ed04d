// Output that a person asked for under a path: a file appears whole, what is no file takes the bytes as they come.

import Foundation

extension Files {
  /// Gives `path` the content `bytes` as `replace` does; a device or a pipe that exists is written to and not replaced.
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
