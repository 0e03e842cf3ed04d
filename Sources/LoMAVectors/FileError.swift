// Why a file cannot be read or written, told apart from the files themselves, which Embedded Swift has none of.

#if canImport(Foundation) && !hasFeature(Embedded)
  import Foundation
#endif

/// Why a file cannot be read or written; `code` is an errno.
public enum FileError: Error, Equatable, Sendable {
  /// A call of the operating system failed.
  case failed(String, path: String, code: Int32)
  /// Not a regular file: a folder, a pipe, a device.
  case notRegular(path: String)
  /// The file is longer than the caller allows, or grew beyond that while it was read.
  case tooLarge(path: String, limit: Int)
}

extension FileError: CustomStringConvertible {
  /// One line for a person.
  public var description: String {
    switch self {
    case .failed(let call, let path, let code): "\(shortened(path)): \(call): \(message(of: code))"
    case .notRegular(let path): "\(shortened(path)): not a regular file"
    case .tooLarge(let path, let limit): "\(shortened(path)): longer than \(limit) bytes"
    }
  }

  /// What the operating system calls an errno; where there is none, the number.
  private func message(of code: Int32) -> String {
    #if canImport(Foundation) && !hasFeature(Embedded)
      String(cString: strerror(code))
    #else
      "errno \(code)"
    #endif
  }
}
