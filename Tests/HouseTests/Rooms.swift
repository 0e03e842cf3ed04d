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
    "LoMAPeers": ["LoMA"],
    "LoMAPeersReference": ["LoMA", "NaiveLlama", "LoMAReference", "LoMAPeers"],
    "LoMAVectors": ["Foundation"],
    "LoMAModels": ["LoMA", "NaiveLlama", "LoMAReference", "LoMAPeers", "LoMAPeersReference", "LoMAVectors"],
    "LoMATraining": [
      "LoMA", "NaiveLlama", "LoMAReference", "LoMAPeers", "LoMAPeersReference", "LoMAVectors", "LoMAModels",
    ],
    "LoMAAnswers": [
      "LoMA", "NaiveLlama", "LoMAReference", "LoMAPeers", "LoMAPeersReference", "LoMAVectors", "LoMAModels",
    ],
    "LoMAMutants": [
      "LoMA", "NaiveLlama", "LoMAReference", "LoMAPeers", "LoMAPeersReference", "LoMAVectors", "LoMAAnswers",
    ],
    "LoMACatalogue": ["LoMA", "NaiveLlama", "LoMAReference", "LoMAVectors", "LoMAModels", "LoMAAnswers"],
    "LoMAPeersCatalogue": [
      "LoMA", "NaiveLlama", "LoMAPeers", "LoMAPeersReference", "LoMAVectors", "LoMAModels", "LoMAAnswers",
      "LoMACatalogue",
    ],
    "LoMASuite": [
      "LoMA", "NaiveLlama", "LoMAReference", "LoMAPeers", "LoMAPeersReference", "LoMAVectors", "LoMAModels",
      "LoMAAnswers", "LoMACatalogue", "LoMAPeersCatalogue",
    ],
    "LoMAProcess": ["LoMAVectors", "Foundation"],
    "LoMAJudgement": ["LoMA", "LoMAPeers", "LoMAVectors", "Foundation"],
    "LoMAConformance": ["LoMA", "LoMAVectors", "LoMAProcess", "LoMAJudgement", "Foundation"],
    "LoMADiagnosis": [
      "LoMA", "NaiveLlama", "LoMAReference", "LoMAPeers", "LoMAVectors", "LoMAModels", "LoMATraining", "LoMAAnswers",
      "LoMAMutants", "LoMACatalogue", "LoMASuite", "LoMAJudgement", "LoMAConformance",
    ],
    "LoMAOwnModel": [
      "LoMA", "NaiveLlama", "LoMAReference", "LoMAVectors", "LoMAModels", "LoMAAnswers", "LoMAMutants",
    ],
    "LoMAOwnRun": [
      "LoMA", "NaiveLlama", "LoMAVectors", "LoMAModels", "LoMAProcess", "LoMAJudgement", "LoMAConformance",
      "LoMAOwnModel", "Foundation",
    ],
    "LoMAExplanation": ["LoMA", "LoMAPeers", "LoMAVectors"],
    "LoMALessons": [
      "LoMA", "NaiveLlama", "LoMAReference", "LoMAVectors", "LoMAModels", "LoMAAnswers", "LoMAMutants", "LoMAProcess",
      "LoMAConformance", "LoMAExplanation",
    ],
    "LoMACommand": [
      "LoMA", "NaiveLlama", "LoMAReference", "LoMAPeers", "LoMAPeersReference", "LoMAVectors", "LoMAModels",
      "LoMATraining", "LoMAAnswers", "LoMAMutants", "LoMACatalogue", "LoMAPeersCatalogue", "LoMASuite", "LoMAProcess",
      "LoMAJudgement", "LoMAConformance", "LoMADiagnosis", "LoMAExplanation", "LoMALessons", "LoMAOwnModel",
      "LoMAOwnRun",
    ],
  ]

  /// What each target may import where the toolchain has it, inside `#if canImport(…)` or its `#else`.
  static let conditionalImports: [String: Set<String>] = [
    "NaiveLlama": ["Dispatch", "Synchronization"],
    "LoMAProcess": ["Glibc", "Darwin", "Synchronization"],
    "LoMAConformance": ["Glibc", "Darwin", "Synchronization"],
    "LoMADiagnosis": ["Synchronization"],
    "LoMAOwnRun": ["Glibc", "Darwin"],
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
    var found: [(String, Int, Bool)] = []
    for (index, line) in file.lines.enumerated() {
      let code = line.trimmingCharacters(in: .whitespaces)
      if code.hasPrefix("#if") {
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
    // A starter port is embedded as text and is compiled elsewhere.
    let files = try House.files(in: "Sources", ending: ["swift"]).filter {
      !$0.path.hasSuffix("/Templates/main.swift") && !$0.path.contains("/Programs/")
    }
    #expect(Set(files.map { $0.target }) == Set(Self.imports.keys), "these rooms, and no other")
    House.report(files.flatMap { Self.forbiddenImports(in: $0) })
  }

  /// A sentence for each import that its room does not allow.
  static func forbiddenImports(in file: SourceFile) -> [String] {
    imports(in: file).compactMap { module, line, isGuarded in
      let always = imports[file.target]?.contains(module) == true
      let guarded = isGuarded && conditionalImports[file.target]?.contains(module) == true
      return always || guarded ? nil : "\(file.path):\(line): \(file.target) may not import \(module)"
    }
  }

  @Test func `every arrow that is not drawn is refused, and none turns back`() {
    for (room, allowed) in Self.imports {
      for other in Self.imports.keys where other != room && !allowed.contains(other) {
        let file = SourceFile(path: "Sources/\(room)/Tried.swift", text: "// Tried.\n\nimport \(other)\n")
        #expect(Self.forbiddenImports(in: file).count == 1, "\(room) may not import \(other)")
      }
      for other in allowed { #expect(Self.imports[other]?.contains(room) != true, "\(room) and \(other)") }
    }
    // The judge never sees the reference, and never a process.
    for judge in ["LoMAJudgement", "LoMAConformance"] {
      #expect(
        Self.imports[judge]?.isDisjoint(with: [
          "LoMAReference", "LoMAPeersReference", "LoMAModels", "LoMAAnswers", "LoMAMutants", "LoMACatalogue",
          "LoMAPeersCatalogue", "LoMASuite",
        ]) == true)
    }
    // Part I's cases know of no other method, and mistakes are made without looking at any case.
    let peers: Set = ["LoMAPeers", "LoMAPeersReference", "LoMAPeersCatalogue", "LoMASuite"]
    #expect(Self.imports["LoMACatalogue"]?.isDisjoint(with: peers) == true)
    let cases: Set = ["LoMACatalogue", "LoMAPeersCatalogue", "LoMASuite"]
    for room in ["LoMAAnswers", "LoMAMutants"] { #expect(Self.imports[room]?.isDisjoint(with: cases) == true) }
    #expect(Self.imports["LoMAJudgement"]?.contains("LoMAProcess") == false)
  }

  @Test func `what a target imports of ours, its package entry declares`() throws {
    let manifest = try House.files(in: "Package.swift", ending: ["swift"]).map { $0.text }.joined()
    let entry = #/\.(?:target|testTarget|executableTarget)\(\s*name: "(\w+)"(.*?)(?=\n    \.|\n  \])/#
      .dotMatchesNewlines()
    let list = #/dependencies: \[(.*?)\]/#.dotMatchesNewlines()
    var declared: [String: Set<String>] = [:]
    for match in manifest.matches(of: entry) {
      let names = match.2.firstMatch(of: list).map { $0.1.matches(of: #/"(\w+)"/#).map { String($0.1) } } ?? []
      declared[String(match.1)] = Set(names)
    }
    #expect(declared["LoMAConformance"] == ["LoMA", "LoMAVectors", "LoMAProcess", "LoMAJudgement"])
    var problems: [String] = []
    for file in try House.files(in: "Sources", ending: ["swift"]) + House.files(in: "Tests", ending: ["swift"]) {
      // A text that this suite reads imports something.
      guard let known = declared[file.target], file.target != "HouseTests" else { continue }
      for (module, line, _) in Self.imports(in: file)
      where Self.imports.keys.contains(module) && !known.contains(module) {
        problems.append("\(file.path):\(line): \(file.target) does not declare \(module)")
      }
    }
    House.report(problems)
  }

  /// The most lines of Swift in a room; one with more has two purposes.
  static let lineLimit = 6_500

  /// A sentence for each room with more lines than the limit.
  static func overfullRooms(_ files: [SourceFile]) -> [String] {
    Dictionary(grouping: files) { $0.target }.mapValues { $0.reduce(0) { $0 + $1.lines.count - 1 } }
      .filter { $0.value > lineLimit }.map { "\($0.key) has \($0.value) lines, more than \(lineLimit)" }
  }

  @Test func `no room is overfull`() throws {
    House.report(Self.overfullRooms(try House.files(in: "Sources", ending: ["swift"])))
    func room(_ name: String, _ count: Int) -> SourceFile {
      SourceFile(path: "Sources/\(name)/Tried.swift", text: String(repeating: "// Tried.\n", count: count))
    }
    let half = Self.lineLimit / 2
    #expect(Self.overfullRooms([room("A", half), room("A", half), room("B", half)]) == [])
    #expect(
      Self.overfullRooms([room("A", half + 1), room("A", half), room("B", half)])
        == ["A has 6501 lines, more than 6500"])
  }

  /// A sentence for each name that types of two rooms have outside other types.
  static func namesakes(_ files: [SourceFile]) -> [String] {
    let declaration = #/^(?:@\w+(?:\([^)]*\))? |[a-z]+ )*(?:struct|enum|class|protocol|actor|typealias) (\w+)/#
    var homes: [String: Set<String>] = [:]
    for file in files {
      for line in file.lines {
        if let match = line.prefixMatch(of: declaration) { homes[String(match.1), default: []].insert(file.target) }
      }
    }
    return homes.filter { $0.value.count > 1 }.map { "\($0.key) is a type of \($0.value.sorted())" }.sorted()
  }

  @Test func `a name means one type`() throws {
    // Programs that are embedded as text are read alone.
    let files = try House.files(in: "Sources", ending: ["swift"]).filter {
      !$0.path.hasSuffix("/Templates/main.swift") && !$0.path.contains("/Programs/")
    }
    House.report(Self.namesakes(files))
    func source(_ room: String, _ text: String) -> SourceFile {
      SourceFile(path: "Sources/\(room)/Tried.swift", text: text)
    }
    let first = source("A", "package struct Name {\n  struct Nested {}\n}\n")
    #expect(Self.namesakes([first, source("B", "struct Names {}\nenum Nested {}\n")]) == [])
    for text in ["private struct Name {}\n", "@frozen public enum Name {\n", "typealias Name = Int\n"] {
      #expect(Self.namesakes([first, source("B", text)]) == [#"Name is a type of ["A", "B"]"#])
    }
  }

  @Test func `only the products are public`() throws {
    let products: Set<String> = ["LoMA", "NaiveLlama", "LoMAReference", "LoMAVectors"]
    let declaration = /^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:public|open)\s+(?!\+=|=)\w/
    var problems: [String] = []
    for file in try House.files(in: "Sources", ending: ["swift"])
    where !products.contains(file.target) && !file.path.hasSuffix("/Templates/main.swift") {
      for (index, line) in file.lines.enumerated() where line.firstMatch(of: declaration) != nil {
        problems.append("\(file.path):\(index + 1): public outside the products")
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
      import Last
      """
    let found = Self.imports(in: SourceFile(path: "Sources/X/Y.swift", text: text))
    #expect(found.map { $0.module } == ["LoMA", "Foundation", "Dispatch", "Glibc", "Last"])
    #expect(found.map { $0.line } == [1, 2, 4, 6, 9])
    #expect(found.map { $0.isGuarded } == [false, false, true, true, false])
  }
}
