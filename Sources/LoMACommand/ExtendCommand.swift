// `loma extend`: adds rows for `<m>` and `<r>` to a checkpoint (PAR-2).

import LoMAModels
import LoMASuite

let extendHelp = """
  loma extend --model DIR --output DIR --c C --t T [--profile NAME]

  Writes a copy of the checkpoint with two more rows in its embedding and its head, for <m> and <r>: each the mean of the
  existing rows. The ids are V and V + 1, with V the old vocabulary; config.json gets a loma object with C, T and profile.

  """

func extend(_ words: [String]) throws -> Outcome {
  let names = ["--model", "--output", "--c", "--t", "--profile"]
  let arguments = try Arguments(words, options: names.map { Arguments.Option(name: $0, repeats: false) })
  guard let model = arguments["--model"] else { throw UsageError(line: "option --model is required") }
  guard let output = arguments["--output"] else { throw UsageError(line: "option --output is required") }
  var choices = LoMAChoices()
  if let name = arguments["--profile"] { try choices.choose(profile: name) }
  choices.c = try arguments.required("--c")
  choices.t = try arguments.required("--t")
  let vocabulary = try Checkpoint.extend(model, to: output, choices: choices)
  return Outcome(
    output: "<m> is \(vocabulary.memoryToken), <r> is \(vocabulary.repetitionToken): written to \(output)\n")
}
