// A clause or a decision as a page of the Spec states it: a heading `### ID Title` and what stands below it.

/// The heading of a clause and its text.
struct ClauseStatement: Sendable {
  let id: String
  let title: String
  let path: String
  /// The heading's line, from 1.
  let line: Int
  /// The lines below the heading, without empty ones at both ends: sentence, formula, origin, example.
  let body: [String]

  /// The statements of a page, in order.
  static func all(in file: ProjectFile) -> [ClauseStatement] {
    let mark = Array("### ".utf8)
    var (found, isCode): ([ClauseStatement], Bool) = ([], false)
    for (index, line) in file.lines.enumerated() {
      // A line of an example may look like a heading.
      if line.starts(with: "```".utf8) { isCode.toggle() }
      guard !isCode, line.starts(with: mark), let citation = ClauseCitation.all(in: line).first else { continue }
      let heading = file.text(index).dropFirst(mark.count)
      guard heading.hasPrefix(citation.id + " ") else { continue }
      found.append(
        ClauseStatement(
          id: citation.id, title: String(heading.dropFirst(citation.id.count + 1)), path: file.path, line: index + 1,
          body: body(of: file, after: index)))
    }
    return found
  }

  /// Up to the next heading.
  private static func body(of file: ProjectFile, after heading: Int) -> [String] {
    var (body, isCode): ([String], Bool) = ([], false)
    for index in (heading + 1)..<file.lines.count {
      let line = file.text(index)
      if line.hasPrefix("```") { isCode.toggle() }
      if !isCode, line.hasPrefix("#") { break }
      body.append(line)
    }
    while body.last == "" { body.removeLast() }
    return Array(body.drop { $0.isEmpty })
  }

  /// The name of the heading in a link to its page, as renderers of Markdown make it.
  var anchor: String {
    (id + " " + title).lowercased().compactMap { character -> String? in
      if character == " " { return "-" }
      return character.isLetter || character.isNumber || character == "-" || character == "_" ? "\(character)" : nil
    }.joined()
  }
}
