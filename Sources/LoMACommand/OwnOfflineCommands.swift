// `loma requests --model` and `loma judge` on what it wrote: a run on a model whose port runs elsewhere (RUN-27, OWN-8).

import LoMAAnswers
import LoMAConformance
import LoMAJudgement
import LoMAModels
import LoMAOwnModel
import LoMAOwnRun
import LoMAVectors
import NaiveLlama

func requestsOwn(_ folder: String, _ words: [String], in environment: Environment) throws -> Outcome {
  let options = try OwnOptions(words, names: OwnOptions.offlineNames)
  guard options.command.isEmpty else { throw UsageError(line: "no command is started: unexpected words after --") }
  environment.listenForInterruption()
  let workers = Workers(threads: try ModelOptions.threads(options.arguments))
  let directory = environment.path(options.arguments["--model"] ?? "")
  let model = try ModelOptions.load(options.arguments, directory: directory)
  let choices = try options.choices(model)
  let reports = options.arguments["--report"]
  let held = try GrowingReport(folder: reports)
  let measured = try OwnEstimate(model, choices, workers: workers)
  let plan = try measured.plan(declaring: [ElementType.f32.word, ElementType.bf16.word])
  let identity = OwnIdentity(plan, directory: directory, naming: options.naming)
  try OwnRequests.begin(folder)
  let files = try OwnFolder(keep: options.arguments["--keep"], layers: .kept(folder))
  var isDone = false
  defer { files.end(interrupted: !isDone || reports != nil) }
  try files.begin(reports: reports, digest: identity.digest)
  environment.announce(try measured.words(plan, limits: nil))
  let computed = try withExtendedLifetime(held) {
    try OwnComputation(plan, directory: directory, workers: workers, folder: files, environment)
  }
  guard let computation = computed else { return .interruptedEarly(reports: reports) }
  environment.announce(OwnWords.table(computation, capturing: true))
  let settings = OwnSettings(
    options: options.explicit(plan, model, choices.text), digest: identity.portable, seconds: measured.deadline)
  let count = try OwnRequests(computation, plan.places(allChunks: options.allLayers)).write(
    to: folder, model: directory, settings: settings, specification: Versions.specification)
  isDone = true
  let words = [folder, options.arguments["--model"] ?? "", reports ?? "REPORTS"].map { $0.shellWord }
  return Outcome(
    output: """
      \(count) requests in \(folder)/\(OfflineRequests.requestsName)
      where the port runs, with models/own there: python3 Tests/Candidates/answer_requests.py \(words[0]) -- COMMAND
      then here: loma judge \(words[0]) --model \(words[1]) --report \(words[2])

      """)
}

func judgeOwn(_ folder: String, _ words: [String], in environment: Environment) throws -> Outcome {
  let names = ["--model", "--report", "--threads", "--keep"]
  let arguments = try Arguments(words, options: names.map { .init(name: $0, repeats: false) })
  guard let reports = arguments["--report"] else { throw UsageError(line: "option --report is needed") }
  guard let model = arguments["--model"] else {
    throw UsageError(line: "option --model is needed: these are requests about a model")
  }
  let settings = try OwnSettings(in: folder)
  let path = folder + "/" + OwnSettings.name
  let options: OwnOptions
  do {
    options = try OwnOptions(["--model", model] + settings.options, names: OwnOptions.settingNames)
  } catch let error as UsageError { throw OwnSettings.Problem.content(path: path, why: error.line) }
  guard options.types != nil else {
    throw OwnSettings.Problem.content(path: path, why: "no --dtype is among the options")
  }
  environment.listenForInterruption()
  let start = OwnStart()
  let answers = try OfflineAnswers(folder: folder)
  let growing = try GrowingReport(folder: reports)
  let workers = Workers(threads: try ModelOptions.threads(arguments))
  let directory = environment.path(model)
  let loaded = try ModelOptions.load(options.arguments, directory: directory)
  try UndeclaredFamilies.check(loaded.checkpoint.configuration, declared: answers.declaration.families)
  let plan = try options.choices(loaded).plan(loaded, declaring: [])
  let identity = OwnIdentity(plan, directory: directory, naming: options.naming)
  guard identity.portable == settings.digest else { throw OwnSettings.Problem.otherModel(path: path) }
  let files = try OwnFolder(keep: arguments["--keep"], layers: .none)
  // What was computed stays: a port that was wrong is mended, and its next answers are judged too.
  defer { files.end(interrupted: true) }
  try files.begin(reports: reports, digest: identity.digest)
  if !files.isWhole(plan) {
    environment.announce("nothing that loma requests computed lies in \(reports), so it is computed now:")
    environment.announce(try OwnEstimate(loaded, options.choices(loaded), workers: workers).words(plan, limits: nil))
  }
  guard let computation = try OwnComputation(plan, directory: directory, workers: workers, folder: files, environment)
  else {
    return .interruptedEarly(reports: reports)
  }
  let places = plan.places(allChunks: options.allLayers)
  let units = try OwnRequests(computation, places).judged(answers)
  let run = try OwnRun(computation, units: units, questions: places.flatMap(\.places).count).shrunk(nil)
  let header = RunHeader(
    suite: Versions.suite, specification: Versions.specification, manifestDigest: identity.portable,
    boundsDigest: try computation.digest(), candidate: answers.candidate(.loma),
    filters: .init(options.filters.map { .init($0.name, .string($0.value)) }), shard: (1, 1), units: units.count,
    started: start.time)
  return withExtendedLifetime(growing) {
    OwnEnd(header: header, run: run, start: start, interrupted: false).outcome(reports: reports, failure: nil)
  }
}

extension Environment {
  /// A path made absolute.
  func path(_ path: String) -> String { path.hasPrefix("/") ? path : folder + "/" + path }
}

extension OwnOptions {
  /// The options that a folder of requests may hold.
  static let settingNames = [
    "--model", "--c", "--t", "--vocabulary", "--memory-token", "--repetition-token", "--profile", "--tokens", "--dtype",
    "--name", "--all-layers", "--tiles", "--seed",
  ]

  /// All that decides what is asked, as options whose values need no other file.
  func explicit(_ plan: OwnPlan, _ model: LoadedModel, _ text: [Int]?) -> [String] {
    let ids = model.vocabulary
    let pairs: [(String, String?)] = [
      ("--c", "\(model.parameters.c)"), ("--t", "\(model.parameters.t)"), ("--vocabulary", "\(ids.textSize)"),
      ("--memory-token", "\(ids.memoryToken)"), ("--repetition-token", "\(ids.repetitionToken)"),
      ("--profile", model.profile.name), ("--tokens", text.map { $0.map(String.init).joined(separator: ",") }),
      ("--dtype", plan.types.map(\.word).joined(separator: ",")), ("--name", naming.rawValue),
      ("--all-layers", allLayers ? "yes" : nil), ("--tiles", crossesTiles ? "yes" : nil), ("--seed", "\(seed)"),
    ]
    return pairs.flatMap { name, value in value.map { [name, $0] } ?? [] }
  }
}
