// EQB-5…EQB-8: a run from recipe to result: training where it is needed, then every setting at every moment, on texts
// that no batch had.

import LoMA
import LoMAModels
import LoMAPeers
import LoMAPeersReference
import LoMAReference
import LoMAVectors
import NaiveLlama

/// Where a run's files are, and how much is measured.
package struct BudgetWork: Sendable {
  /// The folder of the basis, in which its corpus lies.
  package let corpora: String
  /// The folder of training runs.
  package let work: String
  /// A model that the basis' recipe was run to before, which is then not trained again; nil if there is none.
  package let basisModel: String?
  /// The number of texts at most.
  package let texts: Int
  /// The number of threads, which changes no result.
  package let threads: Int

  package init(corpora: String, work: String, basisModel: String?, texts: Int, threads: Int) {
    (self.corpora, self.work, self.basisModel) = (corpora, work, basisModel)
    (self.texts, self.threads) = (texts, threads)
  }
}

extension BudgetPlan {
  /// The moments that are measured, the last of them the longest text of training; with the language modelling loss one
  /// chunk before it as well, so that the next chunk is one that training knew.
  package var moments: [BudgetMoment] {
    let length = basis.parameters.chunkLength
    let chunks =
      switch basis.settings.objective {
      case .both: [basis.chunks - 1, basis.chunks]
      case .repetition: [min(3, basis.chunks), basis.chunks]
      }
    return Array(Set(chunks.filter { $0 >= 1 })).sorted().map { BudgetMoment(chunks: $0, chunkLength: length) }
  }

  /// Whether the loss of the next chunk is measured at a moment: where training knew such a chunk and its tokens.
  package func hasLoss(at moment: BudgetMoment) -> Bool {
    basis.settings.objective == .both && moment.chunks < basis.chunks
  }

  /// The deviations of the noise, in hundredths.
  package static let noises = [10, 20, 30, 50]

  /// The seed of the texts on which runs are measured, and of the noise; no run is trained with it.
  static let freshSeed: UInt64 = 1_000_000

  /// Trains a run where it has no model yet, resuming it if it was interrupted, and measures it.
  package func result(
    of run: BudgetRun, _ work: BudgetWork, progress: (String) -> Void
  ) throws(TrainingError) -> BudgetResult {
    let (weights, digest) = try weights(of: run, work, progress: progress)
    let measuring = BudgetMeasuring(plan: self, run: run, weights: weights, work: work)
    let (lines, noise) =
      run.group == .pooled ? try measuring.pooled(progress: progress) : try measuring.stored(progress: progress)
    var (all, calibration) = (lines, [String]())
    if run.group == .twin {
      let texts = try measuring.calibration()
      all += try measuring.methods(texts, progress: progress)
      calibration = texts.texts.map { basis.data.words($0) }
    }
    return BudgetResult(
      name: run.name, recipe: run.recipe.digest, model: digest, lines: all, noise: noise, calibration: calibration)
  }

  /// The weights of a run's finished model, as it stores them, and the digest of their file.
  private func weights(
    of run: BudgetRun, _ work: BudgetWork, progress: (String) -> Void
  ) throws(TrainingError) -> (weights: ParameterSet, digest: String) {
    let directory: String
    let weights: ParameterSet
    if let given = work.basisModel, run.group == .loma, run.seed == Int(basis.seed) {
      directory = given
      do { weights = try Checkpoint(directory: given).parameters() } catch { throw .checkpoint(error) }
    } else {
      let folder = work.work + "/" + run.name
      var training = try LatentTrainingRun(run.recipe, corpora: work.corpora, folder: folder, resumes: true)
      let all = training.allSteps
      try training.advance(stoppingAfter: .max, threads: work.threads) { point in
        progress("\(run.name) · step \(point.step)/\(all) · \(point.summary)")
      }
      directory = folder + "/" + TrainingRun.modelName
      do { weights = try LatentCheckpoint(directory: directory, accepting: [.halfSplit]).parameters() } catch {
        throw .latent(error)
      }
    }
    do { try weights.check(against: run.recipe.configuration) } catch { throw .checkpoint(.model(error)) }
    let bytes: [UInt8]
    do { bytes = try Files.contents(of: directory + "/model.safetensors", byteLimit: 1 << 30) } catch {
      throw .file(error)
    }
    return (weights, SHA256.hexDigest(of: bytes))
  }
}

extension TrainingData {
  /// A text for people: bytes as they are, `~` for what is not printable; tokens of a small alphabet as digits.
  func words(_ tokens: [Int]) -> String {
    switch self {
    case .random(let alphabet) where alphabet <= 36:
      tokens.map { String($0, radix: 36) }.joined()
    case .random: tokens.map { "\($0)" }.joined(separator: " ")
    case .bytes:
      String(decoding: tokens.map { 0x20..<0x7F ~= $0 ? UInt8($0) : UInt8(ascii: "~") }, as: UTF8.self)
    }
  }
}

/// One trained model being measured.
struct BudgetMeasuring: Sendable {
  let plan: BudgetPlan
  let run: BudgetRun
  let weights: ParameterSet
  let work: BudgetWork

  var recipe: LatentRecipe { run.recipe }
  private var layers: Int { recipe.configuration.shape.layers }

  func vocabulary() throws(TrainingError) -> Vocabulary { try recipe.vocabulary }

  /// The texts of a moment, with what is asked then.
  func rows(_ moment: BudgetMoment) throws(TrainingError) -> [MomentRows] {
    let length = moment.length + (plan.hasLoss(at: moment) ? moment.chunkLength + 1 : 0)
    let texts = try TrainingTexts(recipe.data, textLength: length, folder: work.corpora)
      .fresh(atMost: work.texts, seed: BudgetPlan.freshSeed)
    let vocabulary = try vocabulary()
    var rows: [MomentRows] = []
    for text in texts {
      do {
        rows.append(
          try MomentRows(
            text, at: moment, arrangement: recipe.arrangement, vocabulary: vocabulary, parameters: recipe.parameters))
      } catch { throw .model(.rejected(error)) }
    }
    return rows
  }

  /// Calibration texts from the training part, as long as the longest moment.
  func calibration() throws(TrainingError) -> CalibrationTexts {
    let length = plan.moments.map { $0.length }.max() ?? 1
    var numbers = SeededNumbers(seed: CalibrationTexts.seed)
    return CalibrationTexts(
      texts: try TrainingTexts(recipe.data, textLength: length, folder: work.corpora)
        .batch(CalibrationTexts.count, numbers: &numbers))
  }

  // MARK: - The model's own cache

  /// The bits a code that a group's entries are also stored in; none where its recipe quantises them already.
  var compositions: [Int] { run.group == .twin || run.group == .sharedLatent ? [] : [8, 4, 3, 2, 1] }

  /// The group as it is, its entries in fewer bits, and its entries with noise at the last moment. The twin's own cache
  /// is one of the methods on it, so it has noise alone.
  func stored(progress: (String) -> Void) throws(TrainingError) -> (lines: [BudgetLine], noise: [NoiseLine]) {
    let model = LatentModel(
      configuration: recipe.configuration, weights: Weights(weights), functions: .llama(workers: .single),
      rules: .spec)
    let (vocabulary, group) = (try vocabulary(), run.group)
    var (lines, noise): ([BudgetLine], [NoiseLine]) = ([], [])
    for moment in plan.moments {
      let rows = try rows(moment)
      let arrangement = recipe.arrangement
      progress("\(run.name) · n = \(moment.length) · reading \(rows.count) texts")
      let texts = try mapped(rows.count) { (index) throws(ReferenceError) in
        try StoredText(rows[index], model: model, arrangement: arrangement)
      }
      func measured(_ change: @escaping @Sendable (StoredText, Int) throws(ReferenceError) -> StoredText)
        throws(TrainingError) -> Measured
      {
        try mapped(texts.count) { (index) throws(ReferenceError) in
          try change(texts[index], index).measured(vocabulary: vocabulary, chunkLength: moment.chunkLength)
        }.reduce(Measured(), +)
      }
      if group != .twin {
        for bits in [nil] + compositions.map({ Optional($0) }) {
          progress("\(run.name) · n = \(moment.length) · " + (bits.map { "\($0) bits" } ?? "as it is"))
          let given = try measured { (text, _) throws(ReferenceError) in
            guard let bits else { return text }
            return try rejectingPeer(try text.quantised(bits: bits))
          }
          lines.append(try line(moment, bits: bits, given))
        }
      }
      guard moment == plan.moments.last else { continue }
      for hundredths in BudgetPlan.noises {
        progress("\(run.name) · noise \(hundredths) hundredths")
        let given = try measured { (text, index) throws(ReferenceError) in
          text.noisy(deviation: Double(hundredths) / 100, seed: BudgetPlan.freshSeed + UInt64(index) << 8)
        }
        noise.append(NoiseLine(length: moment.length, hundredths: hundredths, recited: given.recited))
      }
    }
    return (lines, noise)
  }

  /// A line of the group, or of its entries in b bits.
  private func line(
    _ moment: BudgetMoment, bits: Int?, _ measured: Measured
  ) throws(TrainingError) -> BudgetLine {
    let attention = recipe.configuration.attention
    let count = StoredTextBits.entries(recipe.arrangement, recipe.parameters, at: moment)
    func size(_ entries: Int, _ bits: Int?) throws(TrainingError) -> Int {
      do { return try StoredTextBits.bits(entries: entries, attention, layers: layers, bits: bits) } catch {
        throw .latent(.peer(error))
      }
    }
    let name = run.group.rawValue
    let memoryIds = recipe.configuration.shape.vocabularySize - plan.basis.data.textSize - 1
    return BudgetLine(
      method: bits == nil ? name : "uniform ∘ \(name)", parameters: bits.map { "bits=\($0)" } ?? "",
      length: moment.length, bits: try size(count.held, bits), peak: try size(count.peak, nil),
      side: recipe.arrangement == .twin ? 0 : memoryIds * recipe.configuration.shape.hiddenSize * StoredBits.ofNumber,
      measured: measured, found: "")
  }

  // MARK: - Methods on the twin

  /// Every measured setting at every moment.
  func methods(_ calibration: CalibrationTexts, progress: (String) -> Void) throws(TrainingError) -> [BudgetLine] {
    let vocabulary = try vocabulary()
    let old = plan.basis.configuration
    let decoder: CachedDecoder
    do {
      decoder = CachedDecoder(
        configuration: try Configuration(
          vocabularySize: vocabulary.modelSize, hiddenSize: old.hiddenSize, intermediateSize: old.intermediateSize,
          layers: old.layers, queryHeads: old.heads.query, keyValueHeads: old.heads.keyValue,
          headDimension: old.heads.dimension, epsilon: old.epsilon, theta: old.theta, tiesHead: old.tiesHead),
        weights: Weights(weights), functions: .llama(workers: .single), rules: .spec)
    } catch { throw .model(.model(error)) }
    var lines: [BudgetLine] = []
    for moment in plan.moments {
      let rows = try rows(moment)
      progress("\(run.name) · n = \(moment.length) · reading \(rows.count) texts")
      let texts = try mappedPeers(rows.count) { (index) throws(PeerReferenceError) in
        try TwinText(rows[index], model: decoder)
      }
      let settings = CacheSetting.measured(
        length: moment.length, layers: layers, keyValueHeads: old.heads.keyValue, dimension: old.heads.dimension)
      for (place, setting) in settings.enumerated() {
        progress(
          "\(run.name) · n = \(moment.length) · \(setting.method) \(setting.parameters) · \(place) of \(settings.count)"
        )
        let method: TwinMethod
        do { method = try TwinMethod(setting, on: decoder, calibration: calibration) } catch { throw peer(error) }
        let given = try mappedPeers(texts.count) { (index) throws(PeerReferenceError) in
          let (caches, bits) = try texts[index].left(by: method)
          return (
            try texts[index].measured(
              caches, by: method, vocabulary: vocabulary, chunkLength: moment.chunkLength), bits
          )
        }
        let bits = given.reduce(0) { max($0, $1.1) }
        let full: Int
        do {
          full = try moment.fullBits(
            layers: layers, keyValueHeads: old.heads.keyValue, dimension: old.heads.dimension)
        } catch { throw .latent(.peer(error)) }
        lines.append(
          BudgetLine(
            method: setting.method, parameters: setting.parameters, length: moment.length, bits: bits,
            peak: method.actsOnFullCache ? max(full, bits) : bits, side: method.sideBits,
            measured: given.reduce(Measured()) { $0 + $1.0 }, found: method.found))
      }
    }
    return lines
  }

  // MARK: - Texts side by side

  func mapped<Value: Sendable>(
    _ count: Int, _ body: @escaping @Sendable (Int) throws(ReferenceError) -> Value
  ) throws(TrainingError) -> [Value] {
    do { return try Workers(threads: work.threads).map(count, body) } catch { throw .model(error) }
  }

  private func mappedPeers<Value: Sendable>(
    _ count: Int, _ body: @escaping @Sendable (Int) throws(PeerReferenceError) -> Value
  ) throws(TrainingError) -> [Value] {
    do { return try Workers(threads: work.threads).map(count, body) } catch { throw peer(error) }
  }
}

/// What went wrong in a method.
func peer(_ error: PeerReferenceError) -> TrainingError {
  switch error {
  case .rejected(let error): .latent(.peer(error))
  case .model(let error): .model(.model(error))
  default: .adapter(.peer(error))
  }
}

/// The value of an expression of bits that were checked when they were listed.
private func rejectingPeer<Value>(_ check: @autoclosure () throws(PeerError) -> Value) throws(ReferenceError) -> Value {
  do { return try check() } catch { preconditionFailure("bits that a code has: \(error)") }
}
