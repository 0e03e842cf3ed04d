// `loma train`: trains a model from random weights (TRN).

import LoMATraining
import LoMAVectors

let trainHelp = """
  loma train --recipe FILE --out DIR [option]…

  Trains a model from random weights, as a recipe says. DIR gets training.safetensors, the state at the last checkpoint,
  and at the end model, a Hugging Face directory. The weights are the same bits on every machine, for any number of
  threads, and after any interruption. A text file named in the recipe is looked for in the recipe's folder.

    --recipe FILE            JSON; Docs/Recipes has examples, Spec/15-training.md explains the keys
    --out DIR                the run's folder
    --resume yes|no          yes continues the run in DIR, or starts one; default no: a run in DIR is an error
    --stop-after N           writes a checkpoint after step N and stops
    --threads N              default all processors; the result does not depend on it
    --base DIR               the base of a recipe of compressed context memory that names one by its SHA-256
    --log FILE               a line per step: losses and accuracies of its batch, separated by commas; --resume goes on

  At a terminal a line tells how far the run is; elsewhere standard error gets a line per checkpoint.

  """

func train(_ words: [String], in environment: Environment) throws -> Outcome {
  let names = ["--recipe", "--out", "--resume", "--stop-after", "--threads", "--base", "--log"]
  let arguments = try Arguments(words, options: names.map { Arguments.Option(name: $0, repeats: false) })
  guard let file = arguments["--recipe"] else { throw UsageError(line: "option --recipe is required") }
  guard let folder = arguments["--out"] else { throw UsageError(line: "option --out is required") }
  let stop = try arguments.integer("--stop-after") ?? .max
  guard stop >= 1 else { throw UsageError(line: "option --stop-after takes at least 1, not \(stop)") }
  let resume: YesOrNo = try arguments.choice("--resume", otherwise: .no)
  let threads = try ModelOptions.threads(arguments)
  let text = try Files.contents(of: file, byteLimit: 1 << 16)
  if ContextRecipe.isOne(text) {
    let run = try ContextTrainingRun(
      try ContextRecipe(parsing: text), base: arguments["--base"], folder: folder, resumes: resume == .yes)
    return try train(
      run, stoppingAfter: stop, threads: threads, folder: folder, log: arguments["--log"], in: environment)
  }
  guard arguments["--base"] == nil else { throw TrainingError.baseMismatch(isGiven: true) }
  if LatentRecipe.isOne(text) {
    let run = try LatentTrainingRun(
      try LatentRecipe(parsing: text), corpora: directory(of: file), folder: folder, resumes: resume == .yes)
    return try train(
      run, stoppingAfter: stop, threads: threads, folder: folder, log: arguments["--log"], in: environment)
  }
  var run = try TrainingRun(
    try Recipe(parsing: text), corpora: directory(of: file), folder: folder, resumes: resume == .yes, disk: .real)
  let first = run.steps
  let watch = try watch(
    first: first, last: min(stop, run.allSteps), interval: run.recipe.checkpointEvery, log: arguments["--log"],
    environment)
  try run.advance(stoppingAfter: stop, threads: threads, progress: watch.saw)
  try watch.finish()
  return trained(
    steps: run.steps, of: run.allSteps, before: first, digest: try run.state.weightsDigest, folder: folder)
}

/// Runs a recipe of compressed context memory.
private func train(
  _ given: ContextTrainingRun, stoppingAfter stop: Int, threads: Int, folder: String, log: String?,
  in environment: Environment
) throws -> Outcome {
  var run = given
  let (first, all) = (run.steps, run.allSteps)
  let words = { (point: ContextPoint) in "step \(point.step)/\(all) · \(point.measured.summary)" }
  let watch = TrainingWatch(
    shown: Watch<ContextPoint>(every: .milliseconds(500), environment) { point, _ in words(point) },
    note: environment.note,
    log: try log.map { try TrainingLog($0, columns: LoggedCurve.ofContext, after: first) },
    interval: run.recipe.checkpointEvery, last: min(stop, all), step: { $0.step },
    values: { point in
      let measured = point.measured
      return [
        measured.loss, Double(measured.correctTokens) / Double(max(measured.tokens, 1)),
        Double(measured.correctOutputs) / Double(max(measured.outputs, 1)),
      ]
    },
    words: words)
  try run.advance(stoppingAfter: stop, threads: threads, progress: watch.saw)
  try watch.finish()
  return trained(steps: run.steps, of: run.allSteps, before: first, digest: try run.weightsDigest, folder: folder)
}

/// Runs a recipe of latent attention.
private func train(
  _ given: LatentTrainingRun, stoppingAfter stop: Int, threads: Int, folder: String, log: String?,
  in environment: Environment
) throws -> Outcome {
  var run = given
  let (first, all) = (run.steps, run.allSteps)
  let watch = try watch(
    first: first, last: min(stop, all), interval: run.recipe.checkpointEvery, log: log, environment)
  try run.advance(stoppingAfter: stop, threads: threads, progress: watch.saw)
  try watch.finish()
  return trained(steps: run.steps, of: all, before: first, digest: try run.weightsDigest, folder: folder)
}

/// What tells of a run whose points are both losses and both accuracies.
private func watch(
  first: Int, last: Int, interval: Int, log: String?, _ environment: Environment
) throws -> TrainingWatch<CurvePoint> {
  return TrainingWatch(
    shown: Watch(first: first, total: last, environment: environment), note: environment.note,
    log: try log.map { try TrainingLog($0, columns: LoggedCurve.ofLoMA, after: first) }, interval: interval, last: last,
    step: { $0.step },
    values: { [$0.languageModelling, $0.repetition, $0.tokens, $0.chunks] },
    words: { "step \($0.step)/\(last) · \($0.summary)" })
}

/// What is printed after a run, or a part of one.
private func trained(steps: Int, of all: Int, before first: Int, digest: String, folder: String) -> Outcome {
  var lines = [
    "steps    \(steps) of \(all)" + (first > 0 ? ", \(first) of them before" : ""), "weights  SHA-256 \(digest)",
  ]
  if steps == all { lines.append("model    \(folder)/\(TrainingRun.modelName)") }
  return Outcome(output: lines.map { $0 + "\n" }.joined())
}

/// The part of a path before its last slash.
func directory(of path: String) -> String {
  guard let slash = path.lastIndex(of: "/") else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}
