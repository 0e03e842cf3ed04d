// The text drawing: a whole example, alignment, colour, every section.

import LoMA
import LoMAVectors
import Testing
@testable import LoMAConformance
@testable import LoMAExplanation

@testable import LoMACommand

/// The lines of the mask's grid, header included.
private func gridLines(_ output: String) -> [Substring] {
  let lines = output.split(separator: "\n", omittingEmptySubsequences: false)
  guard let start = lines.firstIndex(where: { $0.contains("chunk  ") && !$0.contains("event") }) else { return [] }
  return Array(lines[start...].prefix { !$0.isEmpty })
}

/// Output without its ANSI sequences.
private func withoutColour(_ output: String) -> String {
  output.split(separator: "\u{1B}[", omittingEmptySubsequences: false).enumerated().map { index, piece in
    index == 0 ? String(piece) : String(piece.drop { $0 != "m" }.dropFirst())
  }.joined()
}

@Suite struct `Explain text` {
  @Test func `LAY-2 a small example in full`() {
    #expect(loma("explain --c 2 --t 1 --text 3").output == smallExample)
  }

  @Test func `every line of a mask has one width, and no line ends in a space`() {
    for arguments in [
      "--c 4 --t 2 --text 26", "--c 1 --t 1 --text 12", "--c 3 --t 1 --text 2", "--c 2 --t 3 --text 40",
      "--c 2 --t 2 --text 9 --layout generation", "--c 2 --t 1 --tokens 12345,3,7", "--c 1 --t 1 --text 53",
    ] {
      let output = loma("explain \(arguments) --show mask").output
      let widths = Set(gridLines(output).map { $0.count })
      #expect(widths.count == 1, "\(arguments)")
      #expect(!output.split(separator: "\n").contains { $0.hasSuffix(" ") }, "\(arguments)")
    }
  }

  @Test func `a letter where the query sees the key, a dot where it does not`() throws {
    let parameters = try Parameters(c: 2, t: 2)
    for profile in Profile.all {
      let layout = try Layout.training(
        text: Array(0..<9), vocabulary: try Vocabulary(textSize: 9), parameters: parameters, profile: profile)
      let mask = Mask(rows: layout.rows, profile: profile)
      let output = loma("explain --c 2 --t 2 --text 9 --show mask --profile \(profile.name)").output
      let lines = gridLines(output).dropFirst(4).filter { !$0.contains("─") }
      let drawn = lines.map { line in line.dropFirst(12).filter { !" │".contains($0) } }
      let expected = layout.rows.indices.map { query in
        String(
          layout.rows.indices.map { key in
            mask.allows(query: query, key: key)
              ? Array("xmrp")[Zone.allCases.firstIndex(of: layout.rows[key].place.zone) ?? 3] : "·"
          })
      }
      #expect(drawn == expected, "\(profile.name)")
    }
  }

  @Test func `colour changes no character`() {
    let line =
      "explain --c 2 --t 2 --text 9 --tokens 3,1 --generate 2 --show "
      + ExplanationSection.allCases.filter { !["metrics", "choice", "weights", "layers"].contains($0.rawValue) }
      .map { $0.rawValue }
      .joined(separator: ",")
    let plain = loma(line + " --color never").output
    let coloured = loma(line + " --color always").output
    #expect(!plain.contains("\u{1B}"))
    #expect(coloured.contains("\u{1B}[33mm\u{1B}[0m"))
    #expect(withoutColour(coloured) == plain)
  }

  @Test func `MSK-11 a batch is padded on the right`() {
    let output = loma("explain --c 2 --t 1 --tokens 5,3 --text 1 --show rows,mask").output
    #expect(output.contains("    4  pad          -      -         0  pad    -\n"))
    #expect(output.contains("  4 pad p  ·│···p\n"))
    #expect(output.contains("p pad"))
  }

  @Test func `PAR-2 ids and their defaults`() {
    let output = loma("explain --c 2 --t 1 --tokens 5,3 --show parameters").output
    #expect(output.contains("  V    6  ") && output.contains("  <m>  6  ") && output.contains("  <r>  7  "))
    #expect(output.contains("  V'   8  "))
    #expect(!loma("explain --c 2 --t 1 --text 5 --show parameters").output.contains("V'"))
  }

  @Test func `GEN-5 the last generated token is not fed`() {
    let output = loma("explain --c 2 --t 1 --tokens 5,3 --generate 3 --show schedule").output
    #expect(output.contains("schedule: 4 fed tokens"))
    #expect(output.contains("read 1      3      row 1       2       0        2  x2       xx\n"))
    #expect(output.contains("read 3      x3     row 4       3       1        2  x4       mxx\n"))
  }

  @Test func `GEN-5 the greedy token of given scores`() {
    let output = loma("explain --show choice --scores 1,5,5,9,9 --vocabulary 3").output
    #expect(output.hasPrefix("choice: token 1, "))
    #expect(output.contains("3      9  suppressed"))
  }

  @Test func `REC-1 one chunk or all`() {
    let one = loma("explain --c 2 --t 1 --text 5 --show reconstruction --chunk 1").output
    #expect(one.contains("chunk 1: its repetition rows see the memories of chunk 1 only (entries: 1)"))
    #expect(one.contains("x3                9  repetition 1"))
    #expect(!one.contains("chunk 0:"))
    let past = loma("explain --c 2 --t 1 --text 5 --show reconstruction --profile repetition_context=past_memories")
    #expect(past.output.contains("chunk 1: its repetition rows see the memories of chunks 0-1 (entries: 2)"))
  }

  @Test func `REC-2 counts and percentages, none without a full chunk`() {
    let output = loma("explain --c 3 --t 1 --text 6 --show metrics --reconstructed 0,1,2,3,3,5").output
    #expect(output.contains("token repetition accuracy  5/6  83.33%"))
    #expect(output.contains("repetition accuracy        1/2  50.00%"))
    let none = loma("explain --c 3 --t 1 --text 2 --show metrics").output
    #expect(none.split(separator: "\n").filter { $0.contains("  none") }.count == 2)
  }

  @Test func `REC-2 an accuracy is rounded down`() {
    #expect(accuracyPercentage(2, of: 3) == "66.66%" && accuracyPercentage(99_999, of: 100_000) == "99.99%")
    #expect(accuracyPercentage(0, of: 7) == "0.00%" && accuracyPercentage(.max, of: .max) == "100.00%")
  }

  @Test func `COST-2 the page on losslessness and the command print the same shares`() throws {
    let path = SpecExamples.root.appendingPathComponent("Docs/Losslessness.md")
    let page = try String(contentsOf: path, encoding: .utf8)
    let rows = page.matches(of: #/\n\| (\d+) \| \d+ \| [\d.]+% \| (\d+) \| ([\d.]+%) \|/#)
    #expect(rows.count == 4)
    for row in rows {
      let cost = loma("explain --c \(row.1) --t 2 --text 4096 --show cost").output
      #expect(cost.contains(" \(row.2)  \(row.3) of full attention\n"), "c = \(row.1)")
    }
  }

  @Test func `COST-2 a share of a cost is rounded half up`() {
    #expect(percentage(1, of: 3) == "33.33%" && percentage(2, of: 3) == "66.67%")
    #expect(percentage(1, of: 20_000) == "0.01%" && percentage(1, of: 20_001) == "0.00%")
    #expect(percentage(0, of: 7) == "0.00%" && percentage(7, of: 7) == "100.00%")
    #expect(percentage(.max, of: .max) == "100.00%")
  }

  @Test func `COST-1 bytes of the cache`() {
    let line = "explain --c 2 --t 1 --text 5 --show cost --layers 2 --kv-heads 2 --head-dim 8 --bytes 2"
    #expect(loma(line).output.contains("  the cache at the end        3    384\n"))
  }

  @Test func `PAR-4 the empty text`() {
    let output = loma("explain --c 2 --t 1 --text 0 --show rows,mask,schedule,reconstruction,cost,metrics")
    #expect(output.exitCode == .fine)
    #expect(output.output.contains("mask: training layout, 0 rows\n"))
    #expect(loma("explain --c 2 --t 1 --tokens= ").exitCode == .fine)
  }

  @Test func `every axis and alternative is listed without a text`() {
    let output = loma("explain --show profiles").output
    for axis in Axis.allCases {
      for word in [axis.rawValue, axis.decision] + axis.values { #expect(output.contains(word)) }
    }
  }
}
