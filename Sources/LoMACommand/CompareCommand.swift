// `loma compare A B`: compares two tensor files and says where in the layout they differ.

import LoMA
import LoMAConformance
import LoMAExplanation

let compareHelp = """
  loma compare A.safetensors B.safetensors [--rows C,T,N] [--layout training|generation]

  Compares two files tensor by tensor. For each tensor that differs it prints which file lacks it, the element types or
  shapes, or the number of elements that differ, the largest difference |a − b|, its ratio to max|b|, and its index.
  Elements are equal if their bytes are equal. Returns 0 if the files are equal, 1 if they differ.

    --rows C,T,N             names the row of the largest difference by zone and chunk, if the first or the second
                             dimension is the number of rows of a text of N tokens with c = C and t = T
    --layout KIND            training or generation, for --rows

  """

func compare(_ words: [String]) throws -> Outcome {
  let paths = words.prefix { !$0.hasPrefix("--") }
  guard paths.count == 2 else { throw UsageError(line: "two files are required, got \(paths.count)") }
  let arguments = try Arguments(
    Array(words.dropFirst(2)), options: ["--rows", "--layout"].map { Arguments.Option(name: $0, repeats: false) })
  let layout: LayoutKind = try arguments.choice("--layout", otherwise: .training)
  var text = ComparisonText()
  if let rows = arguments["--rows"] {
    let numbers = try Arguments.integers(rows, of: "--rows")
    guard numbers.count == 3 else { throw UsageError(line: "option --rows takes C,T,N, not '\(rows)'") }
    text = try ComparisonText(c: numbers[0], t: numbers[1], textLength: numbers[2], layout: layout)
  } else if arguments["--layout"] != nil {
    throw UsageError(line: "option --layout needs --rows")
  }
  let comparison = try FileComparison(paths[0], paths[1])
  return Outcome(
    output: text.draw(comparison), exitCode: comparison.differences.isEmpty ? .fine : .notConformant)
}
