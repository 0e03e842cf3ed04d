// `loma generate`: continues a text through the compressed cache (GEN).

import LoMAModels
import LoMASuite

let generateHelp = """
  loma generate --model DIR (--tokens I,I,… | --string TEXT | --file FILE) --generate M [option]…

  Reads a prompt with compression on and chooses M tokens after it. Prints their ids, their text if V = 256, and what
  the cache then holds.

  \(ModelOptions.help)  --tokens I,I,…           the prompt as ids; --string and --file take text as bytes (V = 256)
    --generate M             how many tokens to choose; the last one is not fed
    --temperature X          draws tokens instead of taking the best one; X above 0
    --top-k K                draws from the K best tokens only
    --top-p P                draws from the smallest set of best tokens whose total probability reaches P
    --seed S                 seed of the draws, default 0; the same seed draws the same tokens
    --stop ID                ends after this token
    --pass-length N          prompt tokens fed in one pass, default a whole chunk; the result is the same

  """

private let options =
  ModelOptions.names + ModelOptions.textNames + [
    "--generate", "--temperature", "--top-k", "--top-p", "--seed", "--stop", "--pass-length",
  ]

func generate(_ words: [String], in environment: Environment) throws -> Outcome {
  let arguments = try Arguments(words, options: options.map { Arguments.Option(name: $0, repeats: false) })
  let m = try arguments.required("--generate")
  let choices = try samplingChoices(arguments)
  let model = try ModelOptions.load(arguments)
  let texts = try ModelOptions.texts(arguments, model)
  guard texts.count == 1 else { throw UsageError(line: "one prompt only: --tokens, --string or --file") }
  if let stop = choices.stopToken, !(0..<model.vocabulary.textSize).contains(stop) {
    throw UsageError(line: "option --stop takes a text token in 0..<\(model.vocabulary.textSize), not \(stop)")
  }
  var session = try Session(model, threads: try ModelOptions.threads(arguments))
  try session.check(promptLength: texts[0].count, generating: m)
  let watch = Watch(total: texts[0].count + max(m - 1, 0), environment: environment)
  try session.feed(texts[0], passLength: try passLength(arguments, session), progress: watch.saw)
  let chosen = try session.generate(m, choosing: choices, progress: watch.saw)
  watch.finish()
  var lines = ["tokens \(chosen.map(String.init).joined(separator: ","))"]
  if model.hasByteVocabulary { lines.append("text   \(quoted(model.text(of: chosen)))") }
  lines.append(
    "cache  \(session.cacheSize) entries (\(session.cacheBytes) bytes) for \(session.fedLength) text tokens fed")
  return Outcome(output: lines.map { $0 + "\n" }.joined())
}

func passLength(_ arguments: Arguments, _ session: Session) throws(UsageError) -> Int {
  let length = try arguments.integer("--pass-length") ?? session.chunkLength
  guard length >= 1 else { throw UsageError(line: "option --pass-length takes at least 1, not \(length)") }
  return length
}

private func samplingChoices(_ arguments: Arguments) throws(UsageError) -> SamplingChoices {
  var choices = SamplingChoices()
  choices.stopToken = try arguments.integer("--stop")
  guard arguments["--temperature"] != nil else {
    for name in ["--top-k", "--top-p", "--seed"] where arguments[name] != nil {
      throw UsageError(line: "option \(name) needs --temperature")
    }
    return choices
  }
  let temperature = try arguments.number("--temperature")
  guard temperature > 0 else { throw UsageError(line: "option --temperature takes more than 0, not \(temperature)") }
  choices.temperature = temperature
  choices.topK = try arguments.integer("--top-k")
  if let topK = choices.topK, topK < 1 { throw UsageError(line: "option --top-k takes at least 1, not \(topK)") }
  if arguments["--top-p"] != nil {
    let topP = try arguments.number("--top-p")
    guard topP > 0, topP <= 1 else {
      throw UsageError(line: "option --top-p takes more than 0 and at most 1, not \(topP)")
    }
    choices.topP = topP
  }
  if let seed = arguments["--seed"] {
    guard let number = UInt64(seed) else {
      throw UsageError(line: "option --seed takes 0...\(UInt64.max), not '\(seed)'")
    }
    choices.seed = number
  }
  return choices
}

/// A text in quotation marks, on one line.
func quoted(_ text: String) -> String {
  let escaped = text.unicodeScalars.map { scalar in
    scalar == "\"" || scalar == "\\" || scalar.properties.generalCategory == .control
      ? scalar.escaped(asASCII: true) : String(scalar)
  }
  return "\"" + escaped.joined() + "\""
}
