// `loma extend`: adds `<m>` and `<r>` to a checkpoint and to its tokenizer (PAR-2, PAR-5).

import LoMAModels
import LoMAVectors

let extendHelp = """
  loma extend --model DIR --output DIR --c C --t T [--profile NAME] [--tokens A,B] [--rows ID,ID]

  Writes a copy of the checkpoint that has <m> and <r>. Both rows, in the embedding and in the head, are the mean of the
  rows of the text tokens. Everything else stays: every member of config.json, the tokenizer, templates and the
  generation settings; every other tensor keeps its bytes and its type.

    --model DIR       a directory as Hugging Face writes it
    --output DIR      a new directory; it is written whole or not at all, and read again before it gets its name
    --c C --t T       compression ratio and memory length, for the loma object of config.json
    --profile NAME    base, or axis=value,axis=value…
    --rows ID,ID      the rows of these two text tokens instead of the mean: a copy on which a port that swaps <m> and <r>
                      is found, before any training
    --tokens A,B      what <m> and <r> are in the tokenizer; default <|loma_memory|>,<|loma_repetition|>

  V, the text vocabulary, is the number of ids of the tokenizer, or vocab_size if there is none; <m> is V, <r> is V + 1.
  A tokenizer gives a new token the next free id and no other, so where the table of embeddings is longer than the
  tokenizer (a padded table), rows V and V + 1 are overwritten and vocab_size stays.

  The model may be of any family that names its tables model.embed_tokens.weight and lm_head.weight. If the reference
  cannot compute it, the last line says why.

  """

func extend(_ words: [String]) throws -> Outcome {
  let names = ["--model", "--output", "--c", "--t", "--profile", "--tokens", "--rows"]
  let arguments = try Arguments(words, options: names.map { Arguments.Option(name: $0, repeats: false) })
  guard let model = arguments["--model"] else { throw UsageError(line: "option --model is required") }
  guard let output = arguments["--output"] else { throw UsageError(line: "option --output is required") }
  var choices = LoMAChoices()
  if let name = arguments["--profile"] { try choices.choose(profile: name) }
  choices.c = try arguments.required("--c")
  choices.t = try arguments.required("--t")
  var contents: [String]?
  if let text = arguments["--tokens"] { contents = try CheckpointExtension.contents(text) }
  let rows = try arguments["--rows"].map { try Arguments.integers($0, of: "--rows") }
  let result = try CheckpointExtension(model, to: output, choices: choices, contents: contents, copying: rows)
  return Outcome(output: extendedLines(result, output: output).map { $0 + "\n" }.joined())
}

/// What was written, which rows hold the tokens, and what follows from how they start.
private func extendedLines(_ result: CheckpointExtension, output: String) -> [String] {
  let vocabulary = result.vocabulary
  let (memory, repetition) = (vocabulary.memoryToken, vocabulary.repetitionToken)
  var lines = ["<m> is \(memory), <r> is \(repetition): written to \(output)"]
  if let contents = result.contents {
    lines.append("the tokenizer writes them \(contents[0].whole) and \(contents[1].whole)")
  } else {
    lines.append("there is no tokenizer: ids from V = \(vocabulary.textSize) on are taken for free")
  }
  if vocabulary.modelSize == result.oldSize {
    lines.append(
      "the tokenizer has ids 0..<\(memory), the model \(result.oldSize) rows: rows \(memory) and \(repetition) are overwritten"
    )
  } else {
    lines.append("vocab_size grows from \(result.oldSize) to \(vocabulary.modelSize)")
  }
  if let copied = result.copied {
    lines.append("the rows are those of ids \(copied[0]) and \(copied[1])")
  } else {
    lines += [
      "both rows are the mean of rows 0..<\(vocabulary.textSize): the model cannot tell <m> from <r> until training changes one,",
      "and no test can tell a port that swaps them; a copy made with --rows ID,ID shows it",
    ]
  }
  if !result.leftOut.isEmpty { lines.append("not copied: " + result.leftOut.map(\.whole).joined(separator: ", ")) }
  if let refusal = result.refusal { lines.append("the reference does not compute this model: \(refusal)") }
  return lines
}
