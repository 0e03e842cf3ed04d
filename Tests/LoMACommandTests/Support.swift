// Runs `loma` in process, and the built binary as a process of its own.

import Foundation

import LoMAProcess
@testable import LoMACommand

/// Runs a command in process, outside a terminal; `line` is split at spaces.
func loma(_ line: String, isTerminal: Bool = false, refusesColour: Bool = false) -> Outcome {
  let words = line.split(separator: " ").map(String.init)
  return run(words, in: Environment(isTerminal: isTerminal, refusesColour: refusesColour))
}

/// The project's vectors.
let projectVectors = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().appendingPathComponent("Vectors").path

/// The binary `loma` beside the test bundle; tests that need it fail where it was not built.
struct Binary {
  let path: String

  init() throws {
    let bundles = CommandLine.arguments.filter { $0.contains(".xctest") }
    let folders = bundles.map { argument in
      String(
        argument.split(separator: "/", omittingEmptySubsequences: false).prefix { !$0.hasSuffix(".xctest") }
          .joined(separator: "/"))
    }
    guard let folder = folders.first(where: { FileManager.default.isExecutableFile(atPath: $0 + "/loma") }) else {
      throw Missing(searched: folders)
    }
    path = folder + "/loma"
  }

  struct Missing: Error {
    let searched: [String]
  }

  /// What a shell line wrote and returned; `loma` in it is the binary.
  func shell(_ line: String) throws -> (output: String, errors: String, exitCode: Int32) {
    let process = Process()
    let (output, errors) = (Pipe(), Pipe())
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", "loma() { '\(path)' \"$@\"; }; " + line]
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let written = output.fileHandleForReading.readDataToEndOfFile()
    let complaints = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (
      String(decoding: written, as: UTF8.self), String(decoding: complaints, as: UTF8.self), process.terminationStatus
    )
  }
}

/// A folder that is removed at the end.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = Scratch.parent + "/loma-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var contents: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] }
}
