// GEN-1…GEN-8, REC-1, REC-3, REC-4: text through the compressed cache, and a chunk read back from its memory.

import LoMA
import NaiveLlama

/// Cached rows in cache order, with their keys and values in every layer.
public struct KeyValueCache: Hashable, Sendable {
  /// Zone, chunk, index and position of every entry; a cached row has no label.
  public private(set) var rows: [Row] = []
  /// One matrix pair per layer, an entry per row.
  public private(set) var layers: [KeyValues]

  /// A cache without entries.
  init(empty layers: [KeyValues]) { self.layers = layers }

  /// The number of entries.
  public var count: Int { rows.count }

  /// Appends the entries of rows just fed.
  mutating func append(_ fed: [Row], from trace: ForwardTrace) {
    rows += fed
    for (index, layer) in trace.layers.enumerated() { layers[index] = layers[index].appending(layer.own) }
  }

  /// Removes the entries whose places are not kept (GEN-3); the others keep their order.
  mutating func keepEntries(_ keeps: (Place) -> Bool) {
    let kept = rows.indices.filter { keeps(rows[$0].place) }
    rows = kept.map { rows[$0] }
    layers = layers.map { layer in
      KeyValues(keys: layer.keys.selecting(rows: kept), values: layer.values.selecting(rows: kept))
    }
  }
}

/// What one pass through the model did, told to an observer.
public struct GenerationEvent: Sendable {
  /// The rows fed; empty for a drop.
  public let fed: [Row]
  /// Their logits: [fed.count, V'].
  public let logits: Tensor
  /// The schedule's name for it; several text tokens read in one pass are one event, named after the last.
  public let event: CacheEvent
  /// The cache after the event.
  public let cache: KeyValueCache
  /// Text tokens fed so far.
  public let fedLength: Int
}

/// A text being read or written with compression on.
public struct Generator: Sendable {
  /// The decoder that rows pass through.
  public let transformer: Transformer
  /// Text ids and special ids.
  public let vocabulary: Vocabulary
  /// c, t and L.
  public let parameters: Parameters
  /// The decisions in force.
  public let profile: Profile
  /// The Spec's rules, or deliberately wrong ones.
  public var rules = LoMARules.spec
  /// The cache after everything fed so far.
  public private(set) var cache: KeyValueCache
  /// The number of text tokens fed.
  public private(set) var fedLength = 0
  /// The logits of the last reading row fed, from which the next token is chosen (GEN-4); nil before the first.
  public private(set) var lastLogits: [Double]?
  /// The logits of each full chunk's last memory row, kept for REC-4.
  public private(set) var lastMemoryLogits: [[Double]] = []

  /// A generator that has read nothing; the vocabulary must have V' ids, like the model.
  public init(transformer: Transformer, vocabulary: Vocabulary, parameters: Parameters, profile: Profile) {
    precondition(vocabulary.modelSize == transformer.configuration.vocabularySize, "one V'")
    self.transformer = transformer
    self.vocabulary = vocabulary
    self.parameters = parameters
    self.profile = profile
    self.cache = KeyValueCache(empty: transformer.noPast)
  }

  /// Feeds text tokens, at most `passLength` in one pass and never across a chunk border (GEN-2, GEN-8); compresses as
  /// soon as a chunk is full (GEN-3). The result does not depend on `passLength`. After an error nothing was fed.
  public mutating func feed(
    _ tokens: [Int], passLength: Int, observe: (GenerationEvent) -> Void
  ) throws(ReferenceError) {
    precondition(passLength >= 1, "at least one token a pass")
    try rejecting(try rules.check(vocabulary, tokens))
    try rejecting(try Parameters.check(textLength: fedLength + tokens.count))
    // The rule is `CacheState`'s, the loop is not: that one feeds a token a step, this one as many as a pass may hold.
    var ahead = self
    var next = 0
    while next < tokens.count {
      let inChunk = ahead.fedLength % parameters.chunkLength
      let border = rules.compression.next(ahead.fedLength, parameters)
      let count = min(
        passLength, parameters.chunkLength - inChunk, border - ahead.fedLength, tokens.count - next)
      try ahead.read(Array(tokens[next..<next + count]), observe: observe)
      next += count
      if ahead.fedLength == border { try ahead.compress(observe: observe) }
    }
    if rules.compressesTail(ahead.fedLength, parameters) { try ahead.compress(observe: observe) }
    self = ahead
  }

  /// One pass of reading rows of the current chunk.
  private mutating func read(_ tokens: [Int], observe: (GenerationEvent) -> Void) throws(ReferenceError) {
    let (chunk, first) = fedLength.quotientAndRemainder(dividingBy: parameters.chunkLength)
    let rows = tokens.enumerated().map { row($1, .reading(chunk: chunk, index: first + $0)) }
    let trace = try pass(rows)
    cache.append(rows, from: trace)
    fedLength += tokens.count
    lastLogits = Array(trace.logits.row(rows.count - 1))
    observe(event(.read(textIndex: fedLength - 1), rows, trace.logits))
  }

  /// GEN-3: the chunk's memory rows in one pass, then its reading entries go.
  private mutating func compress(observe: (GenerationEvent) -> Void) throws(ReferenceError) {
    let chunk = lastMemoryLogits.count
    let rows = (0..<parameters.t).map { row(vocabulary.memoryToken, .memory(chunk: chunk, index: $0)) }
    var logits = Tensor(zeros: [0, transformer.configuration.vocabularySize])
    for part in rules.memoryPasses(parameters.t) {
      let trace = try pass(Array(rows[part]))
      cache.append(Array(rows[part]), from: trace)
      logits = logits.appending(trace.logits)
    }
    let last = Array(logits.row(rows.count - 1))
    lastMemoryLogits.append(last)
    lastLogits = rules.logitsAfterCompression(lastLogits, last)
    observe(event(.compress(chunk: chunk), rows, logits))
    let keeps = rules.compression.keeps
    cache.keepEntries { keeps($0, chunk) }
    observe(event(.drop(chunk: chunk), [], Tensor(zeros: [0, transformer.configuration.vocabularySize])))
  }

  private func event(_ event: CacheEvent, _ fed: [Row], _ logits: Tensor) -> GenerationEvent {
    GenerationEvent(fed: fed, logits: logits, event: event, cache: cache, fedLength: fedLength)
  }

  /// A forward pass of rows behind the cache, which is left as it is; the training layout's mask says what each sees.
  ///
  /// Throws `nonFiniteNorm` or `nonFiniteLogits` at the first row from which no token could be chosen.
  func pass(_ rows: [Row]) throws(ReferenceError) -> ForwardTrace {
    let mask = Mask(rows: cache.rows + rows, profile: profile)
    let visible = rules.visible(mask, cache.count..<mask.rows.count)
    let embeddings = try computing(try transformer.embed(rows.map { $0.token }))
    let trace = try computing(
      try transformer.forward(
        embeddings: embeddings, positions: rows.map { $0.position }, visible: visible, past: cache.layers))
    for (r, row) in rows.enumerated() {
      guard trace.normsAreFinite(row: r) else { throw .nonFiniteNorm(row.place) }
      guard trace.logits.row(r).allSatisfy({ $0.isFinite }) else { throw .nonFiniteLogits(row.place) }
    }
    return trace
  }

  func row(_ token: Int, _ place: Place) -> Row {
    Row(
      token: rules.token(token, place), place: place, position: rules.position(place, parameters, profile), label: nil)
  }
}

extension ForwardTrace {
  /// Whether every RMSNorm summed finite squares in a row; an infinite sum would hide as a row of zeros.
  func normsAreFinite(row: Int) -> Bool {
    func isFinite(_ input: Tensor) -> Bool {
      var sum = 0.0
      for value in input.row(row) { sum += value * value }
      return sum.isFinite
    }
    return layers.allSatisfy { isFinite($0.input) && isFinite($0.attentionResidual) } && isFinite(hidden)
  }
}

/// A chunk as the cache remembers it.
public struct ReconstructedChunk: Hashable, Sendable {
  /// The greedy tokens, L of them (GEN-5).
  public let tokens: [Int]
  /// The logits of the L repetition rows: [L, V'].
  public let logits: Tensor
}

extension Generator {
  /// Reconstructs a full chunk fed before; the repetition rows see what MSK-8 and MSK-9 allow and are never cached.
  ///
  /// Throws `no-such-chunk`.
  public func reconstruct(chunk: Int) throws(ReferenceError) -> ReconstructedChunk {
    let plan = try rejecting(
      try Reconstruction(chunk: chunk, textLength: fedLength, parameters: parameters, profile: profile))
    let rows = (0..<parameters.chunkLength).map {
      row(vocabulary.repetitionToken, .repetition(chunk: chunk, index: $0))
    }
    let logits = try pass(rows).logits
    let tokens = plan.predictingRows.map { source in
      switch source {
      case .repetition(let index): rules.choose(vocabulary, Array(logits.row(index)))
      case .lastMemory: rules.choose(vocabulary, lastMemoryLogits[chunk])
      }
    }
    return ReconstructedChunk(tokens: tokens, logits: logits)
  }
}
