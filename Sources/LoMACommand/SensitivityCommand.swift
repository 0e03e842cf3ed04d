// `loma sensitivity`: judges every mutant as a candidate, and lists the cases that kill it.

import LoMAAnswers
import LoMAConformance
import LoMADiagnosis
import LoMAJudgement
import LoMAMutants
import LoMASuite
import LoMAVectors

let sensitivityHelp = """
  loma sensitivity [--mutant ID] [--dtype DTYPE] [--vectors DIR] [--output FILE]
                   [--scores DIR] [--threads N] [--fresh SEED [--cases N]]

  Runs the reference with one plausible mistake at a time, judges it as loma conform judges a candidate, and prints for
  every mutant the largest error/bound of a failed comparison, level by level. A mutant is dead if that is at least
  \(Int(KillMatrix.sufficient)). Returns 1 if one survives. The mutants are those of the part of the vectors.

    --mutant ID              this mutant only, with every case that kills it
    --dtype DTYPE            f64, f32, bf16 or f16; default all four
    --vectors DIR            default the folder named by LOMA_VECTORS, else the nearest Vectors, here or above
    --output FILE            writes the page Docs/Sensitivity.md, or of part II Docs/PeerSensitivity.md, instead; not with
                             --mutant, --dtype or --fresh
    --scores DIR             adds diagnosis.json, named.json, first-score.json and right.json of a folder to the page
    --threads N              default all processors
    --fresh SEED             judges by new cases, drawn as by loma conform from this seed, not by those of the vectors
    --cases N                number of new cases, default 200

  """

func sensitivity(_ words: [String], in environment: Environment) throws -> Outcome {
  let names = [
    "--mutant", "--dtype", "--vectors", "--output", "--scores", "--threads", "--fresh", "--cases",
  ]
  let arguments = try Arguments(words, options: names.map { Arguments.Option(name: $0, repeats: false) })
  let known = Part.allCases.flatMap { Mutant.all(of: $0) }
  if let id = arguments["--mutant"], !known.contains(where: { $0.id == id }) {
    throw UsageError(line: "no mutant is called '\(id)'")
  }
  let dtypes = arguments["--dtype"].map { [$0] } ?? KillMatrix.dtypes
  guard dtypes.allSatisfy({ KillMatrix.dtypes.contains($0) }) else {
    throw UsageError(
      line: "option --dtype takes one of \(KillMatrix.dtypes.joined(separator: ", ")), not '\(dtypes[0])'")
  }
  let fresh = try FreshOptions(arguments)
  let isWhole = arguments["--mutant"] == nil && arguments["--dtype"] == nil && fresh == nil
  guard arguments["--output"] == nil || isWhole else {
    throw UsageError(line: "option --output excludes --mutant, --dtype and --fresh")
  }
  guard arguments["--scores"] == nil || arguments["--output"] != nil else {
    throw UsageError(line: "option --scores needs --output")
  }
  let scores = arguments["--scores"].flatMap { ScoresSection(folder: $0) }
  let rates = arguments["--scores"].flatMap { RatesSection(folder: $0) }
  if let folder = arguments["--scores"], scores == nil || rates == nil {
    throw UsageError(line: "\(folder) lacks one of diagnosis.json, named.json, first-score.json and right.json")
  }
  let folder = try VectorsFolder.find(
    option: arguments["--vectors"], environment: environment.vectors, current: environment.folder,
    program: environment.program)
  let threads = try ModelOptions.threads(arguments)
  let recorded = try CaseCorpus(folder: folder)
  let part = recorded.part
  let mutants = Mutant.all(of: part).filter { arguments["--mutant"] == nil || $0.id == arguments["--mutant"] }
  guard !mutants.isEmpty else {
    throw UsageError(line: "the vectors in \(folder.onOneLine) are of another part than that mutant")
  }
  guard part == .loma || arguments["--scores"] == nil else { throw UsageError(line: "option --scores is of part I") }
  var corpus = recorded
  var bounds = try CalibratedBounds(of: corpus)
  if let fresh {
    corpus = try FreshCorpus(seed: fresh.seed, of: part, families: Set(CaseFamily.allCases), bounds).corpus(
      count: fresh.count, for: Selection(), threads: threads, report: environment.report)
    bounds = bounds.ofFreshCases(of: corpus)
  }
  let judged = try JudgedUnits(corpus, bounds: bounds, dtypes: dtypes)
  let runs = Sensitivity(units: judged.units, models: try StoredModels(of: recorded), threads: threads)
  let (count, report) = (mutants.count, environment.report)
  let matrix = runs.matrix(of: mutants) { report("mutant \($0) of \(count)") }
  report("")
  let survivors = matrix.survivors
  let complaint =
    survivors.isEmpty ? nil : "loma: \(Set(survivors.map(\.mutant.id)).count) mutants survive"
  let text =
    arguments["--output"] == nil
    ? KillMatrixText(matrix, dtypes: dtypes).text(detailed: mutants.count == 1)
    : SensitivityPage.text(matrix, of: part) + (scores?.text ?? "") + (rates?.text ?? "")
  return Outcome(
    output: text, path: arguments["--output"], complaint: complaint,
    exitCode: survivors.isEmpty ? .fine : .notConformant)
}
