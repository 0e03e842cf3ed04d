// Finds the console sessions of a Markdown page: fenced blocks with lines `$ loma …` and what they print.

/// One command of a session, with the output that the page shows.
struct ConsoleExample {
  /// The command line after `$ `.
  let command: String
  /// Its line in the page, from 1.
  let line: Int
  /// The lines below it, up to the next command or the end of the block.
  let output: [String]

  /// The arguments of `loma`, or nil if the line calls something else.
  ///
  /// Words are separated by spaces, outside of double quotes, which are left out.
  var arguments: [String]? {
    var words: [String] = []
    for (index, part) in command.split(separator: "\"", omittingEmptySubsequences: false).enumerated() {
      if index % 2 == 0 { words += part.split(separator: " ").map { String($0) } } else { words.append(String(part)) }
    }
    if words.first == "loma" { return Array(words.dropFirst()) }
    if words.starts(with: ["swift", "run", "loma"]) { return Array(words.dropFirst(3)) }
    return nil
  }
}

/// A Markdown page, cut at its examples so that it can be put together again with other outputs.
struct ConsolePage {
  /// What is between the examples, and the examples.
  enum Piece {
    case lines([String])
    case example(ConsoleExample)
  }

  let pieces: [Piece]
  /// Lines of console blocks that belong to no command, from 1.
  let strayLines: [Int]

  var examples: [ConsoleExample] {
    pieces.compactMap { if case .example(let example) = $0 { example } else { nil } }
  }

  init(_ text: String) {
    var pieces: [Piece] = []
    var (plain, stray): ([String], [Int]) = ([], [])
    var current: ConsoleExample?
    var isInside = false
    func close() {
      if let example = current { pieces.append(.example(example)) }
      current = nil
    }
    for (index, slice) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let line = String(slice)
      if isInside, line.hasPrefix("$ ") {
        close()
        if !plain.isEmpty { pieces.append(.lines(plain)) }
        plain = []
        current = ConsoleExample(command: String(line.dropFirst(2)), line: index + 1, output: [])
      } else if isInside, line != "```" {
        if let example = current {
          current = ConsoleExample(command: example.command, line: example.line, output: example.output + [line])
        } else {
          stray.append(index + 1)
          plain.append(line)
        }
      } else {
        close()
        isInside = line == "```console"
        plain.append(line)
      }
    }
    close()
    if !plain.isEmpty { pieces.append(.lines(plain)) }
    self.pieces = pieces
    self.strayLines = stray
  }

  /// The page with every example's output replaced, where there is a replacement.
  func text(replacing output: (ConsoleExample) -> [String]?) -> String {
    pieces.flatMap { piece in
      switch piece {
      case .lines(let lines): lines
      case .example(let example): ["$ " + example.command] + (output(example) ?? example.output)
      }
    }.joined(separator: "\n")
  }
}
