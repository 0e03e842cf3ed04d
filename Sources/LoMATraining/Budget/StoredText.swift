// EQB-3, EQB-5, EQB-6: a text in the cache of a trained model at the moment, as it is or stored otherwise, and what
// that gives back.

import LoMA
import LoMAPeers
import LoMAPeersReference
import LoMAReference
import NaiveLlama

/// The entries that a trained model holds of a text at the moment.
package struct StoredText: Sendable {
  private let model: LatentModel
  private let rules: LoMARules
  private let rows: MomentRows
  /// The rows whose places the entries have; of memory that is merged, those of the last chunk.
  private let held: [Row]
  /// By producer, an entry for each row held.
  private var entries: [StoredEntries]

  /// Reads the first n tokens and drops what the arrangement drops.
  package init(_ rows: MomentRows, model: LatentModel, arrangement: RowArrangement) throws(ReferenceError) {
    self.model = model
    self.rows = rows
    rules = arrangement.rules
    let trace = try computing(
      try model.forward(rows: rows.fed, profile: .base, rules: rules, further: arrangement.further))
    if let merged = arrangement.merged(rows.fed) {
      held = (merged.blocks.last ?? []).map { rows.fed[$0] }
      entries = trace.stored.map {
        let mean = merged.last(of: KeyValues(keys: $0.keys, values: $0.contents))
        return StoredEntries(contents: mean.values, keys: mean.keys)
      }
    } else {
      let places = Set(rows.held.map { $0.place })
      let kept = rows.fed.indices.filter { places.contains(rows.fed[$0].place) }
      held = rows.held
      entries = trace.stored.map { $0.selecting(kept) }
    }
  }

  /// The logits of rows behind the entries.
  func logits(_ fed: [Row]) throws(ReferenceError) -> Tensor {
    let mask = Mask(rows: held + fed, profile: .base)
    let embeddings = try computing(try model.embed(fed.map { $0.token }))
    return try computing(
      try model.forward(
        embeddings: embeddings, positions: fed.map { $0.position },
        visible: rules.visible(mask, held.count..<held.count + fed.count), past: entries)
    ).logits
  }

  /// What the entries give back.
  package func measured(vocabulary: Vocabulary, chunkLength: Int) throws(ReferenceError) -> Measured {
    var measured = Measured()
    measured.count(
      rows, repetition: try logits(rows.repetition), next: rows.next.isEmpty ? nil : try logits(rows.next),
      vocabulary: vocabulary, length: chunkLength)
    return measured
  }

  // MARK: - Stored otherwise

  /// The widths of the parts that are stored by themselves: a head's value and key, or the latent and its rotated key.
  private var widths: (contents: Int, keys: Int) {
    switch model.configuration.attention.form {
    case .heads(_, _, let dimension): (dimension, dimension)
    case .latent(let widths): (widths.latent, widths.rotated)
    }
  }

  /// The same entries in b bits a number, a group for each part of each (QNT-1). Throws `bitsOutOfRange`.
  package func quantised(bits: Int) throws(PeerError) -> StoredText {
    let widths = widths
    func read(_ x: Tensor, _ group: Int) throws(PeerError) -> Tensor {
      guard x.columns > 0 else { return x }
      return try Quantiser(form: .asymmetric, bits: bits, group: group, scaleRounding: .none).quantised(x)
    }
    var stored = self
    for producer in entries.indices {
      stored.entries[producer] = StoredEntries(
        contents: try read(entries[producer].contents, widths.contents),
        keys: try read(entries[producer].keys, widths.keys))
    }
    return stored
  }

  /// The same entries with noise: every number x of a part becomes x + σ·rms·ξ, rms over that part of all entries, ξ
  /// from a generator a producer, keys first.
  package func noisy(deviation: Double, seed: UInt64) -> StoredText {
    let widths = widths
    var stored = self
    for producer in entries.indices {
      var numbers = SeededNumbers(seed: seed &+ UInt64(producer))
      let keys = Self.noisy(entries[producer].keys, width: widths.keys, deviation, &numbers)
      let contents = Self.noisy(entries[producer].contents, width: widths.contents, deviation, &numbers)
      stored.entries[producer] = StoredEntries(contents: contents, keys: keys)
    }
    return stored
  }

  private static func noisy(
    _ x: Tensor, width: Int, _ deviation: Double, _ numbers: inout SeededNumbers
  ) -> Tensor {
    guard width > 0, x.rows > 0 else { return x }
    let parts = x.columns / width
    var squares = [Double](repeating: 0, count: parts)
    for r in 0..<x.rows {
      for (column, value) in x.row(r).enumerated() { squares[column / width] += value * value }
    }
    let scales = squares.map { deviation * ($0 / Double(x.rows * width)).squareRoot() }
    let noise = numbers.deviates(x.values.count, mean: 0, standardDeviation: 1)
    var changed = x
    for index in changed.values.indices {
      changed.values[index] += scales[index % x.columns / width] * noise[index]
    }
    return changed
  }
}

// MARK: - Bits

/// What a trained model's cache occupies at a moment (EQB-1).
package enum StoredTextBits {
  /// The bits of so many tokens' entries, each part of an entry in b bits; nil: as the model stores them.
  package static func bits(
    entries: Int, _ attention: LatentParameters, layers: Int, bits: Int?
  ) throws(PeerError) -> Int {
    let cost = try LatentCost(attention, layers: layers)
    guard let bits else { return try StoredBits.product(entries, cost.tokenBits) }
    func part(_ count: Int, groups: Int) throws(PeerError) -> Int {
      try StoredBits.payload(count: count, bits: bits, groups: groups, form: .asymmetric)
    }
    let entry: Int
    switch attention.form {
    case .heads(_, let keyValue, let dimension):
      entry = try part(2 * keyValue * dimension, groups: 2 * keyValue)
    case .latent(let widths):
      entry = try StoredBits.sum(part(widths.latent, groups: 1), part(widths.rotated, groups: 1))
    }
    return try StoredBits.product(StoredBits.product(entries, cost.producers), entry)
  }

  /// The entries of a token's text held at the moment, and the most that were held before it.
  package static func entries(
    _ arrangement: RowArrangement, _ parameters: Parameters, at moment: BudgetMoment
  ) -> (held: Int, peak: Int) {
    switch arrangement {
    case .twin: (moment.length, moment.length)
    case .loma, .context:
      (
        parameters.t * moment.chunks,
        parameters.t * moment.chunks + moment.chunkLength
      )
    case .merged:
      // CCM-28: the mean of the chunks before, the last chunk, and its own entries before they enter.
      (parameters.t, parameters.t * min(moment.chunks, 2) + moment.chunkLength)
    }
  }
}
