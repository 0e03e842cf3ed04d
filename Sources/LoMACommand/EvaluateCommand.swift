// `loma evaluate`: measures both accuracies of a model by chunk index, with confidence intervals (REC-2).

import LoMAModels
import LoMAPeers
import LoMATraining
import LoMAVectors
import NaiveLlama

let evaluateHelp = """
  loma evaluate --model DIR [--recipe FILE] [option]…

  Reads fresh texts through a model, recites every chunk from its memory, and prints how many tokens and how many whole
  chunks were reproduced, by chunk index, each with Wilson's interval at 95%.

  \(ModelOptions.help)  --recipe FILE            texts of this recipe: fresh random ones of its alphabet, or the held-out
                           part of its corpus; default random texts over the whole text vocabulary
    --seed S                 seed of the random texts, default 0; choose another than the recipe's own
    --chunks N               maximum number of chunks, default 1000; held-out text may have fewer
    --text-chunks K          chunks per text, default the recipe's number, or 2

  loma evaluate --method ccm --model DIR --recipe FILE [--seed S] [--texts N] [--threads N]

  Measures a model with an adapter on N fresh texts, default 1000, of a recipe of compressed context memory: how many
  tokens of their outputs, and how many whole outputs, are its greedy choices, and their loss.

  loma evaluate --method latent --model DIR --recipe FILE [--seed S] [--texts N] [--threads N]

  Measures a model with latent attention on N fresh texts, default 1000, of its recipe: what its repetition rows recite of
  every chunk, from its memory or, in a twin that compresses nothing, from the chunk's own entries.

  """

func evaluate(_ words: [String], in environment: Environment) throws -> Outcome {
  let (method, words) = try Method.chosen(in: words)
  switch method {
  case .loma: return try evaluateChunks(words, in: environment)
  case .ccm: return try evaluateOutputs(words)
  case .latent: return try evaluateLatents(words, in: environment)
  }
}

/// The options of a measurement of a peer.
private struct PeerMeasurement {
  let directory: String
  let file: String
  let texts: Int
  let seed: UInt64
  let threads: Int

  init(_ words: [String]) throws {
    let names = ["--model", "--recipe", "--seed", "--texts", "--threads"]
    let arguments = try Arguments(words, options: names.map { Arguments.Option(name: $0, repeats: false) })
    guard let directory = arguments["--model"] else { throw UsageError(line: "option --model is required") }
    guard let file = arguments["--recipe"] else { throw UsageError(line: "option --recipe is required") }
    let texts = try arguments.integer("--texts") ?? 1000
    guard (1...100_000).contains(texts) else {
      throw UsageError(line: "option --texts takes 1...100000, not \(texts)")
    }
    (self.directory, self.file, self.texts) = (directory, file, texts)
    (seed, threads) = (try LoMACommand.seed(arguments), try ModelOptions.threads(arguments))
  }
}

private func evaluateLatents(_ words: [String], in environment: Environment) throws -> Outcome {
  let given = try PeerMeasurement(words)
  let recipe = try LatentRecipe(parsing: try Files.contents(of: given.file, byteLimit: 1 << 16))
  let evaluation = try Evaluation(
    try LatentCheckpoint(directory: given.directory, accepting: LatentOptions.pairs), recipe: recipe,
    corpora: directory(of: given.file), texts: given.texts, seed: given.seed, threads: given.threads
  ) { done, all in environment.report("text \(done) of \(all)") }
  environment.report("")
  return Outcome(output: evaluation.lines.map { $0 + "\n" }.joined())
}

private func evaluateOutputs(_ words: [String]) throws -> Outcome {
  let measurement = try PeerMeasurement(words)
  let recipe = try ContextRecipe(parsing: try Files.contents(of: measurement.file, byteLimit: 1 << 16))
  let given = recipe.parameters
  let checkpoint = try ContextCheckpoint(
    directory: measurement.directory,
    choices: ContextChoices(
      memoryTokens: given.memoryTokens, textVocabulary: given.textSize, beginningToken: given.beginningToken,
      profile: given.profile, rate: nil))
  let evaluation = try ContextEvaluation(
    checkpoint.model(workers: Workers(threads: measurement.threads)), recipe: recipe, texts: measurement.texts,
    seed: measurement.seed)
  return Outcome(output: evaluation.lines.map { $0 + "\n" }.joined())
}

private func seed(_ arguments: Arguments) throws(UsageError) -> UInt64 {
  guard let seed = UInt64(arguments["--seed"] ?? "0") else {
    throw UsageError(line: "option --seed takes 0...\(UInt64.max), not '\(arguments["--seed"] ?? "")'")
  }
  return seed
}

private func evaluateChunks(_ words: [String], in environment: Environment) throws -> Outcome {
  let names = ModelOptions.names + ["--recipe", "--seed", "--chunks", "--text-chunks"]
  let arguments = try Arguments(words, options: names.map { Arguments.Option(name: $0, repeats: false) })
  let model = try ModelOptions.load(arguments)
  let chunks = try arguments.integer("--chunks") ?? 1000
  guard chunks >= 1 else { throw UsageError(line: "option --chunks takes at least 1, not \(chunks)") }
  let seed = try seed(arguments)
  var recipe: EvaluationTexts.Source?
  if let file = arguments["--recipe"] { recipe = .init(try Recipe(file: file), corpora: directory(of: file)) }
  let textChunks = try arguments.integer("--text-chunks") ?? recipe?.recipe.chunks ?? 2
  guard textChunks >= 1 else { throw UsageError(line: "option --text-chunks takes at least 1, not \(textChunks)") }
  let texts = try EvaluationTexts(model, source: recipe, chunks: chunks, textChunks: textChunks, seed: seed)
  let evaluation = try texts.evaluation(of: model, threads: try ModelOptions.threads(arguments)) { done, all in
    environment.report("text \(done) of \(all)")
  }
  environment.report("")
  return Outcome(output: evaluation.lines.map { $0 + "\n" }.joined())
}
