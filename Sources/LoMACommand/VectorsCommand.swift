// `loma vectors record|verify`: writes the golden vectors, or checks them.

import LoMAConformance
import LoMAJudgement
import LoMASuite
import LoMAVectors

let vectorsHelp = """
  loma vectors record [--part PART] [--vectors DIR] [--trained DIR]
  loma vectors verify [--vectors DIR] [--digests-only yes|no]

  record computes every case of the catalogue, writes the files that differ and removes those that belong to no case. A
  file appears under its name only when it is complete, and the manifest comes last; published cases are never changed. A
  folder that holds files but no manifest is left alone.

  verify checks every digest, then records again in memory and compares every byte. It prints which files differ, with
  the first tensor and index of each, and returns 4; also if a run would refuse the manifest, or if the bounds are missing
  from a published suite or do not follow from their own measurements. Otherwise it prints the SHA-256 of the manifest and
  of the bounds, which a port may pin.

    --part PART              loma, part I, or peers, part II, which lies in the folder peers of that of part I; default
                             what the manifest in the folder holds, or else loma
    --vectors DIR            default the folder named by LOMA_VECTORS, else the nearest Vectors with a manifest, here or
                             above, else beside this program or above; if there is none, record makes Vectors here
    --trained DIR            the folder of the trained models, each in a folder of its name; record does not train them;
                             default models in the folder of the vectors, or in the nearest Vectors
    --digests-only yes       does not record again; the manifest is then trusted as far as its SHA-256
    --threads N              default all processors; the bytes do not depend on it

  """

func vectors(_ words: [String], in environment: Environment) throws -> Outcome {
  guard let action = words.first, ["record", "verify"].contains(action) else {
    throw UsageError(line: "record or verify is required")
  }
  let options = ["--part", "--vectors", "--threads"] + (action == "verify" ? ["--digests-only"] : ["--trained"])
  let arguments = try Arguments(
    Array(words.dropFirst()), options: options.map { Arguments.Option(name: $0, repeats: false) })
  let (option, here) = (arguments["--vectors"], environment.folder)
  let asked: Part? = try arguments["--part"].map { (word) throws(UsageError) in
    try Arguments.choice(word, of: "--part")
  }
  let found =
    action == "record"
    ? VectorsFolder.forRecording(option: option, environment: environment.vectors, current: here)
    : try VectorsFolder.find(
      option: option, environment: environment.vectors, current: here, program: environment.program)
  let folder = asked == .peers && option == nil ? found + "/" + Part.peers.rawValue : found
  // A manifest that cannot be read is a finding of its own.
  let part = asked ?? (try? StoredManifest.part(of: folder)) ?? .loma
  let threads = try ModelOptions.threads(arguments)
  let digestsOnly: YesOrNo = try arguments.choice("--digests-only", otherwise: .no)
  let report = environment.report
  let trained =
    arguments["--trained"]
    ?? VectorsFolder.withTrainedModels(part, folder, current: here, program: environment.program) + "/models"
  let recording =
    digestsOnly == .yes
    ? nil : try Corpus.record(part, trained: trained, threads: threads) { report("case \($0) of \($1)") }
  report("")
  if action == "record", let recording {
    let changed = try Corpus.write(recording, to: folder)
    return Outcome(
      output: "\(Corpus.caseCount(of: part)) cases in \(recording.files.count) files, \(recording.byteCount) bytes: "
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
