// Where the project's own files are, for what is said of its clauses: Spec, Sources and Tests of a checkout.

import LoMAVectors

/// A checkout of the project.
package struct ProjectFolder: Sendable {
  /// The environment variable that names one.
  package static let variable = "LOMA_PROJECT"
  /// Where the breaks of single lines are listed, one entry per break.
  static let breaks = "Tests/Breaks/breaks.txt"

  /// The folder that holds `Spec`.
  package let path: String

  /// Why there is none.
  package enum Problem: Error, Equatable, Sendable {
    /// A folder was named, and there is none.
    case noSuchFolder(String, namedBy: String)
    /// None was named, and none with a `Spec` lies here or above.
    case nowhere(from: String)
    /// A folder of it is missing, as in an archive of the program alone.
    case incomplete(String, missing: String)
    /// A file of it cannot be read.
    case unreadable(FileError)
  }

  /// The folder an option names, else the one the environment names, else the nearest that holds `Spec` of `current` and
  /// those above it; else the same from `program`. An empty name counts as none.
  package init(option: String?, environment: String?, current: String, program: String?) throws(Problem) {
    let named = try Self.named(option: option, environment: environment)
    path = if let named { named } else { try Self.found(current: current, program: program) }
    for folder in ["Spec", "Sources", "Tests"] where !Disk.hasFolder(path + "/" + folder) {
      throw .incomplete(path, missing: folder)
    }
  }

  private static func named(option: String?, environment: String?) throws(Problem) -> String? {
    for (folder, source) in [(option, "--project"), (environment, variable)] {
      guard let folder, !folder.isEmpty else { continue }
      guard Disk.hasFolder(folder) else { throw .noSuchFolder(folder, namedBy: source) }
      return folder
    }
    return nil
  }

  private static func found(current: String, program: String?) throws(Problem) -> String {
    for start in [current, program] {
      var above = start.map { $0.split(separator: "/").map { String($0) } } ?? []
      while !above.isEmpty {
        let folder = above.map { "/" + $0 }.joined()
        if Disk.hasFolder(folder + "/Spec") { return folder }
        above.removeLast()
      }
    }
    throw .nowhere(from: current)
  }

  /// The files below a folder whose names end in one of these, sorted by path; hidden ones are left out.
  func files(below folder: String, ending suffixes: [String]) throws(Problem) -> [ProjectFile] {
    var files: [ProjectFile] = []
    for name in Disk.listing(below: path + "/" + folder).files where suffixes.contains(where: { name.hasSuffix($0) }) {
      guard !name.split(separator: "/").contains(where: { $0.hasPrefix(".") }) else { continue }
      files.append(try file(folder + "/" + name))
    }
    return files
  }

  /// One file, by its path from the project's folder.
  func file(_ name: String) throws(Problem) -> ProjectFile {
    do throws(FileError) {
      return ProjectFile(path: name, bytes: try Files.contents(of: path + "/" + name, byteLimit: 1 << 24))
    } catch { throw .unreadable(error) }
  }
}

/// A text file of the project.
struct ProjectFile {
  /// The path from the project's folder.
  let path: String
  /// The lines as bytes, without their ends.
  let lines: [ArraySlice<UInt8>]

  init(path: String, bytes: [UInt8]) {
    self.path = path
    lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
  }

  /// A line as text.
  func text(_ index: Int) -> String { String(decoding: lines[index], as: UTF8.self) }
}

extension ProjectFolder.Problem: CustomStringConvertible {
  /// One line.
  package var description: String {
    let hint = "name a checkout with --project or \(ProjectFolder.variable)"
    return switch self {
    case .noSuchFolder(let folder, let source): "no-project: \(source) names \(folder.onOneLine), which is no folder"
    case .nowhere(let current): "no-project: no folder Spec in \(current.onOneLine) or above; " + hint
    case .incomplete(let folder, let missing): "no-project: \(folder.onOneLine) has no folder \(missing); " + hint
    case .unreadable(let error): "no-project: \(error)"
    }
  }
}
