// What the house tests read: the package's own files, found from this one.

import Foundation
import Testing

/// A text file of the package.
struct SourceFile {
  /// The path from the package root, with `/`.
  let path: String
  let text: String
  /// The lines, without their ends.
  var lines: [String] { text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) } }
  /// The folder under `Sources` or `Tests`, a target's name.
  var target: String { path.split(separator: "/").dropFirst().first.map { String($0) } ?? "" }
}

enum House {
  /// The package root: this file is Tests/HouseTests/House.swift.
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// All files below a folder (or one file) whose name ends in one of the extensions, sorted by path.
  static func files(in folder: String, ending extensions: [String]) throws -> [SourceFile] {
    let start = root.appendingPathComponent(folder)
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: start.path, isDirectory: &isFolder) else { return [] }
    let paths = isFolder.boolValue ? try FileManager.default.subpathsOfDirectory(atPath: start.path) : [""]
    return try paths.sorted().compactMap { subpath in
      let path = subpath.isEmpty ? folder : folder + "/" + subpath
      let hidden = path.split(separator: "/").contains { $0.hasPrefix(".") }
      guard !hidden, extensions.contains((path as NSString).pathExtension) else { return nil }
      return SourceFile(path: path, text: try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8))
    }
  }

  /// Every Markdown file a reader meets.
  static func prose() throws -> [SourceFile] {
    try ["README.md", "Spec", "Docs", "Sources", "Tests", "Vectors"].flatMap { try files(in: $0, ending: ["md"]) }
  }

  /// The names of all test functions, raw identifiers without their backticks.
  ///
  /// Without those of this target: a test about clauses in general is no evidence for the clauses it names.
  static func testNames() throws -> [String] {
    let name = /func (?:`([^`]+)`|(\w+))\(/
    return try files(in: "Tests", ending: ["swift"]).filter { $0.target != "HouseTests" }.flatMap { file in
      file.text.matches(of: name).map { String($0.1 ?? $0.2 ?? "") }
    }
  }

  /// Records one issue per problem, so that a run lists them all.
  static func report(_ problems: [String], sourceLocation: SourceLocation = #_sourceLocation) {
    for problem in problems { Issue.record(Comment(rawValue: problem), sourceLocation: sourceLocation) }
  }
}
