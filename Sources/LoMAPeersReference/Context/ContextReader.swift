// CCM-24…CCM-27: a text read segment by segment: each context is fed, compressed and dropped, the final segment is read
// on what remains, and tokens follow.

import LoMAPeers
import NaiveLlama

/// What one pass, or one change of the cache, did; told to an observer.
package struct ContextReading: Sendable {
  /// The rows fed; empty for a drop or a fold.
  package let fed: [ContextRow]
  /// Their logits: [fed.count, V].
  package let logits: Tensor
  /// The schedule's name for it; several text tokens read in one pass are one event, named after the last.
  package let event: ContextEvent
  /// The cache after the event, in cache order.
  package let entries: ContextEntries
  /// Its keys and values in every layer, an entry a row, as they are read.
  package let layers: [KeyValues]
}

/// A text being read, and what is remembered of it.
package struct ContextReader: Sendable {
  package let model: ContextModel
  /// The cached rows, in cache order.
  package private(set) var entries = ContextEntries()
  /// Their keys and values in every layer, an entry a row, as they are read.
  package private(set) var layers: [KeyValues]
  /// T so far: the segments compressed.
  package private(set) var segments = 0
  /// N: the text rows fed, dropped or not (CCM-25).
  package private(set) var textRows = 0
  /// The text rows of the final segment that were fed.
  package private(set) var finalLength = 0
  /// The logits of the last row of the final segment, from which the next token is chosen; nil before its first.
  package private(set) var lastLogits: [Double]?
  /// Under `memory = merge`, what each layer's running means are read from.
  private var memories: [MergedMemory]

  /// A reader that has read nothing.
  package init(model: ContextModel) {
    self.model = model
    self.layers = model.noPast
    self.memories = Array(repeating: model.emptyMemory, count: model.configuration.layers)
  }

  private var parameters: ContextParameters { model.parameters }
  private var rules: ContextRules { model.rules }

  /// Feeds x_k, at most `passLength` tokens in one pass, then C_k in one, drops x_k, and keeps C_k or folds it
  /// (CCM-24).
  ///
  /// The result does not depend on `passLength`. Throws for an empty segment, a token outside 0..<V, and after a final
  /// segment; after an error nothing was fed.
  package mutating func read(
    context tokens: [Int], passLength: Int, observe: (ContextReading) -> Void
  ) throws(PeerReferenceError) {
    let segment = segments
    guard finalLength == 0 else { throw .contextAfterFinal(segment: segment) }
    guard !tokens.isEmpty else { throw .rejected(.segmentEmpty(segment: segment)) }
    try checking(try parameters.check(textRows: textRows + tokens.count, contexts: segments + 1))
    try checking(try parameters.check(tokens, segment: segment))
    var ahead = self
    _ = try ahead.feed(
      tokens, segment: segment, first: 0, passLength: passLength, finalSegment: nil, observe: observe)
    try ahead.compress(segment: segment, observe: observe)
    ahead.segments += 1
    self = ahead
  }

  /// Feeds tokens of the final segment, at most `passLength` in one pass, on sinks and memory.
  ///
  /// The result does not depend on `passLength`. Throws for a token outside 0..<V; after an error nothing was fed.
  package mutating func read(
    final tokens: [Int], passLength: Int, observe: (ContextReading) -> Void
  ) throws(PeerReferenceError) {
    let segment = segments
    try checking(try parameters.check(textRows: textRows + tokens.count, contexts: segments))
    try checking(try parameters.check(tokens, segment: segment))
    var ahead = self
    let last = try ahead.feed(
      tokens, segment: segment, first: finalLength, passLength: passLength, finalSegment: segment, observe: observe)
    if let last { ahead.lastLogits = last }
    ahead.finalLength += tokens.count
    self = ahead
  }

  /// Chooses m tokens after the rows of the final segment that were fed; the last one is chosen but not fed (CCM-27).
  ///
  /// `forced` tokens, m of them if not nil, are fed in the place of those chosen. Stops early after `stopToken`, if it
  /// is not nil. Throws `nothingRead` if m > 0 and no row of the final segment was fed; after an error nothing was fed.
  package mutating func generate(
    _ m: Int, forced: [Int]?, stopToken: Int?, observe: (ContextReading) -> Void
  ) throws(PeerReferenceError) -> [Int] {
    if let forced {
      precondition(forced.count == m, "a forced token for every one chosen")
      try checking(try parameters.check(forced, segment: segments))
    }
    guard m >= 0 else { throw .rejected(.negativeGenerationLength(m)) }
    guard m == 0 || lastLogits != nil else { throw .nothingRead(generationLength: m) }
    var (ahead, chosen): (ContextReader, [Int]) = (self, [])
    while chosen.count < m, let logits = ahead.lastLogits {
      let token = rules.choose(logits)
      let fed = forced?[chosen.count] ?? token
      chosen.append(token)
      if token == stopToken { break }
      if chosen.count < m { try ahead.read(final: [fed], passLength: 1, observe: observe) }
    }
    self = ahead
    return chosen
  }

  /// Text rows of a segment, from index `first` on; answers the logits of the last one, nil if there is none.
  private mutating func feed(
    _ tokens: [Int], segment: Int, first: Int, passLength: Int, finalSegment: Int?, observe: (ContextReading) -> Void
  ) throws(PeerReferenceError) -> [Double]? {
    precondition(passLength >= 1, "at least one token a pass")
    var last: [Double]?
    for start in stride(from: 0, to: tokens.count, by: passLength) {
      let end = min(tokens.count - start, passLength) + start
      let rows = (start..<end).map { index in
        row(tokens[index], .text(segment: segment, index: first + index), textRows: textRows + index - start)
      }
      let trace = try pass(rows, finalSegment: finalSegment)
      append(rows, from: trace)
      textRows += rows.count
      last = Array(trace.logits.row(rows.count - 1))
      observe(reading(.read(textIndex: textRows - 1), rows, trace.logits))
    }
    return last
  }

  /// C_k in one pass, causal among themselves; then x_k goes, and C_k stays or is folded into the running means.
  private mutating func compress(segment: Int, observe: (ContextReading) -> Void) throws(PeerReferenceError) {
    let n = parameters.memoryTokens
    let rows = (0..<n).map { row(parameters.compToken($0), .comp(segment: segment, index: $0), textRows: textRows) }
    var logits = Tensor(zeros: [0, parameters.textSize])
    var unrotatedKeys = model.noPast.map { $0.keys }
    for part in rules.compPasses(n) {
      let trace = try pass(Array(rows[part]), finalSegment: nil)
      append(Array(rows[part]), from: trace)
      logits = logits.appending(trace.logits)
      for (index, layer) in trace.layers.enumerated() {
        unrotatedKeys[index] = unrotatedKeys[index].appending(layer.unrotatedKey)
      }
    }
    observe(reading(.compress(segment: segment), rows, logits))
    keep(entries.drop(segment: segment, parameters: parameters, rule: rules.cache))
    observe(reading(.drop(segment: segment)))
    switch parameters.profile.memory {
    case .concat: break
    case .merge:
      fold(segment: segment, unrotatedKeys: unrotatedKeys)
      observe(reading(.fold(segment: segment)))
    }
  }

  /// The entries of C_k leave the cache for the running means, which come to its end.
  private mutating func fold(segment: Int, unrotatedKeys: [Tensor]) {
    let block = entries.rows.indices.filter { entries.rows[$0].place.role == .comp }
    for (index, layer) in layers.enumerated() {
      memories[index] = model.folding(
        layer.selecting(block), unrotatedKeys: unrotatedKeys[index], into: memories[index])
    }
    keep(entries.fold(segment: segment, position: textRows, parameters: parameters))
    let positions = entries.rows.suffix(parameters.memoryTokens).map { $0.position }
    for index in layers.indices {
      layers[index] = layers[index].appending(
        model.merged(memories[index], own: nil, segments: nil, positions: positions))
    }
  }

  /// A forward pass of rows behind the cache, which is left as it is; the mask says what each sees.
  ///
  /// Throws `nonFiniteLogits` at the first row from which no token could be chosen.
  private func pass(_ rows: [ContextRow], finalSegment: Int?) throws(PeerReferenceError) -> ContextTrace {
    let mask = ContextMask(rows: entries.rows + rows, parameters: parameters, finalSegment: finalSegment)
    let visible = rules.visible(mask, entries.rows.count..<mask.rows.count)
    let trace = try modelling(
      try model.forward(rows, embeddings: model.embed(rows), visible: visible, past: layers))
    for (r, row) in rows.enumerated() where !trace.logits.row(r).allSatisfy({ $0.isFinite }) {
      throw .nonFiniteLogits(
        segment: row.place.segment ?? 0, role: row.place.role.rawValue, index: row.place.index ?? 0)
    }
    return trace
  }

  private mutating func append(_ rows: [ContextRow], from trace: ContextTrace) {
    entries.append(rows)
    for (index, layer) in trace.layers.enumerated() { layers[index] = layers[index].appending(layer.written) }
  }

  private mutating func keep(_ indices: [Int]) {
    for index in layers.indices { layers[index] = layers[index].selecting(indices) }
  }

  private func row(_ token: Int, _ place: ContextPlace, textRows: Int) -> ContextRow {
    ContextRow(token: token, place: place, position: rules.position(place, textRows, parameters), label: nil)
  }

  private func reading(_ event: ContextEvent, _ fed: [ContextRow] = [], _ logits: Tensor? = nil) -> ContextReading {
    ContextReading(
      fed: fed, logits: logits ?? Tensor(zeros: [0, parameters.textSize]), event: event, entries: entries,
      layers: layers)
  }
}
