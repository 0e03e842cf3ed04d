// The measurements of one run of the sweep, as a small JSON file.

import LoMA
import LoMAReference
import LoMAVectors

package struct SweepResult: Hashable, Sendable {
  package let name: String
  /// The digest of the run's recipe, including what the run replaces in it.
  package let recipe: String
  /// The digest of the final weights.
  package let weights: String
  let parameterCount: Int
  let steps: Int
  /// The counts by chunk index, on texts that were in no batch.
  let repetition: Repetition
  /// About twenty points of the training curve.
  package let curve: [CurvePoint]

  /// The largest count that is accepted: the page adds counts up and multiplies them by a hundred.
  static let countLimit = 1 << 31

  /// The result of a finished run.
  init(_ run: SweepRun, _ state: TrainingState, _ evaluation: Evaluation) throws(TrainingError) {
    name = run.name
    recipe = run.recipe.digest
    weights = try state.weightsDigest
    parameterCount = state.trainer.parameters.tensors.values.reduce(0) { $0 + $1.values.count }
    steps = state.trainer.optimiser.steps
    repetition = evaluation.repetition
    let all = state.curve
    let stride = max(1, all.count / 20)
    curve = all.enumerated().filter { $0.offset % stride == 0 || $0.offset == all.count - 1 }.map(\.element)
  }

  /// The content of the result's file.
  package var text: String {
    JSONValue.members([
      .init("name", .string(name)), .init("recipe_sha256", .string(recipe)), .init("weights_sha256", .string(weights)),
      .init("parameters", .integer(parameterCount)), .init("steps", .integer(steps)),
      .init(
        "by_chunk",
        .array(
          repetition.byChunk.map { count in
            .array([count.correctTokens, count.tokens, count.correctChunks, count.chunks].map { .integer($0) })
          })),
      .init("curve", .array(curve.map { .array($0.values.map { .number($0) }) })),
    ]).text() + "\n"
  }

  /// Reads what `text` wrote; throws `damagedState` with the name of the file.
  package init(parsing text: [UInt8], file: String) throws(TrainingError) {
    let value: JSONValue
    do { value = try StrictJSON.parse(text, sizeLimit: 1 << 20, depthLimit: 8) } catch {
      throw .json(file: file, error)
    }
    let object = try RecipeObject(
      value, prefix: "",
      keys: ["name", "recipe_sha256", "weights_sha256", "parameters", "steps", "by_chunk", "curve"])
    name = try object.string("name")
    recipe = try object.string("recipe_sha256")
    weights = try object.string("weights_sha256")
    parameterCount = try object.integer("parameters", in: 1...Self.countLimit)
    steps = try object.integer("steps", in: 1...Self.countLimit)
    var counts: [RepetitionCount] = []
    for item in try object.value("by_chunk").arrayValue ?? [] {
      let four = item.arrayValue?.compactMap(\.integerValue) ?? []
      guard four.count == 4, four[0] >= 0, four[2] >= 0, four[0] <= four[1], four[2] <= four[3], four[1] >= 1,
        four[3] >= 1, four[1] <= Self.countLimit, four[3] <= Self.countLimit
      else { throw .damagedState("\(file): counts of chunk \(counts.count)") }
      counts.append(
        RepetitionCount(correctTokens: four[0], tokens: four[1], correctChunks: four[2], chunks: four[3]))
    }
    guard !counts.isEmpty else { throw .damagedState("\(file): no counts") }
    repetition = Repetition(counts)
    var points: [CurvePoint] = []
    for item in try object.value("curve").arrayValue ?? [] {
      guard let point = CurvePoint(values: item.arrayValue?.compactMap(\.doubleValue) ?? []) else {
        throw .damagedState("\(file): point \(points.count) of the curve")
      }
      points.append(point)
    }
    curve = points
  }
}

extension Sweep {
  /// Trains a run in a work folder, resuming it if it was interrupted, and measures it on `chunks` fresh chunks.
  package func result(
    of run: SweepRun, work: String, chunks: Int, threads: Int, progress: (CurvePoint) -> Void
  ) throws(TrainingError) -> SweepResult {
    var training = try TrainingRun(
      run.recipe, corpora: ".", folder: work + "/" + run.name, resumes: true, disk: .real)
    try training.advance(stoppingAfter: .max, threads: threads, progress: progress)
    let texts = (chunks - 1) / run.recipe.chunks + 1
    let evaluation = try training.evaluation(texts: texts, seed: Self.freshSeed, threads: threads) { _, _ in }
    return try SweepResult(run, training.state, evaluation)
  }

  /// The seed of the texts on which runs are measured; no run is trained with it.
  static let freshSeed: UInt64 = 1_000_000

  /// The results in a folder, by name; other files are ignored, and a result of another recipe is an error.
  package func results(in folder: String) throws(TrainingError) -> [String: SweepResult] {
    let present = Set(Disk.files(in: folder))
    var results: [String: SweepResult] = [:]
    for run in runs where present.contains(run.name + ".json") {
      let file = run.name + ".json"
      let bytes: [UInt8]
      do { bytes = try Files.contents(of: folder + "/" + file, byteLimit: 1 << 20) } catch { throw .file(error) }
      let result = try SweepResult(parsing: bytes, file: file)
      guard result.recipe == run.recipe.digest else {
        throw .otherRecipe(digest: result.recipe, expected: run.recipe.digest)
      }
      results[run.name] = result
    }
    return results
  }

  /// Stores a result, whole or not at all.
  package func store(_ result: SweepResult, in folder: String) throws(TrainingError) {
    try storeResult(named: result.name, text: result.text, in: folder)
  }
}
