// `loma sweep` and `loma lossless`: the runs behind Docs/Losslessness.md, and the page.

import LoMAAnswers
import LoMADiagnosis
import LoMAModels
import LoMATraining

let sweepHelp = """
  loma sweep --recipe FILE --results DIR --work DIR [--runs N] [--only TEXT] [--shard I/N] [--chunks N] [--threads N]

  Trains the models that Docs/Losslessness.md compares: c = 2, 8 and 16 with three seeds, c = 4 and each alternative of
  each axis with five, from a recipe whose c, t, profile and seed are replaced. Runs that have a result are skipped, and
  an interrupted run continues from its checkpoint: to continue a sweep, give the same command again.

    --recipe FILE            Docs/Recipes/sweep.json, or another of random text
    --results DIR            gets one small JSON file per run
    --work DIR               gets the checkpoints; may be deleted afterwards
    --runs N                 stops after N more runs; default when all are done
    --only TEXT              only runs whose name contains TEXT
    --shard I/N              every N-th run from the I-th; shards may share DIR, or their results be copied into one
    --chunks N               number of fresh chunks each run is measured on, default 2000
    --threads N              default all processors; the results do not depend on it

  """

let losslessnessHelp = """
  loma lossless --recipe FILE --results DIR [--model DIR] [--vectors DIR] [--output FILE]

  Writes the page of a sweep's results, as Markdown. Missing runs are listed as missing.

    --recipe FILE            the recipe of the sweep
    --results DIR            the results of the sweep
    --model DIR              a trained model whose attention is shown
    --vectors DIR            also shows what the trained models there recite with each mistake
    --output FILE            writes there instead of standard output

  """

func sweep(_ words: [String], in environment: Environment) throws -> Outcome {
  let names = ["--recipe", "--results", "--work", "--runs", "--only", "--shard", "--chunks", "--threads"]
  let arguments = try Arguments(words, options: names.map { Arguments.Option(name: $0, repeats: false) })
  let (sweep, folder) = try sweepAndFolder(arguments)
  guard let work = arguments["--work"] else { throw UsageError(line: "option --work is required") }
  let limit = try arguments.integer("--runs") ?? .max
  guard limit >= 1 else { throw UsageError(line: "option --runs takes at least 1, not \(limit)") }
  let chunks = try arguments.integer("--chunks") ?? 2000
  guard (1...1_000_000).contains(chunks) else {
    throw UsageError(line: "option --chunks takes 1...1000000, not \(chunks)")
  }
  let threads = try ModelOptions.threads(arguments)
  let present = try sweep.results(in: folder)
  let mine = try arguments.shard()?.part(of: sweep.runs) ?? sweep.runs
  let missing = mine.filter { run in
    present[run.name] == nil && (arguments["--only"].map { run.name.contains($0) } ?? true)
  }
  for run in missing.prefix(limit) {
    environment.report(run.name + "\n")
    let watch = Watch(first: 0, total: run.recipe.settings.learningRate.steps, environment: environment)
    let result = try sweep.result(of: run, work: work, chunks: chunks, threads: threads, progress: watch.saw)
    watch.finish()
    try sweep.store(result, in: folder)
  }
  let done = min(limit, missing.count)
  return Outcome(output: "\(done) runs done now, \(present.count + done) of \(sweep.runs.count) in \(folder)\n")
}

func losslessness(_ words: [String]) throws -> Outcome {
  let names = ["--recipe", "--results", "--model", "--vectors", "--output"]
  let arguments = try Arguments(words, options: names.map { Arguments.Option(name: $0, repeats: false) })
  let (sweep, folder) = try sweepAndFolder(arguments)
  var picture: [String] = []
  if let directory = arguments["--model"] {
    let model = try LoadedModel(directory: directory, choices: LoMAChoices())
    picture = try AttentionPicture(model, texts: 64).lines
  }
  var recitals: (sentence: [Recital], random: [Recital]) = ([], [])
  if let vectors = arguments["--vectors"] {
    let models = try StoredModels(vectors: vectors)
    let threads = try ModelOptions.threads(arguments)
    func all(_ recitation: Recitation) -> [Recital] {
      recitation.alternatives(models) + recitation.mistakes(models, threads: threads)
    }
    recitals = (all(.sentence), all(.random))
  }
  let page = LosslessnessPage(
    sweep, results: try sweep.results(in: folder), picture: picture, recitals: recitals)
  return Outcome(output: page.text, path: arguments["--output"])
}

private func sweepAndFolder(_ arguments: Arguments) throws -> (Sweep, String) {
  guard let file = arguments["--recipe"] else { throw UsageError(line: "option --recipe is required") }
  guard let folder = arguments["--results"] else { throw UsageError(line: "option --results is required") }
  return (try Sweep(try Recipe(file: file)), folder)
}
