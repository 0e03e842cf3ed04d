// `loma vectors record|verify`: writes the golden vectors, or checks them.

import LoMAConformance
import LoMAJudgement
import LoMASuite

let vectorsHelp = """
  loma vectors record [--vectors DIR] [--trained DIR]
  loma vectors verify [--vectors DIR] [--digests-only yes|no]

  record computes every case of the catalogue, writes what differs and removes what is not of it. A file appears under its
  name only when it is whole, and the manifest comes last; published cases are never changed. A folder that holds files
  but no manifest is left alone.

  verify checks every digest, then records again in memory and compares every byte. It prints what differs, the first
  tensor and index of each file, and returns 4; so it does where the manifest is not what a run reads, or the bounds are
  missing from a published suite, or not what their own measurements make of them. Otherwise it prints the SHA-256 of the
  manifest and of the bounds, which a port may pin.

    --vectors DIR            otherwise the folder that LOMA_VECTORS names, otherwise the nearest Vectors with a manifest,
                             here or above, then where this program lies or above; record
                             makes Vectors here where there is none
    --trained DIR            what trained models are taken from, a folder of its name each: it is not trained here;
                             otherwise models in the folder of the vectors, or in the nearest Vectors
    --digests-only yes       does not record again: the manifest itself is then only as good as its SHA-256
    --threads N              otherwise all processors; the bytes do not depend on it

  """

func vectors(_ words: [String], in surroundings: Surroundings) throws -> Outcome {
  guard let action = words.first, ["record", "verify"].contains(action) else {
    throw UsageError(line: "record or verify is required")
  }
  let options = ["--vectors", "--threads"] + (action == "verify" ? ["--digests-only"] : ["--trained"])
  let arguments = try Arguments(
    Array(words.dropFirst()), options: options.map { Arguments.Option(name: $0, repeats: false) })
  let (option, environment, here) = (arguments["--vectors"], surroundings.vectors, surroundings.folder)
  let folder =
    action == "record"
    ? VectorsFolder.forRecording(option: option, environment: environment, current: here)
    : try VectorsFolder.find(option: option, environment: environment, current: here, program: surroundings.program)
  let threads = try ModelOptions.threads(arguments)
  let digestsOnly: YesOrNo = try arguments.choice("--digests-only", otherwise: .no)
  let report = surroundings.report
  let trained =
    arguments["--trained"]
    ?? VectorsFolder.withTrainedModels(folder, current: here, program: surroundings.program) + "/models"
  let recording =
    digestsOnly == .yes
    ? nil : try Corpus.record(trained: trained, threads: threads) { report("case \($0) of \($1)") }
  report("")
  if action == "record", let recording {
    let changed = try Corpus.write(recording, to: folder)
    return Outcome(
      output: "\(Corpus.caseCount) cases in \(recording.files.count) files, \(recording.byteCount) bytes: "
        + "\(changed) files changed in \(folder)\n")
  }
  let verification = Verification(folder: folder, against: recording)
  var (findings, bounds) = (verification.findings, CalibratedBounds.provisional)
  // Reads the corpus as a run does, which checks more than the digests: every entry of a case, and that the bounds
  // follow from their measurements.
  do throws(CorpusError) { bounds = try CalibratedBounds(of: CaseCorpus(folder: folder)) } catch {
    let isSaid = findings.contains { $0.hasPrefix("incomplete: ") || $0.hasPrefix("manifest: ") }
    if !isSaid { findings.append("\(error)") }
  }
  guard findings.isEmpty else {
    return Outcome(
      output: findings.map { $0 + "\n" }.joined(),
      complaint: "loma: \(findings.count) findings in \(folder)", exitCode: .vectorsDamaged)
  }
  return Outcome(
    output: "\(verification.files) files of \(folder) are whole"
      + (digestsOnly == .yes ? "" : " and the same when recorded again") + "\n"
      + (verification.manifestDigest.map { "manifest SHA-256 \($0)\n" } ?? "")
      + (bounds.digest.map { "bounds SHA-256 \($0)\n" } ?? "bounds: none, provisional\n"))
}
