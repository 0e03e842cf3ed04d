// `loma reconstruct`: reads a text into the compressed cache and reconstructs its chunks from their memories (REC).

import LoMAConformance
import LoMAModels
import LoMAVectors

let reconstructHelp = """
  loma reconstruct --model DIR (--tokens I,I,… | --string TEXT | --file FILE) [--chunk K] [option]…

  Reads a text with compression on, then reproduces every full chunk, or chunk K, from its memory alone. Prints both, the
  share of correct tokens (token repetition accuracy) and the share of chunks without an error (repetition accuracy).

  \(ModelOptions.help)  --tokens I,I,…           the text as ids; --string and --file take text as bytes (V = 256)
    --chunk K                only this chunk
    --pass-length N          tokens fed in one pass, default a whole chunk; the result is the same

  """

private let options = ModelOptions.names + ModelOptions.textNames + ["--chunk", "--pass-length"]

func reconstruct(_ words: [String], in environment: Environment) throws -> Outcome {
  let arguments = try Arguments(words, options: options.map { Arguments.Option(name: $0, repeats: false) })
  let chunk = try arguments.integer("--chunk")
  let model = try ModelOptions.load(arguments)
  let texts = try ModelOptions.texts(arguments, model)
  guard texts.count == 1 else { throw UsageError(line: "one text only: --tokens, --string or --file") }
  var session = try Session(model, threads: try ModelOptions.threads(arguments))
  let watch = Watch(total: texts[0].count, environment: environment)
  try session.feed(texts[0], passLength: try passLength(arguments) ?? session.chunkLength, progress: watch.saw)
  watch.finish()

  let length = session.chunkLength
  var lines: [String] = []
  var (originals, reconstructions): ([Int], [Int]) = ([], [])
  for k in chunk.map({ [$0] }) ?? Array(0..<session.fullChunks) {
    let tokens = try session.reconstruct(chunk: k)
    let original = Array(texts[0][k * length..<(k + 1) * length])
    lines.append("chunk \(k)")
    lines.append("  text           \(shown(original, model))")
    lines.append("  reconstruction \(shown(tokens, model))")
    originals += original
    reconstructions += tokens
  }
  let metrics = try session.metrics(text: originals, reconstruction: reconstructions)
  for (name, accuracy) in [
    ("token repetition accuracy", metrics.tokenRepetitionAccuracy), ("repetition accuracy", metrics.repetitionAccuracy),
  ] {
    let value = accuracy.map { "\($0.correct)/\($0.total) \(accuracyPercentage($0.correct, of: $0.total))" } ?? "none"
    lines.append("\(name) \(value)")
  }
  lines.append(
    "cache \(session.cacheSize) entries (\(session.cacheBytes) bytes) for \(session.fedLength) text tokens fed")
  return Outcome(output: lines.map { $0 + "\n" }.joined())
}

private func shown(_ tokens: [Int], _ model: LoadedModel) -> String {
  model.hasByteVocabulary ? quoted(model.text(of: tokens)) : tokens.map(String.init).joined(separator: ",")
}
