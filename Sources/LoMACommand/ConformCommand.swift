// `loma conform`: a candidate run and judged (chapters 13 and 14: RUN-1, RUN-16, RUN-20).

import LoMAAnswers
import LoMAConformance
import LoMADiagnosis
import LoMAJudgement
import LoMASuite
import LoMAVectors

func conform(_ words: [String], in environment: Environment) throws -> Outcome {
  do {
    if OwnOptions.isAsked(by: words) { return try conformOwn(words, in: environment) }
    return try Conformance(try ConformOptions(words), environment).run()
  } catch let error as CandidateError {
    var outcome = Outcome.rejected("\(error)")
    if case .noHello(_, _, let text) = error, !text.isEmpty {
      outcome.output = text.onItsLines + (text.hasSuffix("\n") ? "" : "\n")
    }
    outcome.exitCode = .candidateUnusable
    return outcome
  } catch let error as CorpusError {
    return .damaged("\(error)")
  } catch let error as VectorsFolder.Problem {
    return .damaged("\(error)")
  }
}

/// One run, from its options to its exit code.
private struct Conformance {
  let options: ConformOptions
  let environment: Environment
  let corpus: CaseCorpus
  let bounds: CalibratedBounds
  let runner: Runner
  let diagnosis: ConformDiagnosis
  /// The source of fresh cases; nil if the vectors are asked.
  let fresh: FreshCorpus?

  init(_ options: ConformOptions, _ environment: Environment) throws {
    self.options = options
    self.environment = environment
    let folder = try VectorsFolder.find(
      option: options.arguments["--vectors"], environment: environment.vectors, current: environment.folder,
      program: environment.program)
    let recorded = try CaseCorpus(folder: folder)
    let measured = try CalibratedBounds(of: recorded)
    let command =
      options.command.isEmpty
      ? try CandidateCommand(ownArguments: Self.reference(of: recorded.part), startFolder: environment.folder)
      : try CandidateCommand(words: options.command, startFolder: environment.folder, path: environment.path)
    fresh = try options.fresh.map {
      try FreshCorpus(
        seed: $0.seed, of: recorded.part,
        families: recorded.part == .loma ? try Self.families(of: command, options, recorded) : [],
        measured)
    }
    if let fresh, let count = options.fresh?.count {
      corpus = try fresh.corpus(
        count: count, for: options.selection, threads: max(2, options.jobs), report: environment.report)
      bounds = measured.ofFreshCases(of: corpus)
    } else {
      (corpus, bounds) = (recorded, measured)
    }
    let known = try options.arguments["--known-failures"].map { [corpus] in
      try KnownFailures(contentsOf: $0, corpus: corpus)
    }
    diagnosis = ConformDiagnosis(
      corpus, bounds, models: try StoredModels(of: recorded), threads: ModelOptions.processors)
    runner = Runner(
      corpus: corpus, bounds: bounds, command: command, limits: options.limits, jobs: options.jobs,
      known: known ?? KnownFailures(), diagnosis: diagnosis.hook)
  }

  /// The families that a candidate lists: it is started for its hello alone, since they decide which cases are drawn
  /// (RUN-17).
  private static func families(
    of command: CandidateCommand, _ options: ConformOptions, _ corpus: CaseCorpus
  ) throws(CandidateError) -> Set<CaseFamily> {
    let conversation = CandidateConversation(
      command, limits: options.limits, specification: corpus.specification, models: .folders { _ in nil },
      isInterrupted: { Interruption.isRequested })
    defer { conversation.end() }
    return Set(try conversation.declaration().families)
  }

  func run() throws -> Outcome {
    environment.listenForInterruption()
    let started = SuspendingClock.now
    let path = options.arguments["--report"]
    let growing = try GrowingReport(folder: path)
    if fresh != nil, let folder = path ?? options.arguments["--keep"], SmallestCases.path(below: folder) == nil {
      throw UsageError(
        line: "\(folder)/\(SmallestCases.folder) holds no vectors: the smallest cases cannot be written there")
    }
    let resumed = try options.arguments["--resume"].map { try ResultsFile(contentsOf: $0) }
    var header: RunHeader?
    var taken = 0
    let report = environment.report
    let results = try runner.run(
      select: { declaration in
        let units = options.selection.units(of: corpus, declaredDtypes: declaration.dtypes)
        var all = options.selection
        all.shard = .whole
        let head = self.header(declaration, units: all.units(of: corpus, declaredDtypes: declaration.dtypes).count)
        header = head
        if path != nil, head.json.line.utf8.count > ResultsFile.lineLimit {
          throw UsageError(
            line: "the command line is too long for a line of results: at most \(ResultsFile.lineLimit) bytes")
        }
        let done = try resumed?.reusable(for: head, of: corpus) ?? []
        taken = done.count
        try growing.begin(head, kept: done)
        return (units, done)
      },
      store: { growing.add($0) }, progress: { report(ConformTexts.line(of: $0)) },
      isInterrupted: { Interruption.isRequested })
    report("")
    guard let header else { return .rejected("the candidate declared nothing") }
    // The run is over: an interruption from here on shortens the diagnosis but does not mark the run as interrupted.
    let isInterrupted = Interruption.isRequested
    let diagnosis = isInterrupted ? [] : self.diagnosis.lines(results, threads: ModelOptions.processors)
    var run = RunRecord(
      header: header, results: results,
      footer: RunFooter(
        units: results.count, finished: Timestamp.now, seconds: (SuspendingClock.now - started) / .seconds(1),
        interrupted: isInterrupted, exit: 0, diagnosis: diagnosis))
    run.footer.exit = Int(run.claims.exitCode)
    var outcome = ConformTexts(run, options: options).outcome
    if let resumed {
      outcome.output =
        "\(taken) of \(results.count) units taken over from \(resumed.path), of \(resumed.header.started)\n\n"
        + outcome.output
    }
    outcome.finish { outcome in
      let smallest = try fresh.map { try SmallestFailures($0, runner).found(in: results) }
      outcome.output += try smallest.map { try deliver($0, to: path ?? options.arguments["--keep"]) } ?? ""
      if let path {
        if let failure = growing.failure { throw failure }
        outcome.output += try writeReports(of: run, into: path).output
      }
    }
    return outcome
  }

  /// The text on the smallest failing cases; they are written as vectors if there is a folder.
  private func deliver(_ smallest: SmallestCases, to folder: String?) throws -> String {
    guard !smallest.all.isEmpty else { return "" }
    guard let path = folder.flatMap({ SmallestCases.path(below: $0) }) else {
      return smallest.text { found in
        options.replay(options.source(of: found.origin, corpus.part), keep: nil)
          .line(found.origin.id, found.origin.dtype)
      }
    }
    try smallest.write(to: path)
    let replay = options.replay(["--vectors", path], keep: nil)
    return smallest.text { found in replay.line(found.result.id, found.result.dtype) }
  }

  /// The arguments with which this program answers as a candidate of a part.
  private static func reference(of part: Part) -> [String] {
    part == .loma ? ["reference"] : ["reference", "--part", part.rawValue]
  }

  /// The digest of the known failures for the header: results that are taken over depend on it.
  private var knownFailures: [(name: String, value: String)] {
    runner.known.digest.map { [("known-failures", $0)] } ?? []
  }

  private func header(_ declaration: Declaration, units: Int) -> RunHeader {
    let shard = options.selection.shard
    return RunHeader(
      suite: corpus.suite, specification: corpus.specification, manifestDigest: corpus.manifestDigest,
      boundsDigest: bounds.digest,
      candidate: CandidateRecord(
        declaration, part: corpus.part,
        command: options.command.isEmpty ? ["loma"] + Self.reference(of: corpus.part) : options.command,
        // Computed only if a file may record them, to tell this build from another.
        digests: options.arguments["--report"] == nil && options.arguments["--resume"] == nil
          ? [] : runner.command.digests),
      filters: .init(
        (RunHeader.filters(of: corpus.part) + options.filters + knownFailures).map { .init($0.name, .string($0.value)) }
      ),
      shard: (shard.index, shard.count),
      units: units, started: Timestamp.now)
  }
}
