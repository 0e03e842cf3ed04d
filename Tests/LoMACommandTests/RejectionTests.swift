// Bad input and usage errors: one line that carries the value, and exit code 2.

import LoMA
import LoMAExplanation
import Testing

@testable import LoMACommand

/// A command line that is rejected, and what its line must contain.
struct Rejected: Sendable {
  let line: String
  let contains: [String]

  init(_ line: String, _ contains: String...) {
    self.line = line
    self.contains = contains
  }
}

private let limit = Parameters.limit

private let rejectedInputs: [Rejected] = [
  Rejected("explain --c 0 --t 1 --text 3", "ratio-below-one", "0"),
  Rejected("explain --c -7 --t 1 --text 3", "ratio-below-one", "-7"),
  Rejected("explain --c 1 --t 0 --text 3", "memory-length-below-one", "0"),
  Rejected("explain --c \(Int.max) --t 2 --text 3", "chunk-too-long", "\(Int.max)"),
  Rejected("explain --c 1 --t 1 --text -3", "negative-text-length", "-3"),
  Rejected("explain --c 1 --t 1 --text \(limit + 1)", "text-too-long", "\(limit + 1)"),
  Rejected("explain --c 1 --t 1 --tokens 1,2 --memory-token 1", "special-token-in-text-vocabulary", "1"),
  Rejected("explain --c 1 --t 1 --tokens 1 --memory-token 9 --repetition-token 9", "equal-special-tokens", "9"),
  Rejected("explain --c 1 --t 1 --tokens 1 --model-vocabulary 3", "no-room-for-special-token", "3"),
  Rejected("explain --c 1 --t 1 --tokens 1,8 --vocabulary 8", "text-token-out-of-range", "token 8", "index 1"),
  Rejected("explain --c 1 --t 1 --tokens -4", "text-token-out-of-range", "-4"),
  Rejected("explain --c 1 --t 1 --tokens \(Int.max)", "vocabulary-size-out-of-range", "\(Int.max)"),
  Rejected("explain --c 1 --t 1 --tokens 1 --vocabulary 0", "vocabulary-size-out-of-range", "0"),
  Rejected("explain --c 1 --t 1 --text 1 --memory-token \(Int.max)", "vocabulary-size-out-of-range", "\(Int.max)"),
  Rejected("explain --c 1 --t 1 --text 2 --profile tempo=fast", "unknown-axis", "tempo"),
  Rejected("explain --c 1 --t 1 --text 2 --profile numbering=roman", "unknown-alternative", "numbering", "roman"),
  Rejected("explain --c 1 --t 1 --text 2 --profile numbering=text,numbering=text", "repeated-axis", "numbering"),
  Rejected("explain --c 1 --t 1 --text 2 --generate -1", "negative-generation-length", "-1"),
  Rejected("explain --c 1 --t 1 --text 0 --generate 5", "empty-prompt", "5"),
  Rejected("explain --c 2 --t 1 --text 3 --chunk 1", "no-such-chunk", "1", "0..<1"),
  Rejected("explain --c 2 --t 1 --text 3 --reconstructed 0,1,2", "reconstruction-length-mismatch", "3", "2"),
  Rejected(
    "explain --c 1 --t 1 --text 3 --layers 0 --kv-heads 1 --head-dim 1 --bytes 1", "cache-size-out-of-range", "0"),
  Rejected(
    "explain --c 1 --t 1 --text 3 --layers \(Int.max / 4) --kv-heads 1 --head-dim 1 --bytes 1",
    "cache-size-out-of-range", "\(Int.max / 4)"),
]

private let rejectedUsage: [Rejected] = [
  Rejected("explain", "--text"),
  Rejected("explain --t 1 --text 3", "--c"),
  Rejected("explain --c 1 --text 3", "--t"),
  Rejected("explain --c", "--c needs a value"),
  Rejected("explain --c --t 1 --text 3", "--c needs a value"),
  Rejected("explain --c= --t 1 --text 3", "--c", "''"),
  Rejected("explain --c two --t 1 --text 3", "--c", "two"),
  Rejected("explain --c 1.5 --t 1 --text 3", "--c", "1.5"),
  Rejected("explain --c +1 --t 1 --text 3", "--c", "+1"),
  Rejected("explain --c 99999999999999999999 --t 1 --text 3", "--c", "99999999999999999999"),
  Rejected("explain --c 1 --c 1 --t 1 --text 3", "--c", "twice"),
  Rejected("explain --c 1 --t 1 --tokens 1,,2", "--tokens", "''"),
  Rejected("explain --c 1 --t 1 --text 3 --colour always", "--colour"),
  Rejected("explain --c 1 --t 1 --text 3 4", "unexpected argument 4"),
  Rejected("explain --c 1 --t 1 --text 3 --show rows,poem", "--show", "poem"),
  Rejected("explain --c 1 --t 1 --text 3 --format png", "--format", "png"),
  Rejected("explain --c 1 --t 1 --text 3 --format svg --show rows", "--show mask"),
  Rejected("explain --c 1 --t 1 --text 3 --show rows --chunk 0", "--chunk"),
  Rejected("explain --c 1 --t 1 --text 3 --layers 2", "--kv-heads"),
  Rejected("explain --c 1 --t 1 --text 3 --show metrics", "--reconstructed", "1", "0"),
  Rejected("explain --show choice --scores 1,2", "vocabulary"),
  Rejected("explain --show choice --scores 1,2 --vocabulary 5", "7", "2"),
  Rejected("poem", "poem"),
  Rejected("help poem", "poem"),
  Rejected("--version now", "now"),
]

@Suite struct `Rejected command lines` {
  @Test(arguments: rejectedInputs + rejectedUsage)
  func `bad input is one line with the value and exit code 2`(_ rejected: Rejected) throws {
    let outcome = loma(rejected.line)
    let complaint = try #require(outcome.complaint)
    #expect(outcome.exitCode == .rejected)
    #expect(outcome.output.isEmpty)
    #expect(complaint.hasPrefix("loma: "))
    #expect(!complaint.contains("\n"))
    for part in rejected.contains { #expect(complaint.contains(part)) }
  }

  @Test func `every code of the closed list can come out of the command line`() {
    let codes = Set(rejectedInputs.map { $0.contains[0] })
    #expect(codes.count == 18)
  }

  @Test func `a line break in a value stays one line`() {
    let outcome = run(
      ["explain", "--c", "1\n2\u{1B}[31m", "--t", "1"], in: Environment(isTerminal: false, refusesColour: false))
    #expect(outcome.complaint?.unicodeScalars.allSatisfy { $0.value >= 32 } == true)
  }

  @Test func `the process returns 2 and writes one line`() throws {
    let binary = try Binary()
    for rejected in rejectedInputs.prefix(3) + rejectedUsage.prefix(3) {
      let result = try binary.shell("loma " + rejected.line)
      #expect(result.exitCode == 2)
      #expect(result.output.isEmpty)
      #expect(result.errors == (loma(rejected.line).complaint ?? "") + "\n")
      #expect(result.errors.split(separator: "\n").count == 1)
    }
  }
}
