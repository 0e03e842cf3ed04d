// GEN-2…GEN-8: feeding text through the compressed cache.

import LoMA

/// What one pass through the model did, told to an observer.
public struct GenerationEvent: Sendable {
  /// The rows fed, none for a drop.
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
  /// The model.
  public let transformer: Transformer
  /// Text ids and special ids.
  public let vocabulary: Vocabulary
  /// c, t and L.
  public let parameters: Parameters
  /// The decisions in force.
  public let profile: Profile
  /// What it decides by.
  public var rules = GenerationRules()
  /// The cache after everything fed so far.
  public private(set) var cache: KeyValueCache
  /// How many text tokens were fed.
  public private(set) var fedLength = 0
  /// The logits of the last reading row fed, from which the next token is chosen (GEN-4); none before the first.
  public private(set) var lastLogits: [Double]?
  /// The logits of each full chunk's last memory row, kept for REC-4.
  public private(set) var lastMemoryLogits: [[Double]] = []

  /// A generator that has read nothing; the vocabulary has as many ids as the model.
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
  ) throws(ModelError) {
    precondition(passLength >= 1, "at least one token a pass")
    let fed = fedLength
    try rejecting { () throws(InputError) in
      try rules.check(vocabulary, tokens)
      try Parameters.check(textLength: fed + tokens.count)
    }
    var ahead = self
    var next = 0
    while next < tokens.count {
      let inChunk = ahead.fedLength % parameters.chunkLength
      let border = rules.nextCompression(ahead.fedLength, parameters)
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
  private mutating func read(_ tokens: [Int], observe: (GenerationEvent) -> Void) throws(ModelError) {
    let (chunk, first) = fedLength.quotientAndRemainder(dividingBy: parameters.chunkLength)
    let rows = tokens.enumerated().map { row($1, .reading(chunk: chunk, index: first + $0)) }
    let trace = try pass(rows)
    cache.append(rows, from: trace)
    fedLength += tokens.count
    lastLogits = Array(trace.logits.row(rows.count - 1))
    observe(event(.read(textIndex: fedLength - 1), rows, trace.logits))
  }

  /// GEN-3: the chunk's memory rows in one pass, then its reading entries go.
  private mutating func compress(observe: (GenerationEvent) -> Void) throws(ModelError) {
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
    let keeps = rules.keeps
    cache.keepEntries { keeps($0, chunk) }
    observe(event(.drop(chunk: chunk), [], Tensor(zeros: [0, transformer.configuration.vocabularySize])))
  }

  private func event(_ event: CacheEvent, _ fed: [Row], _ logits: Tensor) -> GenerationEvent {
    GenerationEvent(fed: fed, logits: logits, event: event, cache: cache, fedLength: fedLength)
  }

  /// A forward pass of rows behind the cache, which is left as it is; the training layout's mask says what each sees.
  ///
  /// Throws `nonFiniteNorm` or `nonFiniteLogits` at the first row from which no token could be chosen.
  func pass(_ rows: [Row]) throws(ModelError) -> ForwardTrace {
    let mask = Mask(rows: cache.rows + rows, profile: profile)
    let visible = transformer.functions.visible(mask, cache.count..<mask.rows.count)
    let trace = try transformer.forward(
      embeddings: try transformer.embed(rows.map { $0.token }), positions: rows.map { $0.position }, visible: visible,
      past: cache.layers)
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
    return layers.allSatisfy { isFinite($0.input) && isFinite($0.middle) } && isFinite(hidden)
  }
}

/// Runs a check of the integer core under the model's error type.
func rejecting<Value>(_ check: () throws(InputError) -> Value) throws(ModelError) -> Value {
  do { return try check() } catch { throw .rejected(error) }
}
