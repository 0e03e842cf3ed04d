// RUN-1: the command that starts a candidate, made independent of the working directory.

import Foundation
import LoMAJudgement
import LoMAVectors

/// An executable and its arguments, to be started from any folder.
package struct CandidateCommand: Equatable, Sendable {
  /// The environment variable that holds the folder the runner was started in.
  package static let startFolderVariable = "LOMA_START_FOLDER"

  /// The absolute path of the executable.
  package let executable: String
  package let arguments: [String]
  /// The folder the runner was started in.
  package let startFolder: String

  /// A command used exactly as given.
  package init(executable: String, arguments: [String], startFolder: String) {
    self.executable = executable
    self.arguments = arguments
    self.startFolder = startFolder
  }

  /// The command that runs this program itself with these arguments.
  package init(ownArguments: [String], startFolder: String) throws(CandidateError) {
    guard let path = Bundle.main.executableURL?.resolvingSymlinksInPath().path else {
      throw .notStarted(command: "this program", why: "the system does not report its path")
    }
    self.init(executable: path, arguments: ownArguments, startFolder: startFolder)
  }

  /// The command that the user wrote in `startFolder`.
  ///
  /// A candidate works in a scratch folder, where relative paths would not resolve. So a command with a slash becomes
  /// absolute, and one without is looked up in the folders of PATH; an argument that is the relative path of a file in
  /// `startFolder`, such as the script of `python3 port.py`, becomes absolute. All other arguments stay as they are.
  package init(words: [String], startFolder: String, path: String) throws(CandidateError) {
    guard let name = words.first, !name.isEmpty else { throw .notStarted(command: "", why: "no command") }
    self.startFolder = startFolder
    func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : startFolder + "/" + path }
    if name.contains("/") {
      executable = absolute(name)
    } else {
      let folders = path.split(separator: ":").map { absolute(String($0)) }
      guard let found = folders.map({ $0 + "/" + name }).first(where: { CandidateCommand.isExecutable($0) }) else {
        throw .notStarted(command: name, why: "no such command in PATH")
      }
      executable = found
    }
    if !CandidateCommand.isExecutable(executable) {
      throw .notStarted(command: executable, why: "no executable file")
    }
    arguments = words.dropFirst().map { word in
      !word.hasPrefix("-") && CandidateCommand.isFile(absolute(word)) ? absolute(word) : word
    }
  }

  /// The executable and its arguments, for messages and reports.
  package var words: [String] { [executable] + arguments }

  /// Whether the executable still exists and can be run.
  var isThere: Bool { CandidateCommand.isExecutable(executable) }

  /// SHA-256 of each word that names a file, nil for the others and for files above 256 MiB. Files that such a file
  /// loads are not covered.
  package var digests: [String?] {
    words.map { word in
      guard word.hasPrefix("/"), CandidateCommand.isFile(word),
        let bytes = try? Files.contents(of: word, byteLimit: 256 << 20)
      else { return nil }
      return SHA256.hexDigest(of: bytes)
    }
  }

  private static func isFile(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  private static func isExecutable(_ path: String) -> Bool { isFile(path) && access(path, X_OK) == 0 }
}

/// Why the candidate cannot be asked.
package enum CandidateError: Error, Equatable, Sendable {
  /// It cannot be started.
  case notStarted(command: String, why: String)
  /// It does not introduce itself.
  case noHello(verdict: Verdict, why: String, standardError: String)
  /// Its scratch folder cannot be made.
  case scratch(FileError)
}

extension CandidateError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notStarted(let command, let why): "the candidate cannot be started: \(command): \(why)"
    case .noHello(_, let why, _): "the candidate does not answer hello: \(why)"
    case .scratch(let error): "no scratch folder: \(error)"
    }
  }
}
