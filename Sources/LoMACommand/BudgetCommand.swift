// `loma budget`: what is still known at equal KV budget: runs, their merging, and the page (EQB).

import LoMATraining
import LoMAVectors

let budgetHelp = """
  loma budget run --recipe FILE --results DIR --work DIR [option]…
  loma budget merge --recipe FILE… --results DIR FOLDER…
  loma budget page --recipe FILE… --results DIR --output FILE [--seeds N]

  Compares methods that keep less of a text, by how much of it can still be recited at the same number of bits of cache
  (Spec/20-eqb.md).

  run trains what the comparison needs, by a recipe in which only the arrangement of rows, the attention and the seed
  are replaced: a twin that keeps everything, LoMA, compressed context memory, latent attention, DMC. Then it measures
  every setting of every method on texts that no batch had. Runs that have a result are skipped, and an interrupted run
  continues from its checkpoint: to continue, give the same command again.

    --recipe FILE            budget-random.json, text-c4.json or budget-text.json of Docs/Recipes, or another of profile
                             base
    --results DIR            gets one small JSON file per run
    --work DIR               gets the checkpoints and models
    --basis-model DIR        the model that the recipe itself gave, which is then not trained again
    --seeds N                how many seeds, default 5
    --runs N                 stops after N more runs; default when all are done
    --only TEXT              only runs whose name contains TEXT
    --shard I/N              every N-th run from the I-th; shards may share DIR, or be merged
    --texts N                number of texts each setting is measured on, default 100; held-out text may have fewer
    --threads N              default all processors; the results do not depend on it

  merge copies the results in other folders into DIR. It refuses results of another recipe, and two that differ under
  one name.

  page writes the page and, in a folder of its name beside it, its plots, from the results alone. Runs without a result
  are listed as missing.

  """

func budget(_ words: [String], in environment: Environment) throws -> Outcome {
  guard let action = words.first, ["run", "merge", "page"].contains(action) else {
    throw UsageError(line: "run, merge or page is required")
  }
  let rest = Array(words.dropFirst())
  return switch action {
  case "run": try budgetRun(rest, in: environment)
  case "merge": try budgetMerge(rest)
  default: try budgetPage(rest)
  }
}

/// The plans of all recipes given, with so many seeds.
private func plans(_ arguments: Arguments, seeds: Int) throws -> [BudgetPlan] {
  let files = arguments.values("--recipe")
  guard !files.isEmpty else { throw UsageError(line: "option --recipe is required") }
  let plans = try files.map { try BudgetPlan(try Recipe(file: $0), seeds: seeds) }
  for (place, plan) in plans.enumerated() where plans[..<place].contains(where: { $0.text == plan.text }) {
    throw UsageError(line: "two recipes of \(plan.text) text")
  }
  return plans
}

private func seeds(_ arguments: Arguments) throws -> Int {
  let seeds = try arguments.integer("--seeds") ?? 5
  guard (1...100).contains(seeds) else { throw UsageError(line: "option --seeds takes 1...100, not \(seeds)") }
  return seeds
}

private func budgetRun(_ words: [String], in environment: Environment) throws -> Outcome {
  let names = [
    "--recipe", "--results", "--work", "--basis-model", "--seeds", "--runs", "--only", "--shard", "--texts",
    "--threads",
  ]
  let arguments = try Arguments(words, options: names.map { .init(name: $0, repeats: false) })
  guard let plan = try plans(arguments, seeds: try seeds(arguments)).first, let file = arguments["--recipe"] else {
    throw UsageError(line: "option --recipe is required")
  }
  guard let folder = arguments["--results"] else { throw UsageError(line: "option --results is required") }
  guard let workFolder = arguments["--work"] else { throw UsageError(line: "option --work is required") }
  let limit = try arguments.integer("--runs") ?? .max
  guard limit >= 1 else { throw UsageError(line: "option --runs takes at least 1, not \(limit)") }
  let texts = try arguments.integer("--texts") ?? 100
  guard (1...100_000).contains(texts) else { throw UsageError(line: "option --texts takes 1...100000, not \(texts)") }
  let work = BudgetWork(
    corpora: directory(of: file), work: workFolder, basisModel: arguments["--basis-model"], texts: texts,
    threads: try ModelOptions.threads(arguments))
  let present = try plan.results(in: folder)
  let mine = try arguments.shard()?.part(of: plan.runs) ?? plan.runs
  let missing = mine.filter { run in
    present[run.name] == nil && (arguments["--only"].map { run.name.contains($0) } ?? true)
  }
  for run in missing.prefix(limit) {
    let watch = Watch<String>(every: .milliseconds(500), environment) { state, _ in state }
    let result = try plan.result(of: run, work, progress: watch.saw)
    watch.finish()
    try plan.store(result, in: folder)
  }
  let done = min(limit, missing.count)
  return Outcome(output: "\(done) runs done now, \(present.count + done) of \(plan.runs.count) in \(folder)\n")
}

private func budgetMerge(_ words: [String]) throws -> Outcome {
  let folders = words.reversed().prefix { !$0.hasPrefix("--") }
  guard folders.count >= 1, words.count > folders.count else {
    throw UsageError(line: "options, and then the folders to merge, are required")
  }
  // The first of the trailing words is the value of the last option, unless that has one behind an equals sign.
  let options = Array(words.dropLast(folders.count))
  let takesValue = options.last.map { $0.hasPrefix("--") && !$0.contains("=") } ?? false
  let given = Array(folders.reversed())
  let arguments = try Arguments(
    options + (takesValue ? Array(given.prefix(1)) : []),
    options: [
      .init(name: "--recipe", repeats: true), .init(name: "--results", repeats: false),
      .init(name: "--seeds", repeats: false),
    ])
  let sources = takesValue ? Array(given.dropFirst()) : given
  guard !sources.isEmpty else { throw UsageError(line: "a folder to merge is required") }
  guard let folder = arguments["--results"] else { throw UsageError(line: "option --results is required") }
  var count = 0
  for plan in try plans(arguments, seeds: try seeds(arguments)) {
    count += try plan.merge(sources, into: folder)
  }
  return Outcome(output: "\(count) results in \(folder)\n")
}

private func budgetPage(_ words: [String]) throws -> Outcome {
  let arguments = try Arguments(
    words,
    options: [
      .init(name: "--recipe", repeats: true), .init(name: "--results", repeats: false),
      .init(name: "--output", repeats: false), .init(name: "--seeds", repeats: false),
    ])
  guard let folder = arguments["--results"] else { throw UsageError(line: "option --results is required") }
  guard let output = arguments["--output"] else { throw UsageError(line: "option --output is required") }
  guard output.hasSuffix(".md"), let name = output.split(separator: "/").last?.dropLast(3), !name.isEmpty else {
    throw UsageError(line: "option --output takes a file NAME.md, not '\(output)'")
  }
  let page = try BudgetPage(try plans(arguments, seeds: try seeds(arguments)), folder: folder, link: String(name))
  let plots = String(output.dropLast(3))
  try Disk.real.makeFolder(plots)
  for plot in page.plots { try Files.replace(plots + "/" + plot.name, with: Array(plot.source.utf8)) }
  return Outcome(output: page.text, path: output)
}
