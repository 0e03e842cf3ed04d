// Bad input and usage errors: one line that carries the value, and exit code 2.

import LoMA
import Foundation
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

  /// A command line about compressed context memory; its error begins with a code. One memory token unless it says so.
  init(_ code: String, _ contains: String..., context options: String) {
    let memory = options.contains("--memory-tokens") ? "" : "--memory-tokens 1 "
    self.line = "explain --method ccm " + memory + options
    self.contains = ["loma: \(code): "] + contains
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

/// Those of part II, in the order of its list.
private let rejectedContexts: [Rejected] = [
  Rejected("unknown-axis", "tempo", context: "--profile tempo=fast --segments 0"),
  Rejected("unknown-alternative", "memory", "heap", context: "--profile memory=heap --segments 0"),
  Rejected("repeated-axis", "sink", context: "--profile sink=on,sink=on --segments 0"),
  Rejected(
    "merge-rate-out-of-range", context: "--profile memory=merge,merge_rate=exponential --rate 0 --segments 0"),
  Rejected("merge-rate-out-of-range", context: "--profile memory=merge,merge_rate=exponential --segments 1"),
  Rejected("memory-tokens-out-of-range", "0", context: "--memory-tokens 0 --vocabulary 0 --segments 0"),
  Rejected("vocabulary-size-out-of-range", "0", context: "--vocabulary 0 --beginning-token 9 --segments 0"),
  Rejected("vocabulary-size-out-of-range", "\(Int.max)", context: "--segments 1 --tokens \(Int.max)"),
  Rejected("beginning-token-out-of-range", "-2", context: "--beginning-token -2 --segments 0"),
  Rejected("beginning-token-out-of-range", "5", context: "--beginning-token 5 --vocabulary 5 --segments 0"),
  Rejected("segment-empty", "segment 1", context: "--segments 2,0,1 --tokens 1"),
  Rejected("segment-empty", "segment 0", context: "--segments 9,9 --tokens 1 --segments -1,2"),
  Rejected("segments-mismatch", "3 tokens", "4", context: "--segments 2,2 --tokens 1,2,9"),
  Rejected("segments-mismatch", context: "--segments= --vocabulary 1"),
  Rejected("text-too-long", "\(ContextExplanation.rowLimit)", context: "--segments \(ContextExplanation.rowLimit + 1)"),
  Rejected("text-too-long", context: "--segments \(Int.max),\(Int.max) --vocabulary 5"),
  Rejected("text-too-long", context: "--memory-tokens \(Int.max) --segments 1,1 --output-length 9"),
  Rejected("text-too-long", context: "--segments 1 --generate \(Int.max)"),
  Rejected("text-token-out-of-range", "token 4", "segment 1", context: "--segments 1,2 --vocabulary 4 --tokens 1,0,4"),
  Rejected("text-token-out-of-range", "-3", context: "--segments 1 --tokens -3 --output-length 7"),
  Rejected("output-length-out-of-range", "2", context: "--segments 1,2 --output-length 2 --generate -1"),
  Rejected("output-length-out-of-range", "-1", context: "--segments 1,2 --output-length -1"),
  Rejected(
    "negative-generation-length", "-1",
    context: "--segments 1,2 --generate -1 --layers 0 --kv-heads 1 --head-dim 1 --bytes 1"),
  Rejected(
    "cache-size-out-of-range", "0", context: "--segments 1,2 --layers 0 --kv-heads 1 --head-dim 1 --bytes 1"),
  Rejected(
    "cache-size-out-of-range", "\(Int.max / 4)",
    context: "--segments 3 --layers \(Int.max / 4) --kv-heads 1 --head-dim 1 --bytes 1"),
]

private let rejectedUsageOfContexts: [Rejected] = [
  Rejected("explain --method", "--method needs a value"),
  Rejected("explain --method gist", "--method", "gist"),
  Rejected("explain --method ccm", "--segments"),
  Rejected("explain --method ccm --segments 3", "--memory-tokens"),
  Rejected("explain --method ccm --memory-tokens 1 --segments 3 --c 2", "--c"),
  Rejected("explain --memory-tokens 1 --segments 3", "unknown option --memory-tokens"),
  Rejected("explain --method ccm --memory-tokens 1 --tokens 3", "--tokens", "before"),
  Rejected("explain --method ccm --memory-tokens 1 --segments 1 --tokens 3 --tokens 3", "--tokens", "twice"),
  Rejected("explain --method ccm --memory-tokens 1 --segments 1,,2", "--segments", "''"),
  Rejected("explain --method ccm --memory-tokens 1 --segments 1 --rate 0.5", "--rate", "merge_rate"),
  Rejected(
    "explain --method ccm --memory-tokens 1 --segments 1 --profile memory=merge,merge_rate=exponential --rate nan",
    "--rate", "nan"),
  Rejected("explain --method ccm --memory-tokens 1 --segments 1 --show rows,metrics", "--show", "metrics"),
  Rejected("explain --method ccm --memory-tokens 1 --segments 401 --format svg", "401 rows"),
  Rejected("explain --method ccm --memory-tokens 1 --segments 1 --format svg --show rows", "--show mask"),
]

private let rejectedUsage: [Rejected] = [
  Rejected("explain --c 2 --t 1", "--text"),
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
  @Test(arguments: rejectedInputs + rejectedUsage + rejectedContexts + rejectedUsageOfContexts)
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

  @Test func `CCM-35 every code that needs no model can come out, and they come in the order of the list`() throws {
    let url = SpecExamples.root.appendingPathComponent("Spec/peers-rejections.md")
    let text = try String(contentsOf: url, encoding: .utf8)
    let page = text[..<(try #require(text.range(of: "\n## Chapters 17 and 18\n")).lowerBound)]
    let listed = page.matches(of: /\n\| `([a-z-]+)` \|/).map { "loma: \($0.1): " }
    let tried = rejectedContexts.map { $0.contains[0] }
    // What is left is about a model and its adapter.
    #expect(listed.filter { !tried.contains($0) }.count == 6)
    let places = tried.compactMap { listed.firstIndex(of: $0) }
    #expect(places.count == tried.count && places == places.sorted())
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
