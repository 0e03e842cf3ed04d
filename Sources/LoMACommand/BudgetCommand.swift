import LoMATraining

func budget(_ words: [String], in environment: Environment) throws -> Outcome {
  let names = ["--recipe", "--work", "--seeds", "--only", "--threads"]
  let arguments = try Arguments(words, options: names.map { Arguments.Option(name: $0, repeats: false) })
  let file = arguments["--recipe"] ?? ""
  let plan = try BudgetPlan(try Recipe(file: file), seeds: try arguments.integer("--seeds") ?? 1)
  for run in plan.runs where arguments["--only"].map({ run.name.contains($0) }) ?? true {
    print(run.name)
    var training = try LatentTrainingRun(
      run.recipe, corpora: directory(of: file), folder: (arguments["--work"] ?? "") + "/" + run.name, resumes: true)
    try training.advance(stoppingAfter: .max, threads: 1) { point in
      if point.step % 100 == 0 { print(point.step, point.summary) }
    }
  }
  return Outcome(output: "done\n")
}
