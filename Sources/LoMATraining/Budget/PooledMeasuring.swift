// EQB-1, EQB-3, EQB-5, EQB-6: a model that pools tokens being measured, by the decisions of BAS-15. What it holds depends
// on the text: a setting's bits are the most of any text, and the mean is told beside them.

import LoMA
import LoMAPeers
import LoMAPeersReference
import LoMAReference
import LoMAVectors
import NaiveLlama

/// What becomes of the entries of a model that pools.
enum PooledEntries: Hashable, Sendable {
  case whole
  /// In b bits a number, a group for an entry's key and one for its value (QNT-1), the key before the rotation.
  case quantised(Quantiser)
  /// With noise of a deviation in the rms of a head's stored keys, or values (BAS-18), from a generator a layer and head.
  case noisy(deviation: Double, seed: UInt64)

  /// Entries in so many bits; nil: as they are. Throws `bitsOutOfRange`.
  init(bits: Int?, dimension: Int) throws(PeerError) {
    guard let bits else {
      self = .whole
      return
    }
    self = .quantised(try Quantiser(form: .asymmetric, bits: bits, group: dimension, scaleRounding: .none))
  }

  /// As a pass asks for it; heads of d channels, the last of a key being the one that decides, which is not read.
  func storage(dimension d: Int) -> PooledStorage? {
    switch self {
    case .whole: nil
    case .quantised(let quantiser):
      { _, _, _, means in
        var means = means
        for t in 0..<means.rows { means[t, d - 1] = 0 }
        return quantiser.quantised(means)
      }
    case .noisy(let deviation, let seed):
      { layer, head, runs, means in
        var means = means
        var numbers = SeededNumbers(seed: seed &+ UInt64(layer << 16 + head))
        let ends = runs.ends
        for part in [0..<d - 1, d..<2 * d] {
          var squares = 0.0
          for t in ends { for i in part { squares += means[t, i] * means[t, i] } }
          let scale = deviation * (squares / Double(ends.count * part.count)).squareRoot()
          for t in ends {
            for i in part { means[t, i] += scale * numbers.deviate(mean: 0, standardDeviation: 1) }
          }
        }
        return means
      }
    }
  }
}

/// A text read by a model that pools.
struct PooledText: Sendable {
  private let rows: MomentRows
  private let text: PooledRows
  private let model: PooledModel

  /// The text of some rows; what was fed before the moment is held.
  init(_ rows: MomentRows, model: PooledModel) {
    self.rows = rows
    self.model = model
    text = PooledRows(reading: rows.fed + rows.next, repetition: rows.repetition, held: rows.fed.count)
  }

  /// The tokens that the repetition rows choose, and how many entries they read from, by layer and KV head.
  func recital(vocabulary: Vocabulary) throws(ReferenceError) -> (tokens: [Int], byHead: [Int]) {
    let trace = try computing(try model.forward(text, deciding: .hard))
    return (
      (text.tokens..<text.rows.count).map { vocabulary.greedyToken(Array(trace.logits.row($0))) },
      trace.entries(of: text.held)
    )
  }

  /// What the entries give back, and how many they are.
  func measured(
    _ stored: PooledEntries, vocabulary: Vocabulary, chunkLength: Int
  ) throws(ReferenceError) -> PooledMeasured {
    let trace = try computing(
      try model.forward(text, deciding: .hard, storage: stored.storage(dimension: model.configuration.heads.dimension)))
    let next = Array(text.held..<text.tokens)
    var measured = Measured()
    measured.count(
      rows, repetition: trace.logits.selecting(rows: Array(text.tokens..<text.rows.count)),
      next: next.isEmpty ? nil : trace.logits.selecting(rows: next), vocabulary: vocabulary, length: chunkLength)
    return PooledMeasured(measured: measured, byHead: trace.entries(of: text.held))
  }
}

/// What one text gave back, and how many entries it had at the moment, by layer and KV head.
struct PooledMeasured: Hashable, Sendable {
  let measured: Measured
  let byHead: [Int]

  /// Of all layers and KV heads.
  var entries: Int { byHead.reduce(0, +) }
}

extension BudgetMeasuring {
  /// The group as it is and its entries in fewer bits at every moment, and with noise at the last.
  func pooled(progress: (String) -> Void) throws(TrainingError) -> (lines: [BudgetLine], noise: [NoiseLine]) {
    let vocabulary = try vocabulary()
    guard let llama = recipe.configuration.llama else { throw .otherShape }
    let model = PooledModel(
      configuration: llama, weights: Weights(weights), functions: .llama(workers: .single))
    let dimension = llama.heads.dimension
    var (lines, noise): ([BudgetLine], [NoiseLine]) = ([], [])
    for moment in plan.moments {
      let texts = try rows(moment).map { PooledText($0, model: model) }
      func measured(
        _ stored: @escaping @Sendable (_ text: Int) -> PooledEntries
      ) throws(TrainingError) -> [PooledMeasured] {
        try mapped(texts.count) { (index) throws(ReferenceError) in
          try texts[index].measured(stored(index), vocabulary: vocabulary, chunkLength: moment.chunkLength)
        }
      }
      for bits in [nil] + compositions.map({ Optional($0) }) {
        progress("\(run.name) · n = \(moment.length) · " + (bits.map { "\($0) bits" } ?? "as it is"))
        let stored: PooledEntries
        do { stored = try PooledEntries(bits: bits, dimension: dimension) } catch { throw .latent(.peer(error)) }
        lines.append(try line(moment, bits: bits, dimension, try measured { _ in stored }))
      }
      guard moment == plan.moments.last else { continue }
      for hundredths in BudgetPlan.noises {
        progress("\(run.name) · noise \(hundredths) hundredths")
        let given = try measured { text in
          .noisy(deviation: Double(hundredths) / 100, seed: BudgetPlan.freshSeed + UInt64(text) << 8)
        }
        noise.append(
          NoiseLine(
            length: moment.length, hundredths: hundredths,
            recited: given.reduce(Measured()) { $0 + $1.measured }.recited))
      }
    }
    return (lines, noise)
  }

  private func line(
    _ moment: BudgetMoment, bits: Int?, _ dimension: Int, _ given: [PooledMeasured]
  ) throws(TrainingError) -> BudgetLine {
    func size(_ entries: Int, _ bits: Int?) throws(TrainingError) -> Int {
      do {
        guard let bits else { return try PooledRuns.bits(entries: entries, dimension: dimension) }
        return try StoredBits.payload(
          count: StoredBits.product(2 * dimension, entries), bits: bits, groups: StoredBits.product(2, entries),
          form: .asymmetric)
      } catch { throw .latent(.peer(error)) }
    }
    let old = plan.basis.configuration
    let full: Int
    do {
      full = try moment.fullBits(
        layers: old.layers, keyValueHeads: old.heads.keyValue, dimension: old.heads.dimension)
    } catch { throw .latent(.peer(error)) }
    var (most, sum) = (0, 0)
    for text in given {
      most = max(most, text.entries)
      sum += try size(text.entries, bits)
    }
    let name = run.group.rawValue
    return BudgetLine(
      method: bits == nil ? name : "uniform ∘ \(name)", parameters: bits.map { "bits=\($0)" } ?? "",
      length: moment.length, bits: try size(most, bits), peak: try size(most, nil), side: 0,
      measured: given.reduce(Measured()) { $0 + $1.measured },
      found: "mean \(percentage(sum, of: given.count * full))" + (bits == nil ? Self.heads(given, moment) : ""))
  }

  /// How many KV heads begin an entry with every second token or more, in words.
  private static func heads(_ given: [PooledMeasured], _ moment: BudgetMoment) -> String {
    let heads = given.first?.byHead.count ?? 0
    let full = (0..<heads).count { head in
      2 * given.reduce(0) { $0 + $1.byHead[head] } >= given.count * moment.length
    }
    return ", \(full) of \(heads) heads with an entry for half the tokens or more"
  }
}
