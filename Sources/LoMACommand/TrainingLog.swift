// The file that `--log` of `loma train` writes as a run goes.

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import LoMAVectors

/// The curve of a run as a file of comma-separated values: a heading, then a line a step.
struct TrainingLog {
  private let file: UnsafeMutablePointer<FILE>
  private let path: String

  /// Opens the log of a run that has made `steps` steps; lines of later steps, whose weights an interruption lost, are
  /// taken out.
  ///
  /// Throws a `FileError` if the file cannot be read or written.
  init(_ path: String, columns: [String], after steps: Int) throws {
    var lines = [(["step"] + columns).joined(separator: ",")]
    if steps > 0, access(path, F_OK) == 0 {
      let text = String(decoding: try Files.contents(of: path, byteLimit: 1 << 30), as: UTF8.self)
      lines += text.split(separator: "\n").dropFirst().filter { line in
        line.prefix { $0 != "," }.allSatisfy { $0.isNumber }
          && Int(line.prefix { $0 != "," }).map { $0 <= steps } == true
      }.map { String($0) }
    }
    try Files.replace(path, with: Array((lines.joined(separator: "\n") + "\n").utf8))
    guard let file = fopen(path, "a") else { throw FileError.failed("open", path: path, code: errno) }
    (self.file, self.path) = (file, path)
  }

  /// Adds a step; throws a `FileError` if the line cannot be written.
  func write(step: Int, _ values: [Double]) throws {
    let line = (["\(step)"] + values.map { "\($0)" }).joined(separator: ",") + "\n"
    guard fputs(line, file) >= 0, fflush(file) == 0 else {
      throw FileError.failed("write", path: path, code: errno)
    }
  }

  /// Closes the file.
  func close() { fclose(file) }
}
