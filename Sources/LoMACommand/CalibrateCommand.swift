// `loma calibrate`: the bounds of the vectors, from the errors of right implementations (TOL-12…TOL-14).

import LoMAAnswers
import LoMAConformance
import LoMAJudgement
import LoMASuite

let calibrateHelp = """
  loma calibrate RESULTS.jsonl … [option]…

  Computes bounds.json of the vectors from the results of right implementations, each a complete run of loma conform, and
  prints how close each comes to the bounds that the others alone would set.

    --vectors DIR            default as for loma vectors; bounds.json is written there
    --held-out RESULTS.jsonl an implementation that is shown too but sets no bound; may be repeated
    --scoreboard FILE        writes a page with the errors relative to the bounds

  """

func calibrate(_ words: [String], in environment: Environment) throws -> Outcome {
  let paths = words.prefix { !$0.hasPrefix("--") }
  let arguments = try Arguments(
    Array(words.dropFirst(paths.count)),
    options: [
      Arguments.Option(name: "--vectors", repeats: false), Arguments.Option(name: "--held-out", repeats: true),
      Arguments.Option(name: "--scoreboard", repeats: false),
    ])
  guard paths.count >= 2 else { throw UsageError(line: "results of at least two implementations are required") }
  let folder = try VectorsFolder.find(
    option: arguments["--vectors"], environment: environment.vectors, current: environment.folder,
    program: environment.program)
  let corpus = try CaseCorpus(folder: folder)
  let present = try? CalibratedBounds(of: corpus)
  let calibrating = try paths.map { try candidate($0, of: corpus, present) }
  let heldOut = try arguments.values("--held-out").map { try candidate($0, of: corpus, present) }
  try refuseTwice(calibrating + heldOut)
  let calibration = Calibration(
    calibrating, shaken: try shaken(corpus, models: try StoredModels(of: corpus), report: environment.report),
    suite: corpus.suite, manifestDigest: corpus.manifestDigest)
  try calibration.check()
  let scoreboard = Scoreboard(calibration, calibrating: calibrating, heldOut: heldOut)
  let path = folder + "/" + CalibratedBounds.fileName
  if let reason = OutputFiles.write(calibration.bounds.text, to: path) {
    return .rejected("cannot write \(path): \(reason)")
  }
  if let page = arguments["--scoreboard"], let reason = OutputFiles.write(scoreboard.text, to: page) {
    return .rejected("cannot write \(page): \(reason)")
  }
  return Outcome(output: scoreboard.text)
}

/// The reference's answers to every case with calibrated tensors, with rounding errors added at each stage as a port
/// has them (TOL-16).
private func shaken(
  _ corpus: CaseCorpus, models: StoredModels, report: @Sendable (String) -> Void
) throws -> [CaseResult] {
  let ports = ReferenceCandidate.shaken(models: models)
  var results: [CaseResult] = []
  for (place, item) in corpus.cases.enumerated() {
    guard item.hasMeasuredTensors else { continue }
    report("shaken case \(place + 1) of \(corpus.cases.count)")
    for dtype in item.dtypes {
      let judge = try corpus.judge(item, dtype: dtype, bounds: .provisional)
      let requests = try corpus.questions(of: item, dtype: dtype).map { try Request($0) }
      for port in ports {
        results.append(try judge(requests.map { Reply(port.respond(to: $0, dtype: dtype)) }))
      }
    }
  }
  report("")
  return results
}

/// The same implementation given twice would confirm itself.
private func refuseTwice(_ candidates: [Calibration.Implementation]) throws(UsageError) {
  var seen: Set<[String]> = []
  for candidate in candidates where !seen.insert([candidate.name, candidate.version]).inserted {
    throw UsageError(line: "\(candidate.name.onOneLine) \(candidate.version.onOneLine) is given twice")
  }
}

/// The results of a complete run on these vectors in which nothing failed; `present` are the bounds that lie beside the
/// vectors now.
private func candidate(
  _ path: String, of corpus: CaseCorpus, _ present: CalibratedBounds?
) throws -> Calibration.Implementation {
  let run = try ResultsFile(contentsOf: path).complete()
  guard run.header.manifestDigest == corpus.manifestDigest else {
    throw UsageError(line: "\(path) is of other vectors, manifest \(run.header.manifestDigest)")
  }
  if let wrong = run.results.first(where: { $0.verdict.isWrong || $0.verdict == .notRun }) {
    throw UsageError(line: "\(path): \(wrong.id) in \(wrong.dtype) is \(wrong.verdict.rawValue)")
  }
  let candidate = Calibration.Implementation(
    name: run.header.candidate.name, version: run.header.candidate.version, results: run.results)
  let digest = run.header.boundsDigest
  let passedUnder = digest == nil ? .provisional : digest == present?.digest ? present : nil
  if let excess = Calibration.excess(of: candidate, passedUnder: passedUnder, cases: corpus.cases) {
    throw UsageError(
      line: "\(path): \(excess.tensor) of \(excess.id) in \(excess.dtype) is off by \(excess.error), "
        + "and cannot have passed under \(excess.bound)")
  }
  return candidate
}
