// The form of a clause: an origin that a reader can trust, and an example or the name of a test.

import Foundation
import Testing

@Suite("House: the form of a clause")
struct ClauseForm {
  @Test func `every clause names its origin`() throws {
    let part =
      /(paper|decision D-\d+|follows from .+?|Llama 2|convention)( \([^()]+\))?|code \(huggingface\/transformers@v[\d.]+: [^()]+\)/
    // Part II tells a released program, summaries and its own decisions from the paper.
    let ofPeers = /code \([\w\/-]+@[0-9a-f]{7}: [^()]+\)|secondary( \([^()]+\))?|decision P-\d+( \([^()]+\))?/
    var problems: [String] = []
    for clause in try Clauses.ofSpec() {
      let origins = clause.body.filter { $0.hasPrefix("Origin: ") }.map { $0.dropFirst("Origin: ".count) }
      if origins.count != 1 { problems.append("\(clause.file): \(clause.id) has \(origins.count) origins, not one") }
      for origin in origins {
        for text in origin.components(separatedBy: "; ") where text.wholeMatch(of: part) == nil {
          if clause.isOfPeers && text.wholeMatch(of: ofPeers) != nil { continue }
          problems.append("\(clause.file): \(clause.id) has the unknown origin “\(text)”")
        }
      }
    }
    House.report(problems)
  }

  @Test func `every clause says something, and shows it`() throws {
    let tests = try House.testNames()
    var problems: [String] = []
    for clause in try Clauses.ofSpec() {
      let place = "\(clause.file):\(clause.line): \(clause.id)"
      if clause.body.first != "" || clause.body.dropFirst().first?.isEmpty != false {
        problems.append("\(place) does not begin with a sentence")
      }
      let shown = clause.body.filter { $0.hasPrefix("Shown by: ") }
      if shown.isEmpty && !clause.body.contains("```console") {
        problems.append("\(place) has neither an example nor a line “Shown by:”")
      }
      for line in shown {
        let names = line.matches(of: /`([^`]+)`/).map { String($0.1) }
        if names.isEmpty { problems.append("\(place) is shown by a test without a name") }
        for name in names where !tests.contains(where: { $0 == name || $0.hasPrefix(name + " ") }) {
          problems.append("\(place) is shown by “\(name)”, and no test's name begins so")
        }
      }
    }
    House.report(problems)
  }

  @Test func `every axis of the code stands in the registry`() throws {
    let axes = try House.files(in: "Sources/LoMA/Axis.swift", ending: ["swift"])
    let registry = try House.files(in: "Spec/registry.md", ending: ["md"])
    let names = axes.flatMap { $0.text.matches(of: /case \w+ = "(\w+)"/).map { String($0.1) } }
    #expect(names.count >= 7, "axes were found at all")
    for name in names { #expect(registry.contains { $0.text.contains("`\(name)` = `") }, "\(name)") }
  }

  @Test func `the rejection codes of the Spec are those of the code, with their clauses`() throws {
    let source = try House.files(in: "Sources/LoMA/InputError.swift", ending: ["swift"]).map { $0.text }.joined()
    let spec = try House.files(in: "Spec/rejections.md", ending: ["md"]).map { $0.text }.joined()
    var codes: [String: String] = [:]
    for match in source.matches(of: /case \.(\w+): "([a-z-]+)"/) { codes[String(match.1)] = String(match.2) }
    let inCode = source.matches(of: /\/\/\/ ([A-Z]+-\d+[a-z]?|Registry): .*\n  case (\w+)/).map { match in
      "\(codes[String(match.2)] ?? "no code for \(match.2)") \(match.1)"
    }
    let inSpec = spec.matches(of: /\n\| `([a-z-]+)` \| (?:\[registry\]\(registry.md\)|([A-Z]+-\d+[a-z]?)) \|/).map {
      "\($0.1) \($0.2 ?? "Registry")"
    }
    #expect(inCode.count == codes.count && inCode.count >= 18, "every code was found with its clause")
    // A model's configuration comes behind everything that integers alone show.
    let models = try House.files(in: "Sources/LoMAReference/ReferenceError.swift", ending: ["swift"]).map { $0.text }
    let ofModels = models.joined().matches(of: /: "([a-z-]+)"  \/\/ ([A-Z]+-\d+)/).map { "\($0.1) \($0.2)" }
    #expect(ofModels.count == 2 && inSpec == inCode + ofModels)
  }
}
