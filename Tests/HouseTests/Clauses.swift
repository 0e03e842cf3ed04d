// Clause ids: how they are found in the Spec's headings and in any text that cites them.

import Foundation

/// One clause of the Spec or one decision of the registry: its heading and what stands below it.
struct Clause {
  let id: String
  let file: String
  let line: Int
  let body: [String]
  /// Whether it belongs to part II.
  var isOfPeers: Bool { ["CCM-", "LAT-", "QNT-", "BAS-", "EQB-"].contains { id.hasPrefix($0) } }
}

enum Clauses {
  /// The chapters' prefixes, with their numbers.
  static let chapters: KeyValuePairs = [
    "PAR": 1, "LAY": 2, "POS": 3, "MSK": 4, "LOS": 5, "GEN": 6, "REC": 7, "MOD": 8, "COST": 9, "NUM": 10, "OPS": 11,
    "TOL": 12, "RUN": 13, "TRN": 15, "CCM": 16, "LAT": 17, "QNT": 18, "BAS": 19, "EQB": 20, "OWN": 21,
  ]

  static let prefixes = chapters.map(\.key)

  /// The clauses and decisions that a Markdown file states: its headings `### ID Title`.
  static func stated(in file: SourceFile) -> [Clause] {
    let lines = file.lines
    let heading = /^### ([A-Z]+-\d+[a-z]?) \S.*$/
    return lines.indices.compactMap { index in
      guard let match = lines[index].wholeMatch(of: heading) else { return nil }
      let body = lines[(index + 1)...].prefix { !$0.hasPrefix("#") }
      return Clause(id: String(match.1), file: file.path, line: index + 1, body: Array(body))
    }
  }

  /// The ids that a file's tombstones name: lines `Retired: ID (version), reason`.
  static func retired(in file: SourceFile) -> [String] {
    file.lines.compactMap { $0.prefixMatch(of: /Retired: ([A-Z]+-\d+[a-z]?) \(/).map { String($0.1) } }
  }

  /// The ids that a text cites, a range `A-1…A-3` or `A-1…3` expanded; a range over two chapters is nil.
  static func cited(in text: String) -> [(id: String, isRange: Bool)]? {
    var ids: [(String, Bool)] = []
    guard mayCite(text) else { return ids }
    let citation =
      #/
      \b(PAR|LAY|POS|MSK|LOS|GEN|REC|MOD|COST|NUM|OPS|TOL|RUN|TRN|CCM|LAT|QNT|BAS|EQB|OWN|D|P)-(\d+)([a-z]?)\b
      (?:\s?…\s?(?:([A-Z]+)-)?(\d+)\b)?
      /#
    for match in text.matches(of: citation) {
      let (prefix, first) = (String(match.1), String(match.2))
      guard let last = match.5 else {
        ids.append((prefix + "-" + first + String(match.3), false))
        continue
      }
      guard match.4 == nil || match.4 == match.1, let low = Int(first), let high = Int(last), low < high else {
        return nil
      }
      ids += (low...high).map { (prefix + "-\($0)", true) }
    }
    return ids
  }

  /// Whether a capital, a hyphen and a digit stand together anywhere; most lines are done with here, without a search.
  private static func mayCite(_ text: String) -> Bool {
    let (capitals, digits) = (UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"))
    var (beforeLast, last): (UInt8, UInt8) = (0, 0)
    for byte in text.utf8 {
      if digits.contains(byte), last == UInt8(ascii: "-"), capitals.contains(beforeLast) { return true }
      (beforeLast, last) = (last, byte)
    }
    return false
  }

  /// All clauses of the chapters, in order.
  static func ofSpec() throws -> [Clause] {
    try House.files(in: "Spec", ending: ["md"]).flatMap { stated(in: $0) }.filter { clause in
      !["D-", "P-"].contains { clause.id.hasPrefix($0) }
    }
  }

  /// All decisions of the two registries, in order.
  static func decisions() throws -> [Clause] {
    try ["Spec/registry.md", "Spec/peers-registry.md"].flatMap { path in
      try House.files(in: path, ending: ["md"]).flatMap { stated(in: $0) }
    }
  }
}
