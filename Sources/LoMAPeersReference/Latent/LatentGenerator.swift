// LAT-9: LoMA's compressed cache (GEN-1…GEN-8, REC-1, REC-3, REC-4) of latent entries. When a chunk is compressed, what
// stays, where rows stand and what they see is LoMA's; only what an entry holds is this chapter's.

import LoMA
import LoMAReference
import NaiveLlama

/// Cached rows in cache order, with what every producer stored of them.
package struct LatentCache: Hashable, Sendable {
  /// Zone, chunk, index and position of every entry; a cached row has no label.
  package private(set) var rows: [Row] = []
  /// By rising producer, an entry per row.
  package private(set) var stored: [StoredEntries]

  /// A cache without entries.
  init(empty stored: [StoredEntries]) { self.stored = stored }

  /// The number of entries of one producer.
  package var count: Int { rows.count }

  /// Appends the entries of rows just fed.
  mutating func append(_ fed: [Row], from trace: LatentTrace) {
    rows += fed
    for (place, entries) in trace.stored.enumerated() { stored[place] = stored[place].appending(entries) }
  }

  /// Removes the entries whose places are not kept, those of all producers alike (GEN-3); the others keep their order.
  mutating func keepEntries(_ keeps: (Place) -> Bool) {
    let kept = rows.indices.filter { keeps(rows[$0].place) }
    rows = kept.map { rows[$0] }
    for place in stored.indices { stored[place] = stored[place].selecting(kept) }
  }
}

/// What one pass through the model did, told to an observer.
package struct LatentEvent: Sendable {
  /// The rows fed; empty for a drop.
  package let fed: [Row]
  /// Their logits: [fed.count, V'].
  package let logits: Tensor
  /// The schedule's name for it; several text tokens read in one pass are one event, named after the last.
  package let event: CacheEvent
  /// The cache after the event.
  package let cache: LatentCache
}

/// A text being read or written with LoMA's compression on, by a model with latent attention.
package struct LatentGenerator: Sendable {
  package let model: LatentModel
  /// Text ids and special ids.
  package let vocabulary: Vocabulary
  /// c, t and L.
  package let parameters: Parameters
  /// LoMA's decisions in force.
  package let profile: Profile
  /// LoMA's rules: the Spec's, or deliberately wrong ones.
  package var rules = LoMARules.spec
  /// The cache after everything fed so far.
  package private(set) var cache: LatentCache
  /// The number of text tokens fed.
  package private(set) var fedLength = 0
  /// The logits of the last reading row fed, from which the next token is chosen (GEN-4); nil before the first.
  package private(set) var lastLogits: [Double]?
  /// The logits of each full chunk's last memory row, kept for REC-4.
  package private(set) var lastMemoryLogits: [[Double]] = []

  /// A generator that has read nothing; the vocabulary must have V' ids, like the model.
  package init(model: LatentModel, vocabulary: Vocabulary, parameters: Parameters, profile: Profile) {
    precondition(vocabulary.modelSize == model.configuration.shape.vocabularySize, "one V'")
    self.model = model
    self.vocabulary = vocabulary
    self.parameters = parameters
    self.profile = profile
    self.cache = LatentCache(empty: model.noPast)
  }

  /// Feeds text tokens, at most `passLength` in one pass and never across a chunk border (GEN-2, GEN-8); compresses as
  /// soon as a chunk is full (GEN-3). The result does not depend on `passLength`. After an error nothing was fed.
  package mutating func feed(
    _ tokens: [Int], passLength: Int, observe: (LatentEvent) -> Void
  ) throws(ReferenceError) {
    precondition(passLength >= 1, "at least one token a pass")
    try rejecting(try rules.check(vocabulary, tokens))
    try rejecting(try Parameters.check(textLength: fedLength + tokens.count))
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

  /// Chooses m tokens after the prompt that was fed before; the last one is chosen but not fed (GEN-5).
  ///
  /// Throws `empty-prompt` if m > 0 and nothing was fed. After an error nothing was fed.
  package mutating func generate(_ m: Int, observe: (LatentEvent) -> Void) throws(ReferenceError) -> [Int] {
    _ = try rejecting(try parameters.fedLength(prompt: fedLength, generating: m))
    var (ahead, chosen): (LatentGenerator, [Int]) = (self, [])
    while chosen.count < m, let logits = ahead.lastLogits {
      let token = rules.choose(vocabulary, logits)
      chosen.append(token)
      if chosen.count < m { try ahead.feed([token], passLength: 1, observe: observe) }
    }
    self = ahead
    return chosen
  }

  /// Reconstructs a full chunk fed before; the repetition rows see what MSK-8 and MSK-9 allow and are never cached.
  ///
  /// Throws `no-such-chunk`.
  package func reconstruct(chunk: Int) throws(ReferenceError) -> (tokens: [Int], logits: Tensor) {
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
    return (tokens, logits)
  }

  /// One pass of reading rows of the current chunk.
  private mutating func read(_ tokens: [Int], observe: (LatentEvent) -> Void) throws(ReferenceError) {
    let (chunk, first) = fedLength.quotientAndRemainder(dividingBy: parameters.chunkLength)
    let rows = tokens.enumerated().map { row($1, .reading(chunk: chunk, index: first + $0)) }
    let trace = try pass(rows)
    cache.append(rows, from: trace)
    fedLength += tokens.count
    lastLogits = Array(trace.logits.row(rows.count - 1))
    observe(LatentEvent(fed: rows, logits: trace.logits, event: .read(textIndex: fedLength - 1), cache: cache))
  }

  /// GEN-3: the chunk's memory rows in one pass, then its reading entries go.
  private mutating func compress(observe: (LatentEvent) -> Void) throws(ReferenceError) {
    let chunk = lastMemoryLogits.count
    let rows = (0..<parameters.t).map { row(vocabulary.memoryToken, .memory(chunk: chunk, index: $0)) }
    let none = Tensor(zeros: [0, model.configuration.shape.vocabularySize])
    var logits = none
    for part in rules.memoryPasses(parameters.t) {
      let trace = try pass(Array(rows[part]))
      cache.append(Array(rows[part]), from: trace)
      logits = logits.appending(trace.logits)
    }
    let last = Array(logits.row(rows.count - 1))
    lastMemoryLogits.append(last)
    lastLogits = rules.logitsAfterCompression(lastLogits, last)
    observe(LatentEvent(fed: rows, logits: logits, event: .compress(chunk: chunk), cache: cache))
    let keeps = rules.compression.keeps
    cache.keepEntries { keeps($0, chunk) }
    observe(LatentEvent(fed: [], logits: none, event: .drop(chunk: chunk), cache: cache))
  }

  /// A forward pass of rows behind the cache, which is left as it is; the training layout's mask says what each sees.
  ///
  /// Throws `nonFiniteLogits` at the first row from which no token could be chosen.
  private func pass(_ rows: [Row]) throws(ReferenceError) -> LatentTrace {
    let mask = Mask(rows: cache.rows + rows, profile: profile)
    let visible = rules.visible(mask, cache.count..<mask.rows.count)
    let embeddings = try computing(try model.embed(rows.map { $0.token }))
    let trace = try computing(
      try model.forward(
        embeddings: embeddings, positions: rows.map { $0.position }, visible: visible, past: cache.stored))
    for (r, row) in rows.enumerated() where !trace.logits.row(r).allSatisfy({ $0.isFinite }) {
      throw .nonFiniteLogits(row.place)
    }
    return trace
  }

  private func row(_ token: Int, _ place: Place) -> Row {
    Row(
      token: rules.token(token, place), place: place, position: rules.position(place, parameters, profile), label: nil)
  }
}
