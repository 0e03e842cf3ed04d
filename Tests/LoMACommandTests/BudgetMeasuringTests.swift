// EQB-1, EQB-3, EQB-5, EQB-6, EQB-8: what is counted, compared and asked, on small models of every group.

import Foundation
import LoMA
import LoMAPeers
import LoMAPeersReference
import LoMAReference
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMATraining

@Suite("Chapter 20: measuring")
struct BudgetMeasuringTests {
  private func plan(seeds: Int = 1) throws -> BudgetPlan {
    try BudgetPlan(try Recipe(parsing: Array(BudgetCommandTests.recipe.utf8)), seeds: seeds)
  }

  private func run(_ group: TrainedGroup) throws -> BudgetRun {
    try #require(try plan().runs.first { $0.group == group })
  }

  private func weights(_ run: BudgetRun) -> ParameterSet {
    var numbers = SeededNumbers(seed: 7)
    return .highVariance(run.recipe.configuration, numbers: &numbers)
  }

  private func model(_ run: BudgetRun) -> LatentModel {
    LatentModel(
      configuration: run.recipe.configuration, weights: Weights(weights(run)), functions: .llama(workers: .single),
      rules: .spec)
  }

  private let moment = BudgetMoment(chunks: 2, chunkLength: 4)
  private let text = [97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109]

  private func rows(_ run: BudgetRun, _ text: [Int]) throws -> MomentRows {
    try MomentRows(
      text, at: moment, arrangement: run.recipe.arrangement, vocabulary: try run.recipe.vocabulary,
      parameters: run.recipe.parameters)
  }

  private func decoder(_ run: BudgetRun) throws -> CachedDecoder {
    let old = try plan().basis.configuration
    return CachedDecoder(
      configuration: try Configuration(
        vocabularySize: run.recipe.configuration.shape.vocabularySize, hiddenSize: old.hiddenSize,
        intermediateSize: old.intermediateSize, layers: old.layers, queryHeads: 2, keyValueHeads: 2,
        headDimension: 8, epsilon: old.epsilon, theta: old.theta, tiesHead: false),
      weights: Weights(weights(run)), functions: .llama(workers: .single), rules: .spec)
  }

  // MARK: - What is counted

  @Test func `EQB-1 a trained cache counts what its entries hold, and its peak the chunk being read`() throws {
    // A token's full entry: 2 layers of 2 heads, a key and a value of 8 numbers each, 16 bits a number.
    let entry = 2 * 2 * 2 * 8 * 16
    func bits(_ group: TrainedGroup, _ bits: Int? = nil) throws -> (held: Int, peak: Int) {
      let run = try run(group)
      let count = StoredTextBits.entries(run.recipe.arrangement, run.recipe.parameters, at: moment)
      func size(_ entries: Int) throws -> Int {
        try StoredTextBits.bits(entries: entries, run.recipe.configuration.attention, layers: 2, bits: bits)
      }
      return (try size(count.held), try size(count.peak))
    }
    #expect(try bits(.twin) == (8 * entry, 8 * entry))
    // Two memory rows a chunk; before the second chunk goes, four of them and its four tokens.
    #expect(try bits(.loma) == (4 * entry, 8 * entry) && bits(.context) == (4 * entry, 8 * entry))
    #expect(try bits(.lomaHalf) == (2 * entry, 6 * entry))
    // One mean of two entries, the second chunk and its own two.
    #expect(try bits(.merged) == (2 * entry, 8 * entry))
    #expect(try bits(.latentQuarter).held == 8 * entry / 4 && bits(.latentEighth).held == 8 * entry / 8)
    #expect(try bits(.crossLayer).held == 8 * entry / 2)
    // One producer of a latent of 20 numbers in 4 bits with its two scales, and a key of 4 numbers whole.
    #expect(try bits(.sharedLatent).held == 8 * (20 * 4 + 32 + 4 * 16))
    // 4 bits a number, and two scales a head's key or value.
    #expect(try bits(.loma, 4).held == 4 * 2 * 2 * 2 * (8 * 4 + 32))
    #expect(try bits(.latentQuarter, 4).held == 8 * 2 * ((4 * 4 + 32) + (4 * 4 + 32)))
  }

  @Test func `EQB-1 every setting on the twin counts the same bits for every text`() throws {
    let run = try run(.twin)
    let decoder = try decoder(run)
    let full = try moment.fullBits(layers: 2, keyValueHeads: 2, dimension: 8)
    let calibration = CalibrationTexts(texts: (0..<8).map { c in (0..<12).map { 97 + ($0 * 5 + c) % 26 } })
    var neutral = 0
    for setting in CacheSetting.measured(length: 8, layers: 2, keyValueHeads: 2, dimension: 8) {
      let method = try TwinMethod(setting, on: decoder, calibration: calibration)
      var seen: Set<Int> = []
      for start in [0, 3] {
        let text = (0..<8).map { 97 + (start + $0 * 7) % 26 }
        let (caches, bits) = try TwinText(try rows(run, text), model: decoder).left(by: method)
        #expect(caches.count == 2)
        seen.insert(bits)
      }
      #expect(seen.count == 1, "\(setting)")
      if setting == .full { #expect(seen == [full]) }
      if case .last(let entries) = setting { #expect(seen == [full / 8 * entries]) }
      if seen == [full] { neutral += 1 }
    }
    #expect(neutral == 2, "only `full` and the last of all entries hold everything")
  }

  // MARK: - Who is compared

  @Test func `EQB-3 groups differ in arrangement, memory and attention, runs in their seed, and in nothing else`()
    throws
  {
    let plan = try plan(seeds: 2)
    #expect(plan.runs.count == 20 && Set(plan.runs.map { $0.name }).count == 20)
    #expect(Set(plan.runs.map { $0.recipe.digest }).count == 20 && plan.runs[10].seed == 2)
    let basis = plan.basis
    for run in plan.runs {
      let recipe = run.recipe
      #expect(recipe.data == basis.data && recipe.chunks == basis.chunks && recipe.batch == basis.batch)
      #expect(recipe.settings == basis.settings && recipe.elementType == basis.elementType)
      #expect(recipe.seed == UInt64(run.seed) && recipe.profile == .base)
      #expect(recipe.pooling == (run.group == .pooled ? PooledSettings(ratio: 2) : nil))
      #expect(recipe.parameters.chunkLength == basis.parameters.chunkLength)
      let shape = recipe.configuration.shape
      #expect(shape.hiddenSize == 16 && shape.intermediateSize == 16 && shape.layers == 2 && !shape.tiesHead)
      #expect(shape.vocabularySize == ([.context, .merged].contains(run.group) ? 259 : 258))
    }
  }

  @Test func `EQB-3 LoMA's run is the basis' own recipe, step for step`() throws {
    let folder = try TemporaryFolder()
    try Files.replace(folder.path + "/corpus.txt", with: BudgetCommandTests.corpus)
    let plan = try plan()
    var ours = try LatentTrainingRun(
      try run(.loma).recipe, corpora: folder.path, folder: folder.path + "/a", resumes: false)
    try ours.advance(stoppingAfter: .max, threads: 1) { _ in }
    var theirs = try TrainingRun(
      plan.basis, corpora: folder.path, folder: folder.path + "/b", resumes: false, disk: .real)
    try theirs.advance(stoppingAfter: .max, threads: 1) { _ in }
    #expect(try ours.weightsDigest == theirs.state.weightsDigest)
  }

  @Test func `EQB-3 the twin's own cache and the decoder of chapter 19 with no method give the same`() throws {
    let run = try run(.twin)
    let rows = try rows(run, text)
    let stored = try StoredText(rows, model: model(run), arrangement: .twin)
      .measured(vocabulary: try run.recipe.vocabulary, chunkLength: 4)
    let decoder = try decoder(run)
    let method = try TwinMethod(.full, on: decoder, calibration: CalibrationTexts(texts: []))
    let read = try TwinText(rows, model: decoder)
    let measured = try read.measured(
      try read.left(by: method).caches, by: method, vocabulary: try run.recipe.vocabulary, chunkLength: 4)
    #expect(stored == measured)
    #expect(stored.recited.tokens == 8 && stored.recited.chunks == 2 && stored.lossCount == 4)
  }

  // MARK: - What is asked

  @Test func `EQB-5 the context's rows see what chapter 16's mask shows, and every memory when they recite`() throws {
    let run = try run(.context)
    let layout = try Layout.training(
      text: Array(text.prefix(8)), vocabulary: try run.recipe.vocabulary, parameters: run.recipe.parameters,
      profile: .base)
    let rows = RowArrangement.context.rows(layout.rows, run.recipe.parameters, .base)
    // Segments of four tokens and two COMP rows each, then an empty place for what follows: one text token.
    let parameters = try ContextParameters(
      textSize: 258, memoryTokens: 2, beginningToken: nil, profile: .base, rate: nil)
    let context = try ContextLayout(
      ContextText(segments: [Array(text[0..<4]), Array(text[4..<8]), [0]], outputLength: 0), parameters: parameters)
    let mask = ContextMask(rows: context.rows, parameters: parameters, finalSegment: 2)
    let compared = 12
    for query in 0..<compared {
      #expect(rows[query].position == context.rows[query].position, "row \(query)")
      for key in 0...query {
        #expect(
          RecitedContext.sees(rows[query].place, rows[key].place) == mask.rule(query: query, key: key).isVisible,
          "\(query) \(key)")
      }
    }
    // COMP_0 and COMP_1 are V and V + 1, `<r>` is V + 2; rows that recite stand behind the last chunk.
    #expect(rows[4].token == 256 && rows[5].token == 257 && rows[12].token == 258)
    for query in compared..<rows.count {
      for key in 0...query {
        let (q, k) = (rows[query].place, rows[key].place)
        let expected = k.zone == .memory || k.zone == .repetition && q.chunk == k.chunk
        #expect(RecitedContext.sees(q, k) == expected)
      }
      #expect(rows[query].label == text[rows[query].position])
    }
  }

  @Test func `EQB-10 the mean held after one chunk is its memory, and recites bit for bit what the concatenated does`()
    throws
  {
    let (first, second) = (try run(.merged), try run(.context))
    #expect(first.recipe.configuration == second.recipe.configuration)
    let ids = try first.recipe.vocabulary
    for chunks in 1...3 {
      let moment = BudgetMoment(chunks: chunks, chunkLength: 4)
      let text = (0..<4 * chunks + 5).map { 97 + ($0 * 7 + chunks) % 26 }
      let logits = try [first, second].map { run in
        let rows = try MomentRows(
          text, at: moment, arrangement: run.recipe.arrangement, vocabulary: ids, parameters: run.recipe.parameters)
        let stored = try StoredText(rows, model: model(first), arrangement: run.recipe.arrangement)
        return [try stored.logits(rows.repetition), try stored.logits(rows.next)]
      }
      #expect((logits[0] == logits[1]) == (chunks == 1), "\(chunks)")
    }
  }

  @Test func `EQB-5 EQB-10 what is held of all chunks recites what the rows of training recite, bit for bit`() throws {
    for group in [TrainedGroup.merged, .context] {
      let run = try run(group)
      for chunks in 1...3 {
        let text = (0..<4 * chunks).map { 97 + ($0 * 5 + chunks) % 26 }
        let rows = try MomentRows(
          text, at: BudgetMoment(chunks: chunks, chunkLength: 4), arrangement: run.recipe.arrangement,
          vocabulary: try run.recipe.vocabulary, parameters: run.recipe.parameters)
        let whole = try model(run).forward(
          rows: rows.fed + rows.repetition, profile: .base, rules: run.recipe.rules,
          further: run.recipe.arrangement.further)
        let recited = try StoredText(rows, model: model(run), arrangement: run.recipe.arrangement)
          .logits(rows.repetition)
        for r in 0..<recited.rows {
          #expect(recited.row(r) == whole.logits.row(rows.fed.count + r), "\(group), \(chunks) chunks, row \(r)")
        }
      }
    }
  }

  @Test func `EQB-10 with the same weights one chunk gives both memories the same step of training`() throws {
    let plan = try BudgetPlan(
      try Recipe(parsing: Array(BudgetCommandTests.recipe.replacing("\"chunks\": 3", with: "\"chunks\": 1").utf8)),
      seeds: 1)
    let folder = try TemporaryFolder()
    try Files.replace(folder.path + "/corpus.txt", with: BudgetCommandTests.corpus)
    let points = try [TrainedGroup.merged, .context].map { group in
      var points: [CurvePoint] = []
      let run = try #require(plan.runs.first { $0.group == group })
      var training = try LatentTrainingRun(
        run.recipe, corpora: folder.path, folder: folder.path + "/" + run.name, resumes: false)
      try training.advance(stoppingAfter: .max, threads: 1) { points.append($0) }
      return points
    }
    #expect(points[0].count == 2 && points[0][0] == points[1][0])
    #expect((points[0][1].repetition - points[1][1].repetition).magnitude < 1e-12)
  }

  @Test func `EQB-5 what is held of another chunk changes no recital of LoMA and the twin`() throws {
    for group in [TrainedGroup.loma, .twin, .latentQuarter, .sharedLatent] {
      let run = try run(group)
      // The last chunk of the text is another one; the first one's recital must not know.
      let other = Array(text[0..<4]) + [120, 119, 118, 117]
      let both = try [Array(text[0..<8]), other].map { text in
        let rows = try rows(run, text)
        let first = MomentRows(fed: rows.fed, repetition: Array(rows.repetition[0..<4]), next: [])
        return try StoredText(first, model: model(run), arrangement: run.recipe.arrangement)
          .logits(first.repetition).values
      }
      #expect(both[0] == both[1], "\(group)")
    }
  }

  @Test
  func `EQB-6 every group is asked for the same tokens behind the moment, and noise and bits of 0 change nothing`()
    throws
  {
    for group in TrainedGroup.allCases where group != .pooled {
      let run = try run(group)
      let rows = try rows(run, text)
      #expect(rows.next.map { $0.token } == Array(text[8..<12]) && rows.next.map { $0.label } == Array(text[9..<13]))
      #expect(rows.next.map { $0.position } == [8, 9, 10, 11])
      #expect(rows.repetition.map { $0.position } == Array(0..<8))
      let stored = try StoredText(rows, model: model(run), arrangement: run.recipe.arrangement)
      let ids = try run.recipe.vocabulary
      let measured = try stored.measured(vocabulary: ids, chunkLength: 4)
      #expect(measured.lossCount == 4 && measured.lossSum > 0)
      #expect(try stored.noisy(deviation: 0, seed: 3).measured(vocabulary: ids, chunkLength: 4) == measured)
      let fine = try stored.quantised(bits: 24).measured(vocabulary: ids, chunkLength: 4)
      #expect(abs(fine.lossSum - measured.lossSum) < 1e-3)
      let noisy = try stored.noisy(deviation: 0.5, seed: 3).measured(vocabulary: ids, chunkLength: 4)
      #expect(noisy.lossSum != measured.lossSum)
    }
  }

  /// A model of the group that pools, in which tokens of both kinds stand.
  private func pooledModel() throws -> PooledModel {
    let run = try run(.pooled)
    var weights = weights(run)
    for layer in 0..<2 {
      let name = LatentLayerNames(index: layer).key
      for row in [7, 15] { for i in 0..<16 { weights.tensors[name]?[row, i] *= 6 } }
    }
    return PooledModel(
      configuration: try #require(run.recipe.configuration.llama), weights: Weights(weights),
      functions: .llama(workers: .single))
  }

  @Test func `EQB-6 BAS-26 a model that pools is asked for the same tokens, and noise and bits of 0 change nothing`()
    throws
  {
    let run = try run(.pooled)
    let (rows, ids) = (try rows(run, text), try run.recipe.vocabulary)
    #expect(rows.next.map { $0.token } == Array(text[8..<12]) && rows.repetition.map { $0.position } == Array(0..<8))
    let read = PooledText(rows, model: try pooledModel())
    func measured(_ stored: PooledEntries) throws -> PooledMeasured {
      try read.measured(stored, vocabulary: ids, chunkLength: 4)
    }
    let whole = try measured(.whole)
    // Two layers of two heads, 8 tokens: some have an entry of their own, some do not.
    #expect(whole.entries >= 4 && whole.entries < 32 && whole.entries > 4)
    #expect(whole.measured.lossCount == 4 && whole.measured.recited.tokens == 8)
    #expect(try measured(.noisy(deviation: 0, seed: 3)) == whole)
    let fine = try measured(PooledEntries(bits: 24, dimension: 8))
    #expect(fine.entries == whole.entries && abs(fine.measured.lossSum - whole.measured.lossSum) < 1e-3)
    #expect(try measured(.noisy(deviation: 0.5, seed: 3)).measured.lossSum != whole.measured.lossSum)
    #expect(try measured(PooledEntries(bits: 1, dimension: 8)).measured.lossSum != whole.measured.lossSum)
    #expect(throws: PeerError.self) { try PooledEntries(bits: 0, dimension: 8) }
  }

  @Test func `BAS-18 noise on entries that are pooled has the rms of each head's stored keys and values`() throws {
    let runs = PooledRuns(starts: (0..<400).map { $0 % 2 == 0 })
    var means = Tensor(zeros: [400, 8])
    // Keys of 3 and a channel that decides of 100; values of 5; tokens that no entry ends with, of 1000.
    for t in 0..<400 {
      for i in 0..<8 { means[t, i] = t % 2 == 0 ? 1000 : i < 3 ? 3 : i == 3 ? 100 : 5 }
    }
    let storage = try #require(PooledEntries.noisy(deviation: 0.1, seed: 5).storage(dimension: 4))
    let noisy = storage(1, 0, runs, means)
    for part in [0..<3, 4..<8] {
      var squares = 0.0
      for t in runs.ends { for i in part { squares += (noisy[t, i] - means[t, i]) * (noisy[t, i] - means[t, i]) } }
      let rms = (squares / Double(200 * part.count)).squareRoot()
      let expected = part.lowerBound == 0 ? 0.3 : 0.5
      #expect((rms - expected).magnitude < 0.1 * expected, "\(part)")
    }
    #expect(runs.ends.allSatisfy { noisy[$0, 3] == 100 } && noisy.row(0).allSatisfy { $0 == 1000 })
    #expect(storage(0, 0, runs, means) != noisy, "a generator a layer")
  }

  @Test func `EQB-6 nothing held is a text without a past`() throws {
    let run = try run(.twin)
    let decoder = try decoder(run)
    let rows = try rows(run, text)
    let method = try TwinMethod(.last(entries: 0), on: decoder, calibration: CalibrationTexts(texts: []))
    let read = try TwinText(rows, model: decoder)
    let measured = try read.measured(
      try read.left(by: method).caches, by: method, vocabulary: try run.recipe.vocabulary, chunkLength: 4)
    let alone = try decoder.prefill(
      embeddings: try decoder.embed(Array(text[8..<12])), positions: [8, 9, 10, 11],
      visible: .causal(rows: 4, behind: 0))
    var sum = 0.0
    for row in 0..<4 { sum += CrossEntropy.forward(alone.logits.row(row), label: text[9 + row]) }
    #expect(measured.lossSum == sum)
  }

  @Test func `EQB-8 calibration is of the training part, and what is measured of the rest`() throws {
    let folder = try TemporaryFolder()
    try Files.replace(folder.path + "/corpus.txt", with: BudgetCommandTests.corpus)
    let plan = try plan()
    let corpus = BudgetCommandTests.corpus.map(Int.init)
    let (training, rest) = (Array(corpus[..<240]), Array(corpus[240...]))
    func holds(_ part: [Int], _ text: [Int]) -> Bool {
      (0...part.count - text.count).contains { Array(part[$0..<$0 + text.count]) == text }
    }
    let calibration = try CalibrationTexts(plan.basis.data, length: 12, corpora: folder.path)
    #expect(calibration.texts.count == CalibrationTexts.count)
    for text in calibration.texts { #expect(holds(training, text) && !holds(rest, text)) }
    for text in try TrainingTexts(plan.basis.data, textLength: 12, folder: folder.path).fresh(atMost: 9, seed: 1) {
      #expect(holds(rest, text))
    }
    #expect(plan.moments.map { $0.length } == [8, 12])
    #expect(plan.moments.map { plan.hasLoss(at: $0) } == [true, false])
  }
}
