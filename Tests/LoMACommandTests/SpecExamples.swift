// Runs every console example of README.md, Spec and Docs, and compares what it prints character by character.
//
// With LOMA_UPDATE_EXAMPLES=1 it writes the outputs into the pages instead; the difference is then for a human to read.

import Foundation
import Testing

@testable import LoMACommand

@Suite("Examples in the prose")
struct SpecExamples {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The pages with examples, as paths from the package root.
  static let pages: [String] =
    ["Docs", "Docs/Evening", "Spec"].flatMap { folder in
      let names = try? FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent(folder).path)
      return (names ?? []).filter { $0.hasSuffix(".md") }.sorted().map { folder + "/" + $0 }
    } + ["README.md"]

  static let isUpdating = ProcessInfo.processInfo.environment["LOMA_UPDATE_EXAMPLES"] == "1"

  /// What a command prints: its output, then its one line of error and its exit code if it fails.
  static func lines(printedBy arguments: [String]) -> (lines: [String], isRejected: Bool) {
    // Commands of a page are typed in the package's folder, with `loma` in PATH. What conform prints of a model's path is
    // what was typed.
    let isRun = arguments.first == "conform"
    let words = arguments.map { !isRun && $0.hasPrefix("Vectors/") ? root.appendingPathComponent($0).path : $0 }
    let programs = (try? Binary().path).map { String($0.dropLast("/loma".count)) + ":" } ?? ""
    let environment = Environment(
      isTerminal: false, refusesColour: false, folder: root.path, path: programs + "/usr/bin:/bin")
    let outcome = run(words, in: environment)
    var lines = outcome.output.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
    if lines.last == "" { lines.removeLast() }
    if let complaint = outcome.complaint { lines.append(complaint) }
    let code = outcome.exitCode.rawValue
    if code != 0 { lines.append("(exit \(code))") }
    // What a run found is no rejection, whatever its exit code.
    return (lines, code != 0 && outcome.output.isEmpty)
  }

  /// The rejection codes of the Spec's closed lists.
  static func rejectionCodes() throws -> Set<String> {
    let codes = try ["Spec/rejections.md", "Spec/peers-rejections.md"].flatMap { path in
      try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
        .matches(of: /\n\| `([a-z-]+)` \|/).map { String($0.1) }
    }
    return Set(codes)
  }

  /// Whether an error line is a rejection of the Spec's list, and no wrong usage.
  static func isRejection(_ line: String, of codes: Set<String>) -> Bool {
    line.prefixMatch(of: /loma: ([a-z-]+):\s/).map { codes.contains(String($0.1)) } ?? false
  }

  @Test(arguments: pages) func `every example prints what the page shows`(path: String) throws {
    let url = Self.root.appendingPathComponent(path)
    let text = try String(contentsOf: url, encoding: .utf8)
    let page = ConsolePage(text)
    let codes = try Self.rejectionCodes()
    for line in page.strayLines { Issue.record("\(path):\(line): a console block begins with a line `$ loma …`") }
    var replacements: [Int: [String]] = [:]
    for example in page.examples {
      let place = "\(path):\(example.line): $ \(example.command)"
      guard let arguments = example.arguments else {
        Issue.record("\(place)\nis no loma command; other commands stand in blocks marked sh")
        continue
      }
      let (lines, isRejected) = Self.lines(printedBy: arguments)
      if isRejected, !Self.isRejection(lines.first ?? "", of: codes) {
        Issue.record("\(place)\nis wrong usage: \(lines.first ?? "")")
        continue
      }
      if !Self.isUpdating, lines != example.output {
        Issue.record("\(place)\nprints (+) something else than the page (-):\n\(difference(example.output, lines))")
      }
      replacements[example.line] = lines
    }
    guard Self.isUpdating else { return }
    let updated = page.text { replacements[$0.line] }
    if updated != text { try updated.write(to: url, atomically: true, encoding: .utf8) }
  }

  @Test func `the pages with examples were found`() {
    #expect(Self.pages.contains("README.md") && Self.pages.contains("Spec/04-mask.md"))
  }

  /// The page's lines that are not printed with `-`, the printed ones that are not there with `+`.
  private func difference(_ shown: [String], _ printed: [String]) -> String {
    let changes = printed.difference(from: shown)
    var removed: Set<Int> = []
    var inserted: Set<Int> = []
    for change in changes {
      switch change {
      case .remove(let offset, _, _): removed.insert(offset)
      case .insert(let offset, _, _): inserted.insert(offset)
      }
    }
    var (lines, old, new): ([String], Int, Int) = ([], 0, 0)
    while old < shown.count || new < printed.count {
      if removed.contains(old) {
        lines.append("- " + shown[old])
        old += 1
      } else if inserted.contains(new) {
        lines.append("+ " + printed[new])
        new += 1
      } else {
        lines.append("  " + printed[new])
        old += 1
        new += 1
      }
    }
    return lines.joined(separator: "\n")
  }
}
