// Why a file cannot be read or written; apart from the functions on files, which Embedded Swift lacks.

#if canImport(Foundation) && !hasFeature(Embedded)
  import Foundation
#endif

/// Why a file cannot be read or written; `code` is the errno.
public enum FileError: Error, Equatable, Sendable {
  /// A call of the operating system failed.
  case failed(String, path: String, code: Int32)
  /// The path is not a regular file but a folder, a pipe or a device.
  case notRegular(path: String)
  /// The file is longer than the caller allows, or grew beyond that while it was read.
  case tooLarge(path: String, limit: Int)
}

extension FileError: CustomStringConvertible {
  /// The reason on one line, as a person reads it.
  public var description: String {
    switch self {
    case .failed(let call, let path, let code): "\(shortened(path)): \(call): \(message(of: code))"
    case .notRegular(let path): "\(shortened(path)): not a regular file"
    case .tooLarge(let path, let limit): "\(shortened(path)): longer than \(limit) bytes"
    }
  }

  /// The operating system's message for an errno; the number if it has none.
  private func message(of code: Int32) -> String {
    #if canImport(Foundation) && !hasFeature(Embedded)
      String(cString: strerror(code))
    #else
      "errno \(code)"
    #endif
  }
}
