// Who may import whom, and what the integer core never holds. SwiftPM enforces neither.

import Foundation
import Testing

@Suite("House: rooms")
struct Rooms {
  /// What each target may import, always.
  static let imports: [String: Set<String>] = [
    "LoMA": [],
    "NaiveLlama": [],
    "LoMAReference": ["LoMA", "NaiveLlama"],
    "LoMAVectors": ["Foundation"],
    "LoMASuite": ["LoMA", "NaiveLlama", "LoMAReference", "LoMAVectors"],
    "LoMAConformance": ["LoMA", "LoMAVectors", "Foundation"],
    "LoMACommand": ["LoMASuite", "LoMAConformance"],
  ]

  /// What each target may import where the toolchain has it, inside `#if canImport(…)` or its `#else`.
  static let conditionalImports: [String: Set<String>] = [
    "NaiveLlama": ["Dispatch", "Synchronization"],
    "LoMAConformance": ["Glibc", "Darwin", "Synchronization"],
    "LoMACommand": ["Glibc", "Darwin", "Synchronization"],
  ]

  /// The imports of a source, each with its line and whether an `#if canImport` surrounds it.
  static func imports(in file: SourceFile) -> [(module: String, line: Int, isGuarded: Bool)] {
    let statement =
      #/
      ^\s*(?:(?:@\w+(?:\([^)]*\))?|public|package|internal|fileprivate|private)\s+)*
      import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias|actor)\s+)?(\w+)
      /#
    var conditions: [String] = []
    var isText = false
    var found: [(String, Int, Bool)] = []
    for (index, line) in file.lines.enumerated() {
      let code = line.trimmingCharacters(in: .whitespaces)
      // A program in another language may stand in a raw literal.
      if code.hasSuffix("= #\"\"\"") || code == "\"\"\"#" {
        isText.toggle()
      } else if isText {
        continue
      } else if code.hasPrefix("#if") {
        conditions.append(code)
      } else if code.hasPrefix("#else"), !conditions.isEmpty {
        conditions[conditions.count - 1] += code
      } else if code.hasPrefix("#endif"), !conditions.isEmpty {
        conditions.removeLast()
      } else if let match = line.prefixMatch(of: statement) {
        found.append((String(match.1), index + 1, conditions.contains { $0.contains("canImport(") }))
      }
    }
    return found
  }

  @Test func `imports go the allowed way`() throws {
    let files = try House.files(in: "Sources", ending: ["swift"])
    #expect(Set(files.map { $0.target }) == Set(Self.imports.keys), "these rooms, and no other")
    var problems: [String] = []
    for file in files {
      for (module, line, isGuarded) in Self.imports(in: file) {
        let always = Self.imports[file.target]?.contains(module) == true
        let guarded = isGuarded && Self.conditionalImports[file.target]?.contains(module) == true
        if !always && !guarded { problems.append("\(file.path):\(line): \(file.target) may not import \(module)") }
      }
    }
    House.report(problems)
  }

  @Test func `LoMA holds integers only, and no key path`() throws {
    let forbidden = /\b(?:Float\d*|Double|CGFloat|Foundation|import)\b|\b\d+\.\d|\\[.A-Z\[]/
    var problems: [String] = []
    for file in try House.files(in: "Sources/LoMA", ending: ["swift"]) {
      for (index, line) in file.lines.enumerated() {
        let code = line.firstRange(of: "//").map { line[..<$0.lowerBound] } ?? line[...]
        if let match = code.firstMatch(of: forbidden) {
          problems.append("\(file.path):\(index + 1): “\(match.0)” has no place in LoMA")
        }
      }
    }
    House.report(problems)
  }

  @Test func `imports are found in a source`() {
    let text = """
      import LoMA
        @testable import struct Foundation.Data
      #if canImport(Dispatch)
        internal import Dispatch
      #else
        import Glibc
      #endif
      // import Nothing
      let python = #\"""
        import json
        \"""#
      import Last
      """
    let found = Self.imports(in: SourceFile(path: "Sources/X/Y.swift", text: text))
    #expect(found.map { $0.module } == ["LoMA", "Foundation", "Dispatch", "Glibc", "Last"])
    #expect(found.map { $0.line } == [1, 2, 4, 6, 12])
    #expect(found.map { $0.isGuarded } == [false, false, true, true, false])
  }
}
