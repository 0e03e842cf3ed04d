// `loma init`: writes a candidate as the starting point of a port (RUN-29).

import LoMAConformance
import LoMAExplanation

let initHelp = """
  loma init python|swift|c [--output DIR]

  Writes a candidate in one file: it speaks the protocol, answers the operation layout of the profile base in full, and
  declines everything else. Comments say where to go on. A file of that name is not overwritten.

    --output DIR             default the current folder; made if it does not exist

  """

func initialise(_ words: [String]) throws -> Outcome {
  let languages = StarterPort.allCases.map { $0.rawValue }.joined(separator: ", ")
  guard let word = words.first, !word.hasPrefix("--") else {
    throw UsageError(line: "a language is required: \(languages)")
  }
  guard let skeleton = StarterPort(rawValue: word) else {
    throw UsageError(line: "the language is one of \(languages), not '\(word)'")
  }
  let arguments = try Arguments(
    Array(words.dropFirst()), options: [Arguments.Option(name: "--output", repeats: false)])
  let folder = arguments["--output"] ?? "."
  if let failure = OutputFiles.create(skeleton.fileName, skeleton.text, in: folder) {
    return .rejected("cannot write \(failure.path): \(failure.reason)")
  }
  let building = skeleton.building.map { "  \($0)\n" } ?? ""
  return Outcome(
    output: "\(folder)/\(skeleton.fileName): go on where it says NEXT; try it there:\n" + building
      + "  loma conform --op layout -- \(skeleton.command)\n")
}
