// Docs/Sensitivity.md: what a run names for candidates with known mistakes, from the files of the checks.

import LoMAVectors

/// The section of the page, from the files of Tests/Candidates/check_diagnosis.py and check_mistakes.py.
package struct ScoresSection {
  /// A candidate, and what the run named for it.
  private struct Entry {
    let id: String
    let sentence: String
    /// first, alike, other or none; right if nothing was to be named and nothing was named.
    let score: String
    let named: [String]
    let explained: Int
    let wrong: Int

    init?(_ value: JSONValue) {
      guard let object = value.objectValue, let id = object["id"]?.stringValue,
        let score = object["score"]?.stringValue,
        let named = object["named"]?.arrayValue, let explained = object["explained"]?.integerValue,
        let wrong = object["wrong"]?.integerValue
      else { return nil }
      self.id = id
      self.score = score
      self.named = named.compactMap(\.stringValue)
      self.explained = explained
      self.wrong = wrong
      sentence = object["sentence"]?.stringValue ?? ""
    }
  }

  private let mutants: [Entry]
  private let pairs: [Entry]
  private let ports: [Entry]
  private let firstCaught: [(id: String, isCaught: Bool)]

  /// Reads diagnosis.json, named.json and first-score.json in a folder; nil if one is missing or malformed.
  package init?(folder: String) {
    func entries(_ name: String) -> [JSONValue]? {
      (try? Files.contents(of: folder + "/" + name, byteLimit: 1 << 22)).flatMap { bytes in
        try? StrictJSON.parse(bytes, sizeLimit: 1 << 22, depthLimit: 16).arrayValue
      }
    }
    guard let asked = entries("diagnosis.json"), let ported = entries("named.json"),
      let first = entries("first-score.json")
    else { return nil }
    let all = asked.compactMap { Entry($0) }
    mutants = all.filter { !$0.id.contains("=") }
    pairs = all.filter { $0.id.contains("=") }
    ports = ported.compactMap { Entry($0) }
    firstCaught = first.compactMap { value in
      guard let object = value.objectValue, let id = object["id"]?.stringValue,
        let isCaught = object["caught"]?.booleanValue
      else { return nil }
      return (id, isCaught)
    }
  }

  /// The section as Markdown, beginning with an empty line.
  package var text: String {
    let families = [
      ("K", "mistakes of the catalogue, made again by hand"), ("N", "further mistakes"), ("H", "one line"),
    ]
    let counted =
      [("mutants", mutants), ("pairs of axes", pairs)]
      + families.map { letter, words in
        (words, ports.filter { $0.id.hasPrefix(letter) })
      }
    let counts = counted.map { words, entries in
      [words, "\(entries.count)"]
        + ["first", "alike", "other", "none"].map { score in "\(entries.filter { $0.score == score }.count)" }
    }
    let named = ports.map { entry in
      [
        entry.id, entry.sentence, Self.names(entry),
        entry.named.isEmpty ? "" : "\(entry.explained) of \(entry.wrong)",
      ]
    }
    return "\n"
      + EmbeddedText(PackageResources.scores_template_md).filled([
        "counts": MarkdownTable(
          head: ["candidates", "number", "named first", "alike", "another", "nothing"], rows: counts, rule: .spaced
        ).text,
        "others": Self.list((mutants + pairs).filter { $0.score != "first" }).joined(separator: "\n"),
        "ports": MarkdownTable(head: ["", "the mistake", "named", "explains"], rows: named, rule: .spaced).text,
        "first": first,
      ])
  }

  /// How many of the ports were caught in their first run.
  private var first: String {
    ["K", "N", "H"].map { letter in
      let all = firstCaught.filter { $0.id.hasPrefix(letter) }
      return "\(all.count { $0.isCaught }) of \(all.count) \(letter)"
    }.joined(separator: ", ")
  }

  private static func names(_ entry: Entry) -> String {
    entry.named.isEmpty ? "nothing" : entry.named.map { $0.contains("=") ? "`\($0)`" : $0 }.joined(separator: " or ")
  }

  private static func list(_ entries: [Entry]) -> [String] {
    entries.isEmpty ? ["None."] : entries.map { "- \($0.id.contains("=") ? "`\($0.id)`" : $0.id): \(names($0))" }
  }
}
