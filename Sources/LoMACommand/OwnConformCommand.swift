// `loma conform --model`: a port asked about a model of one's own and judged by the reference's yardstick (OWN-8).

import LoMAConformance
import LoMAJudgement
import LoMAModels
import LoMAOwnModel
import LoMAOwnRun
import LoMAProcess
import LoMASuite
import LoMAVectors
import NaiveLlama

func conformOwn(_ words: [String], in environment: Environment) throws -> Outcome {
  let options = try OwnOptions(words)
  let model = try ModelOptions.load(options.arguments)
  let text = try options.text(model)
  let command =
    options.command.isEmpty
    ? try CandidateCommand(ownArguments: OwnConformance.reference, startFolder: environment.folder)
    : try CandidateCommand(words: options.command, startFolder: environment.folder, path: environment.path)
  return try OwnConformance(
    options: options, environment: environment, model: model, text: text, command: command
  ).run()
}

/// One run, from its options to its exit code.
private struct OwnConformance {
  /// The arguments with which this program answers as a port, each stage rounded to the type.
  static let reference = ["reference", "--dtypes", "f32,bf16,f16"]

  let options: OwnOptions
  let environment: Environment
  let model: LoadedModel
  let text: [Int]?
  let command: CandidateCommand

  func run() throws -> Outcome {
    environment.listenForInterruption()
    let started = SuspendingClock.now
    let startTime = Timestamp.now
    let workers = Workers(threads: try ModelOptions.threads(options.arguments))
    let path = options.arguments["--report"]
    let growing = try GrowingReport(folder: path)
    let resumed = try options.arguments["--resume"].map { try ResultsFile(contentsOf: $0) }
    // What the candidate declares decides what is computed; the limits follow from what was measured of the model.
    let measured = try OwnEstimate(model, options, text: text, workers: workers)
    let limits = measured.limits(options)
    let directory = absolute(options.arguments["--model"] ?? "")
    let folder = try OwnFolder(keep: options.arguments["--keep"])
    var isInterrupted = true
    defer { folder.end(interrupted: isInterrupted) }
    let conversation = CandidateConversation(
      command, limits: limits, specification: Versions.specification, models: folder.models(whole: directory),
      isInterrupted: { Interruption.isRequested })
    defer { conversation.end() }
    let declaration = try conversation.declaration()
    let plan = try measured.plan(declaring: declaration.dtypes)
    let identity = OwnIdentity(plan, directory: directory, naming: options.naming)
    try folder.begin(reports: path, digest: identity.digest)
    environment.announce(measured.words(plan, limits))
    guard let computation = try compute(plan, workers, folder) else { return interruptedEarly(path) }
    environment.announce(OwnTexts.table(computation))
    let steps = computation.steps(capturing: declaration.captures, isWanted: isWanted)
    let asked = steps.reduce(0) { $0 + $1.units.count }
    guard asked > 0 else { return nothingSelected() }
    let header = RunHeader(
      suite: Versions.suite, specification: Versions.specification, manifestDigest: identity.digest,
      boundsDigest: try computation.digest(),
      candidate: CandidateRecord(
        declaration, part: .loma,
        command: options.command.isEmpty ? ["loma"] + Self.reference : options.command,
        digests: path == nil && resumed == nil ? [] : command.digests),
      filters: .init(options.filters.map { .init($0.name, .string($0.value)) }), shard: (1, 1),
      units: asked + plan.types.count, started: startTime)
    let done = try resumed?.units(for: header) ?? []
    try growing.begin(header, kept: done.map(\.result))
    let findings = try GrowingFindings(folder: path, kept: done)
    var failure: (any Error)?
    let watch = Watch<(done: Int, total: Int, name: String)>(every: .milliseconds(0), environment) { state, elapsed in
      "\(state.done)/\(state.total) · asking \(state.name)"
    }
    let units = try OwnAsking(conversation, isInterrupted: { Interruption.isRequested }).judged(
      steps, done: done, profile: computation.profile,
      store: { unit in
        do { try findings.add(unit) } catch { failure = failure ?? error }
        growing.add(unit.result)
      }, progress: { watch.saw(($0, $1, $2)) })
    environment.report("")
    conversation.end()
    isInterrupted = Interruption.isRequested
    let run = OwnRun(computation, units: units)
    var record = RunRecord(
      header: header, results: run.results(interrupted: isInterrupted),
      footer: RunFooter(
        units: header.units, finished: Timestamp.now, seconds: (SuspendingClock.now - started) / .seconds(1),
        interrupted: isInterrupted, exit: 0, diagnosis: isInterrupted ? [] : run.conclusions.flatMap(\.lines)))
    record.footer.exit = Int(record.claims.exitCode)
    var outcome = OwnTexts(record, run, command: options.command).outcome
    if let resumed {
      outcome.output =
        "\(done.count) of \(header.units) units taken over from \(resumed.path), of \(resumed.header.started)\n\n"
        + outcome.output
    }
    // From here on no error may hide the verdicts from the user.
    var complaints = FolderRemoval.leftovers.map { "\($0) could not be removed" }
    if let path {
      do {
        if let failure = failure ?? growing.failure { throw failure }
        outcome.output += try writeReports(of: record, into: path).output
        if !isInterrupted { findings.end() }
      } catch {
        complaints.append("\(error)")
        outcome.exitCode = .rejected
      }
    }
    if !complaints.isEmpty { outcome.complaint = complaints.map { Outcome.line($0) }.joined(separator: "\n") }
    return outcome
  }

  /// The yardsticks of all texts, with progress; nil if the run is interrupted.
  private func compute(_ plan: OwnPlan, _ workers: Workers, _ folder: OwnFolder) throws -> OwnComputation? {
    let watch = Watch<OwnProgress>(every: .milliseconds(200), environment) { progress, elapsed in
      OwnTexts.line(of: progress, elapsed)
    }
    do {
      return try OwnComputation(plan, workers: workers, folder: folder) { (progress) throws(OwnError) in
        if Interruption.isRequested { throw .interrupted }
        watch.saw(progress)
      }
    } catch {
      if error == OwnError.interrupted { return nil }
      throw error
    }
  }

  private func isWanted(_ place: OwnPlace) -> Bool { options.only.map { Glob($0).matches(place.id) } ?? true }

  private func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : environment.folder + "/" + path }

  private func interruptedEarly(_ reports: String?) -> Outcome {
    environment.report("")
    var outcome = Outcome()
    let kept = reports.map { "; what was computed stays in \($0), and the same command goes on with it" } ?? ""
    outcome.complaint = Outcome.line("conform: interrupted before anything was asked\(kept)")
    outcome.exitCode = .interrupted
    return outcome
  }

  private func nothingSelected() -> Outcome {
    var outcome = Outcome.rejected("conform: no unit is selected")
    outcome.exitCode = .vectorsDamaged
    return outcome
  }
}
