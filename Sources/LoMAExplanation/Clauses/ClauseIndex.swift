// Clause to everything: what the Spec says, who implements it, which tests, cases, mutants and breaks are about it.

import LoMAVectors

/// A case of the vectors, as far as its clauses go.
package struct CitingCase: Sendable {
  let id: String
  let part: Part
  let clauses: [String]
  let idleClauses: [String]

  /// A case of a part, the clauses it cites, and those of them that it cannot fail.
  package init(id: String, part: Part, clauses: [String], idleClauses: [String]) {
    self.id = id
    self.part = part
    self.clauses = clauses
    self.idleClauses = idleClauses
  }
}

/// A mutant, as far as its clauses go.
package struct CitingMutant: Sendable {
  let id: String
  let sentence: String
  let clauses: [String]

  /// A mutant, what its author would say, and the clauses it breaks.
  package init(id: String, sentence: String, clauses: [String]) {
    self.id = id
    self.sentence = sentence
    self.clauses = clauses
  }
}

/// Every clause and decision of the Spec, with what is about it.
package struct ClauseIndex: Sendable {
  /// A line of a file.
  struct CitedPlace: Sendable {
    let path: String
    /// From 1.
    let line: Int
    /// What stands there; the name of a test; what a break means.
    let text: String
  }

  /// All about one clause.
  struct Entry: Sendable {
    let statement: ClauseStatement
    var code: [CitedPlace] = []
    var tests: [CitedPlace] = []
    var cases: [CitingCase] = []
    var idleCases: [String] = []
    var mutants: [CitingMutant] = []
    var breaks: [CitedPlace] = []
  }

  /// In the Spec's order, decisions last.
  private(set) var entries: [Entry]
  /// The chapters in order: file and title.
  let chapters: [(path: String, title: String)]
  private let places: [String: Int]
  private let cases: [CitingCase]
  private let mutants: [CitingMutant]

  /// Reads a project's files.
  package init(
    project: ProjectFolder, cases: [CitingCase], mutants: [CitingMutant]
  ) throws(ProjectFolder.Problem) {
    (self.cases, self.mutants) = (cases, mutants)
    // The table of clauses is made from this index and states none.
    let pages = try project.files(below: "Spec", ending: [".md"]).filter { $0.path != ClauseTable.path }
    let statements = pages.flatMap { ClauseStatement.all(in: $0) }
    entries = statements.map { Entry(statement: $0) }
    chapters = pages.filter { page in statements.contains { $0.path == page.path } }.map { page in
      (page.path, String(page.text(0).drop { $0 == "#" || $0 == " " }))
    }
    places = Dictionary(statements.enumerated().map { ($1.id, $0) }) { first, _ in first }

    for file in try project.files(below: "Sources", ending: [".swift", ".c", ".py"]) where !Self.isCatalogue(file.path)
    {
      for (place, citation) in Self.citations(in: file) { add(place, to: citation.id, \.code) }
    }
    for file in try project.files(below: "Tests", ending: [".swift"]) where !file.path.hasPrefix("Tests/HouseTests/") {
      // A range passes over a clause: it is no evidence of a test.
      for test in Self.tests(in: file) {
        for citation in ClauseCitation.all(in: test.text.utf8[...].bytes) where !citation.isInRange {
          add(test, to: citation.id, \.tests)
        }
      }
    }
    for item in cases {
      for id in item.clauses {
        guard let place = places[id] else { continue }
        if item.idleClauses.contains(id) {
          entries[place].idleCases.append(item.id)
        } else {
          entries[place].cases.append(item)
        }
      }
    }
    for mutant in mutants {
      for id in mutant.clauses { if let place = places[id] { entries[place].mutants.append(mutant) } }
    }
    for (id, place) in Self.breaks(in: try project.file(ProjectFolder.breaks)) { add(place, to: id, \.breaks) }
  }

  /// All about one clause, or nil if there is none of this id.
  subscript(id: String) -> Entry? { places[id].map { entries[$0] } }

  /// What a case or a mutant is about: a word for it, its sentence if it has one, and the clauses it cites; nil if
  /// there is none of this id.
  func cited(by id: String) -> (kind: String, sentence: String?, clauses: [String])? {
    if let mutant = mutants.first(where: { $0.id == id }) { return ("mutant", mutant.sentence, mutant.clauses) }
    return cases.first { $0.id == id }.map { ("case", nil, $0.clauses) }
  }

  /// Whether the Spec states a clause or a decision of this id.
  package func contains(_ id: String) -> Bool { places[id] != nil }

  /// The ids that look most like a text, at most `count`.
  package func ids(nearest text: String, count: Int) -> [String] {
    let wanted = Array(text.uppercased().utf8.prefix(200))
    // Of as many characters as the text, first.
    let ranked = entries.enumerated().map { place, entry in
      let id = Array(entry.statement.id.uppercased().utf8)
      let differing = zip(id, wanted).count { $0 != $1 }
      return (id: entry.statement.id, distance: differing + 2 * abs(id.count - wanted.count), place: place)
    }
    return ranked.sorted { ($0.distance, $0.place) < ($1.distance, $1.place) }.prefix(count).map { $0.id }
  }

  /// One place a clause and line, however often the line cites it.
  private mutating func add(_ place: CitedPlace, to id: String, _ list: WritableKeyPath<Entry, [CitedPlace]>) {
    guard let index = places[id] else { return }
    let last = entries[index][keyPath: list].last
    if last?.path == place.path, last?.line == place.line { return }
    entries[index][keyPath: list].append(place)
  }

  /// Whether a file is of the catalogues of cases and mutants, which are told one by one.
  private static func isCatalogue(_ path: String) -> Bool {
    [
      "Sources/LoMACatalogue/Cases/", "Sources/LoMACatalogue/Fresh/FreshCase.swift",
      "Sources/LoMAPeersCatalogue/Cases/", "Sources/LoMAPeersCatalogue/Fresh/PeerOperationClauses.swift",
      "Sources/LoMAMutants/",
    ]
    .contains { path.hasPrefix($0) }
  }

  private static func citations(in file: ProjectFile) -> [(CitedPlace, ClauseCitation)] {
    file.lines.enumerated().flatMap { index, line in
      ClauseCitation.all(in: line).map { citation in
        (CitedPlace(path: file.path, line: index + 1, text: file.text(index).trimmed), citation)
      }
    }
  }

  /// The test functions whose names are sentences; no other name can hold an id.
  private static func tests(in file: ProjectFile) -> [CitedPlace] {
    let start = Array("func `".utf8)
    return file.lines.enumerated().compactMap { index, line in
      guard line.contains(UInt8(ascii: "`")), let found = line.end(of: start) else { return nil }
      let name = line[found...].prefix { $0 != UInt8(ascii: "`") }
      return CitedPlace(path: file.path, line: index + 1, text: String(decoding: name, as: UTF8.self))
    }
  }

  /// The entries `clause:`, `file:`, …, `means:` of the list of breaks.
  private static func breaks(in file: ProjectFile) -> [(String, CitedPlace)] {
    var (found, clause, broken): ([(String, CitedPlace)], CitedPlace?, String) = ([], nil, "")
    for index in file.lines.indices {
      let parts = file.text(index).split(separator: ": ", maxSplits: 1).map { String($0) }
      guard parts.count == 2 else { continue }
      switch parts[0] {
      case "clause": clause = CitedPlace(path: file.path, line: index + 1, text: parts[1])
      case "file": broken = parts[1]
      case "means":
        guard let place = clause else { continue }
        found.append((place.text, CitedPlace(path: place.path, line: place.line, text: "\(broken): \(parts[1])")))
      default: continue
      }
    }
    return found
  }
}

extension String {
  /// Without the spaces in front.
  fileprivate var trimmed: String { String(drop { $0 == " " }) }
}

extension Substring.UTF8View {
  /// The bytes as an array's slice.
  fileprivate var bytes: ArraySlice<UInt8> { Array(self)[...] }
}

extension ArraySlice<UInt8> {
  /// Where the first occurrence of some bytes ends, or nil if there is none.
  fileprivate func end(of wanted: [UInt8]) -> Int? {
    guard let first = wanted.first, count >= wanted.count else { return nil }
    let starts = startIndex...(endIndex - wanted.count)
    return starts.first { self[$0] == first && self[$0..<($0 + wanted.count)].elementsEqual(wanted) }
      .map { $0 + wanted.count }
  }
}
