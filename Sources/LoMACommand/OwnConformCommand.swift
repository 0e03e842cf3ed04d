// `loma conform --model`: a port asked about a model of one's own and judged by the reference's yardstick (OWN-8).

import LoMAAnswers
import LoMAConformance
import LoMAJudgement
import LoMAModels
import LoMAOwnModel
import LoMAOwnRun
import LoMAProcess
import LoMAVectors
import NaiveLlama

func conformOwn(_ words: [String], in environment: Environment) throws -> Outcome {
  let options = try OwnOptions(words)
  let directory = environment.path(options.arguments["--model"] ?? "")
  let model = try ModelOptions.load(options.arguments, directory: directory)
  let choices = try options.choices(model)
  let command =
    options.command.isEmpty
    ? try CandidateCommand(ownArguments: OwnConformance.reference, startFolder: environment.folder)
    : try CandidateCommand(words: options.command, startFolder: environment.folder, path: environment.path)
  return try OwnConformance(
    options: options, environment: environment, directory: directory, model: model, choices: choices,
    command: command
  ).run()
}

/// One run, from its options to its exit code.
private struct OwnConformance {
  /// The arguments with which this program answers as a port, each stage rounded to the type.
  static let reference = ["reference", "--dtypes", "f32,bf16,f16"]

  let options: OwnOptions
  let environment: Environment
  let directory: String
  let model: LoadedModel
  let choices: OwnChoices
  let command: CandidateCommand

  func run() throws -> Outcome {
    environment.listenForInterruption()
    let start = OwnStart()
    let workers = Workers(threads: try ModelOptions.threads(options.arguments))
    let path = options.arguments["--report"]
    let growing = try GrowingReport(folder: path)
    let resumed = try options.arguments["--resume"].map { try OwnResumption.file($0) }
    // What the candidate declares decides what is computed; the limits follow from what was measured of the model.
    let measured = try OwnEstimate(model, choices, workers: workers)
    let limits = measured.limits(
      timeFactor: options.timeFactor, memoryLimit: options.memoryLimit, isStrict: options.isStrict,
      keep: options.arguments["--keep"])
    let folder = try OwnFolder(keep: options.arguments["--keep"], layers: .brief)
    var isInterrupted = true
    defer { folder.end(interrupted: isInterrupted) }
    let conversation = CandidateConversation(
      command, limits: limits, specification: Versions.specification, models: folder.models(whole: directory),
      isInterrupted: { Interruption.isRequested })
    defer { conversation.end() }
    let declaration = try conversation.declaration()
    try UndeclaredFamilies.check(model.checkpoint.configuration, declared: declaration.families)
    let plan = try measured.plan(declaring: declaration.dtypes)
    let places = plan.places(allChunks: options.allLayers)
    let asked = plan.types.count * places.flatMap(\.places).count(where: isWanted)
    guard asked > 0 else { return .damaged("conform: no unit is selected") }
    let identity = OwnIdentity(plan, directory: directory, naming: options.naming)
    if let resumed { try OwnResumption.check(resumed, filters: options.filters, digest: identity.portable) }
    try folder.begin(reports: path, digest: identity.digest)
    environment.announce(try measured.words(plan, limits: limits))
    guard
      let computation = try OwnComputation(plan, directory: directory, workers: workers, folder: folder, environment)
    else {
      return .interruptedEarly(reports: path)
    }
    environment.announce(OwnWords.table(computation, capturing: declaration.captures))
    let steps = computation.steps(places, capturing: declaration.captures, isWanted: isWanted)
    let header = RunHeader(
      suite: Versions.suite, specification: Versions.specification, manifestDigest: identity.portable,
      boundsDigest: try computation.digest(),
      candidate: CandidateRecord(
        declaration, part: .loma,
        command: options.command.isEmpty ? ["loma"] + Self.reference : options.command,
        digests: path == nil && resumed == nil ? [] : command.digests),
      filters: .init(options.filters.map { .init($0.name, .string($0.value)) }), shard: (1, 1),
      units: asked + plan.types.count, started: start.time)
    let earlier = try resumed?.earlier(for: header) ?? OwnEarlier()
    try growing.begin(header, kept: earlier.units.map(\.result))
    let findings = try GrowingFindings(folder: path, kept: earlier)
    var failure: (any Error)?
    let watch = Watch<(done: Int, total: Int, name: String)>(every: .milliseconds(0), environment) { state, elapsed in
      "\(state.done)/\(state.total) · asking \(state.name)"
    }
    let asking = try OwnAsking(conversation, isInterrupted: { Interruption.isRequested })
    let units = try asking.judged(
      steps, done: earlier.units, profile: computation.profile,
      store: { unit in
        do { try findings.add(unit) } catch { failure = failure ?? error }
        growing.add(unit.result)
      }, progress: { watch.saw(($0, $1, $2)) })
    var run = OwnRun(computation, units: units, questions: places.flatMap(\.places).count)
    isInterrupted = Interruption.isRequested
    if !isInterrupted {
      let search = OwnSearch(
        computation, capturing: declaration.captures, known: earlier.smaller, ask: { try asking.judged($0) },
        store: { unit in do { try findings.add(unit) } catch { failure = failure ?? error } })
      // An interruption here leaves the names as they are found, and the run to be resumed.
      do { run = try run.shrunk(search) } catch { isInterrupted = true }
    }
    environment.report("")
    conversation.end()
    var outcome = OwnEnd(header: header, run: run, start: start, interrupted: isInterrupted)
      .outcome(reports: path, failure: failure ?? growing.failure)
    if let resumed {
      outcome.output =
        "\(earlier.units.count) of \(header.units) units taken over from \(resumed.path), of \(resumed.header.started)\n\n"
        + outcome.output
    }
    if !isInterrupted, outcome.exitCode != .rejected { findings.end() }
    return outcome
  }

  private func isWanted(_ place: OwnPlace) -> Bool { options.only.map { Glob($0).matches(place.id) } ?? true }
}
