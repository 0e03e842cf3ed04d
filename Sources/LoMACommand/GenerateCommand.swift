// `loma generate`: continues a text through the compressed cache (GEN), through compressed context memory (CCM-24),
// or from latents (chapter 17).

import LoMAAnswers
import LoMAModels

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

  loma generate --method ccm --model DIR --memory-tokens N (--tokens I,I,… | --string TEXT | --file FILE)…
    --generate M [option]…

  Reads a text segment by segment with compressed context memory (Spec/16-ccm.md): each text given is a segment, and the
  last one, the final segment, is not compressed. The same options, and instead of those of the model:

  \(ContextOptions.help)
  loma generate --method latent --model DIR (--tokens I,I,… | --string TEXT | --file FILE) --generate M [option]…

  Reads a text token by token from what the producers stored of those before (Spec/17-lat.md), and prints what a token
  costs in bits. A model whose config.json has a loma object is read with LoMA's compression of such entries. The same
  options, and instead of those of the model:

  \(LatentOptions.help)
  """

private let options =
  ModelOptions.names + ModelOptions.textNames + [
    "--generate", "--temperature", "--top-k", "--top-p", "--seed", "--stop", "--pass-length",
  ]

func generate(_ words: [String], in environment: Environment) throws -> Outcome {
  let (method, words) = try Method.chosen(in: words)
  switch method {
  case .loma: return try generateByChunks(words, in: environment)
  case .ccm: return try generateBySegments(words, in: environment)
  case .latent: return try generateFromLatents(words, in: environment)
  }
}

private func generateByChunks(_ words: [String], in environment: Environment) throws -> Outcome {
  let arguments = try Arguments(words, options: options.map { Arguments.Option(name: $0, repeats: false) })
  let m = try arguments.required("--generate")
  let choices = try samplingChoices(arguments)
  let model = try ModelOptions.load(arguments)
  let texts = try ModelOptions.texts(arguments, model)
  guard texts.count == 1 else { throw UsageError(line: "one prompt only: --tokens, --string or --file") }
  try refuseStop(choices, textSize: model.vocabulary.textSize)
  var session = try Session(model, threads: try ModelOptions.threads(arguments))
  try session.check(promptLength: texts[0].count, generating: m)
  let watch = Watch(total: texts[0].count + max(m - 1, 0), environment: environment)
  try session.feed(texts[0], passLength: try passLength(arguments) ?? session.chunkLength, progress: watch.saw)
  let chosen = try session.generate(m, choosing: choices, progress: watch.saw)
  watch.finish()
  var lines = ["tokens \(chosen.map(String.init).joined(separator: ","))"]
  if model.hasByteVocabulary { lines.append("text   \(quoted(model.text(of: chosen)))") }
  lines.append(
    "cache  \(session.cacheSize) entries (\(session.cacheBytes) bytes) for \(session.fedLength) text tokens fed")
  return Outcome(output: lines.map { $0 + "\n" }.joined())
}

private func generateBySegments(_ words: [String], in environment: Environment) throws -> Outcome {
  let single = Set(options).subtracting(ModelOptions.names + ModelOptions.textNames)
    .union(ContextOptions.names + ["--segments"])
  let arguments = try Arguments(
    words,
    options: single.map { Arguments.Option(name: $0, repeats: false) }
      + ModelOptions.textNames.map { Arguments.Option(name: $0, repeats: true) })
  let m = try arguments.required("--generate")
  let choices = try samplingChoices(arguments)
  let length = try passLength(arguments)
  let model = try ContextOptions.load(arguments)
  let segments = try ContextOptions.segments(arguments, model)
  try refuseStop(choices, textSize: model.textSize)
  var session = try ContextSession(model, threads: try ModelOptions.threads(arguments))
  try session.check(segments, generating: m)
  let watch = Watch(
    segmentsOf: segments.reduce(max(m - 1, 0)) { $0 + $1.count }, environment: environment)
  try session.feed(segments, passLength: length, progress: watch.saw)
  let chosen = try session.generate(m, choosing: choices, progress: watch.saw)
  watch.finish()
  var lines = ["tokens \(chosen.map(String.init).joined(separator: ","))"]
  if model.hasByteVocabulary { lines.append("text   \(quoted(model.text(of: chosen)))") }
  lines.append(
    "cache  \(session.cacheSize) entries (\(session.cacheBytes) bytes), \(session.memorySize) of them memory of "
      + "\(session.compressedSegments) segment\(session.compressedSegments == 1 ? "" : "s"), for "
      + "\(session.fedLength) text tokens fed")
  return Outcome(output: lines.map { $0 + "\n" }.joined())
}

private func generateFromLatents(_ words: [String], in environment: Environment) throws -> Outcome {
  let names = Set(options).subtracting(ModelOptions.names).union(LatentOptions.names)
  let arguments = try Arguments(words, options: names.map { Arguments.Option(name: $0, repeats: false) })
  let m = try arguments.required("--generate")
  let choices = try samplingChoices(arguments)
  let length = try passLength(arguments)
  let model = try LatentOptions.load(arguments)
  let texts = try ModelOptions.texts(arguments, model)
  guard texts.count == 1 else { throw UsageError(line: "one prompt only: --tokens, --string or --file") }
  try refuseStop(choices, textSize: model.textSize)
  var session = try LatentSession(model, threads: try ModelOptions.threads(arguments))
  try session.check(texts[0], generating: m)
  let watch = Watch<LatentProgress>(latentsOf: texts[0].count + max(m - 1, 0), environment: environment)
  try session.feed(texts[0], passLength: length ?? max(texts[0].count, 1), progress: watch.saw)
  let chosen = try session.generate(m, choosing: choices, progress: watch.saw)
  watch.finish()
  var lines = ["tokens \(chosen.map(String.init).joined(separator: ","))"]
  if model.hasByteVocabulary { lines.append("text   \(quoted(model.text(of: chosen)))") }
  let (rows, producers) = (session.cacheSize, session.cost.producers)
  lines.append(
    "cache  \(rows) row\(rows == 1 ? "" : "s"), \(producers) entr\(producers == 1 ? "y" : "ies") each, of "
      + "\(session.cost.tokenBits) bits together, for \(session.fedLength) text tokens fed")
  return Outcome(output: lines.map { $0 + "\n" }.joined())
}

/// Refuses a stop token that is no text token.
private func refuseStop(_ choices: SamplingChoices, textSize: Int) throws(UsageError) {
  if let stop = choices.stopToken, !(0..<textSize).contains(stop) {
    throw UsageError(line: "option --stop takes a text token in 0..<\(textSize), not \(stop)")
  }
}

/// The tokens of a pass; nil if the option is not given.
func passLength(_ arguments: Arguments) throws(UsageError) -> Int? {
  let length = try arguments.integer("--pass-length")
  if let length, length < 1 { throw UsageError(line: "option --pass-length takes at least 1, not \(length)") }
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
