// LoMAPeers and LoMAPeersReference, one folder a method: what a folder declares, no other folder names.

import Foundation
import Testing

@Suite("House: folders of peers")
struct PeerFolders {
  /// Folders that several methods use.
  private static let shared = ["Cache"]

  /// The folder of a method that a file stands in; nil for what all methods share.
  private static func method(of file: SourceFile) -> String? {
    let parts = file.path.split(separator: "/")
    guard parts.count > 3, !shared.contains(String(parts[2])) else { return nil }
    return String(parts[2])
  }

  /// The types that a file declares for others to name: those that stand in no other type.
  private static func declared(in file: SourceFile) -> [String] {
    let declaration =
      #/^(?:(?:@\w+|package|public|internal|indirect|final)\s+)*(?:struct|enum|class|actor|protocol|typealias)\s+(\w+)/#
    return file.lines.compactMap { $0.prefixMatch(of: declaration).map { String($0.1) } }
  }

  /// A sentence for each line of code that names a type of another method's folder.
  static func trespasses(in files: [SourceFile]) -> [String] {
    var owners: [String: String] = [:]
    for file in files {
      guard let method = method(of: file) else { continue }
      for type in declared(in: file) { owners[type] = method }
    }
    var problems: [String] = []
    for file in files {
      let own = method(of: file) ?? "what all methods share"
      for (index, line) in file.lines.enumerated() {
        let code = line.firstRange(of: "//").map { line[..<$0.lowerBound] } ?? line[...]
        for match in code.matches(of: /\b[A-Z]\w*/) {
          guard let owner = owners[String(match.0)], owner != own else { continue }
          problems.append("\(file.path):\(index + 1): \(own) names \(match.0), which is \(owner)'s")
        }
      }
    }
    return problems
  }

  @Test func `no method's folder names what another one declares`() throws {
    let files = try ["LoMAPeers", "LoMAPeersReference"].flatMap { room in
      try House.files(in: "Sources/" + room, ending: ["swift"])
    }
    for (type, folder) in [("ContextMask", "Context"), ("LatentParameters", "Latent"), ("LatentModel", "Latent")] {
      #expect(
        files.contains { Self.declared(in: $0).contains(type) && Self.method(of: $0) == folder },
        "declarations were found at all")
    }
    #expect(files.contains { Self.declared(in: $0).contains("Quantiser") && Self.method(of: $0) == nil })
    House.report(Self.trespasses(in: files))
  }

  @Test func `a type of another method is found wherever code names it`() {
    func file(_ path: String, _ text: String) -> SourceFile {
      SourceFile(path: "Sources/LoMAPeers/" + path, text: text)
    }
    let context = file(
      "Context/ContextMask.swift", "package struct ContextMask {\n  enum Kind { case a }\n}\nenum ContextRole {}\n")
    let shared = file("PeerError.swift", "package enum PeerError { case a(Int) }\n")
    let innocent = file(
      "Latent/LatentAttention.swift",
      "// Unlike ContextMask.\nstruct LatentAttention { enum Kind {} }\nfunc f(_ e: PeerError) {}\n"
    )
    #expect(Self.trespasses(in: [context, shared, innocent]) == [])
    let bent = file("PeerError.swift", "package enum PeerError { case a(ContextRole) }\n")
    #expect(Self.trespasses(in: [context, bent]).count == 1)
    let guilty = file(
      "Policies/Tried.swift", "struct Tried {\n  let mask: [ContextMask?]\n  let kind: LatentAttention.Kind\n}\n")
    #expect(
      Self.trespasses(in: [context, shared, innocent, guilty]) == [
        "Sources/LoMAPeers/Policies/Tried.swift:2: Policies names ContextMask, which is Context's",
        "Sources/LoMAPeers/Policies/Tried.swift:3: Policies names LatentAttention, which is Latent's",
      ])
    // The quantiser serves every method, and knows none.
    let quantiser = file("Cache/Quantiser.swift", "struct Quantiser {}\n")
    let using = file("Latent/LatentCost.swift", "struct LatentCost { let quantiser: Quantiser }\n")
    #expect(Self.trespasses(in: [quantiser, using]) == [])
    let knowing = file("Cache/Tried.swift", "struct Tried { let cost: LatentCost }\n")
    #expect(Self.trespasses(in: [quantiser, using, knowing]).count == 1)
  }
}
