// RUN-28: the files that a command writes for a person: whole or not at all, and one line where they cannot be.

import Foundation
import LoMAVectors

/// Writing files, for a command.
public enum OutputFiles {
  /// Gives a path this text; a device or a pipe is written to and not replaced. Returns why it could not.
  public static func write(_ text: String, to path: String) -> String? {
    do { try Files.deliver(Array(text.utf8), to: path) } catch { return reason(error) }
    return nil
  }

  /// Makes a folder, unless it is there, and in it these files, each whole; returns the path and why it could not.
  public static func write(
    _ files: [(name: String, bytes: [UInt8])], into folder: String
  ) -> (path: String, reason: String)? {
    do { try Disk.real.makeFolder(folder) } catch { return (folder, reason(error)) }
    for file in files {
      let path = folder + "/" + file.name
      do { try Files.deliver(file.bytes, to: path) } catch { return (path, reason(error)) }
    }
    return nil
  }

  /// The reason alone: what surrounds it names the path.
  private static func reason(_ error: FileError) -> String {
    switch error {
    case .failed(_, _, let code): String(cString: strerror(code))
    case .notRegular: "not a regular file"
    case .tooLarge(_, let limit): "longer than \(limit) bytes"
    }
  }
}
