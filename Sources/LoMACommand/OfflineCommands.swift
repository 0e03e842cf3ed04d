// `loma requests` and `loma judge`: a run whose candidate runs elsewhere (RUN-27).

import LoMAConformance
import LoMAJudgement
import LoMAOwnRun
import LoMASuite
import LoMAVectors

let requestsHelp = """
  loma requests DIR [--vectors DIR]
  loma requests DIR --model MODEL [option]…

  Writes every request with its input and models into a new folder DIR, and no expected value. Any program on any machine
  can put its answers beside them, such as Tests/Candidates/answer_requests.py, which asks a candidate of the protocol;
  loma judge DIR judges them.

  With --model the requests are those of loma conform --model, with its options that choose what is asked; the element
  types are f32 and bf16 unless --dtype names others. DIR/models/own is then a link to the model, and DIR/models/layerN
  are checkpoints of single layers. --report REPORTS keeps there what was computed, so that loma judge need not compute it
  again.

  """

let judgeHelp = """
  loma judge DIR --report DIR [--vectors DIR]
  loma judge DIR --report DIR --model MODEL [--threads N]

  Judges the answers in DIR, a folder written by loma requests, as a run would: prints what went wrong, the claims and the
  verdicts, and writes its reports. Returns the exit code of loma conform.

  Requests about a model are judged with that model; what they ask stands in DIR.

  """

func requests(_ words: [String], in environment: Environment) throws -> Outcome {
  if let folder = words.first, !folder.hasPrefix("--"), OwnOptions.isAsked(by: words) {
    return try requestsOwn(folder, Array(words.dropFirst()), in: environment)
  }
  let (folder, arguments) = try folder(words, options: ["--vectors"])
  let count = try OfflineRequests(try corpus(arguments, environment)).write(to: folder)
  return Outcome(output: "\(count) requests in \(folder)/requests.jsonl\n")
}

func judgeAnswers(_ words: [String], in environment: Environment) throws -> Outcome {
  if let folder = words.first, !folder.hasPrefix("--"), OwnSettings.isThere(in: folder) {
    return try judgeOwn(folder, Array(words.dropFirst()), in: environment)
  }
  if let folder = words.first, !folder.hasPrefix("--"), OwnOptions.isAsked(by: words) {
    let why = Disk.files(in: folder).isEmpty ? "no such folder, or nothing in it" : "\(OwnSettings.name) is not in it"
    throw UsageError(line: "'\(folder)' holds no requests about a model: \(why); loma requests writes them")
  }
  let (folder, arguments) = try folder(words, options: ["--vectors", "--report"])
  guard let report = arguments["--report"] else { throw UsageError(line: "option --report is needed") }
  let corpus = try corpus(arguments, environment)
  let bounds = try CalibratedBounds(of: corpus)
  let (candidate, results) = try OfflineRequests(corpus).judge(folder, bounds: bounds)
  let header = RunHeader(
    suite: corpus.suite, specification: corpus.specification, manifestDigest: corpus.manifestDigest,
    boundsDigest: bounds.digest, candidate: candidate,
    filters: .init(RunHeader.filters(of: corpus.part).map { .init($0.name, .string($0.value)) }), shard: (1, 1),
    units: results.count,
    started: Timestamp.now)
  var run = RunRecord(
    header: header, results: results,
    footer: RunFooter(
      units: results.count, finished: Timestamp.now, seconds: 0, interrupted: false, exit: 0, diagnosis: []))
  run.footer.exit = Int(run.claims.exitCode)
  // In the lines that say how to ask a unit again, COMMAND stands for the candidate, which runs elsewhere.
  let vectors = arguments["--vectors"].map { ["--vectors", $0] } ?? []
  var outcome = ConformTexts(run, options: try ConformOptions(vectors + ["--", "COMMAND"])).outcome
  do {
    let held = try GrowingReport(folder: report)
    outcome.output += try withExtendedLifetime(held) { try writeReports(of: run, into: report).output }
  } catch {
    outcome.complaint = Outcome.line("\(error)")
    outcome.exitCode = .rejected
  }
  return outcome
}

private func folder(_ words: [String], options: [String]) throws -> (String, Arguments) {
  guard let folder = words.first, !folder.hasPrefix("--") else { throw UsageError(line: "a folder is required") }
  let options = options.map { Arguments.Option(name: $0, repeats: false) }
  return (folder, try Arguments(Array(words.dropFirst()), options: options))
}

private func corpus(_ arguments: Arguments, _ environment: Environment) throws -> CaseCorpus {
  try CaseCorpus(
    folder: try VectorsFolder.find(
      option: arguments["--vectors"], environment: environment.vectors, current: environment.folder,
      program: environment.program))
}
