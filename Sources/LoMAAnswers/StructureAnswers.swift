// Chapters 2 to 7 and 9 in integers: layout, mask, schedule, metrics, cost.

import LoMA

/// The function that lays out a text as rows.
package typealias RowsOfText =
  @Sendable (LayoutKind, [Int], Vocabulary, Parameters, Profile) throws(InputError) -> [Row]

package enum RowsOfLayout {
  /// The rows of the Spec, as `Layout` makes them.
  package static let right: RowsOfText = { (kind, text, vocabulary, parameters, profile) throws(InputError) in
    switch kind {
    case .training:
      try Layout.training(text: text, vocabulary: vocabulary, parameters: parameters, profile: profile).rows
    case .generation:
      try Layout.generation(text: text, vocabulary: vocabulary, parameters: parameters, profile: profile).rows
    }
  }
}

extension Request {
  /// The layout that is asked for; an unknown word counts as `training`.
  package func layoutKind() throws(RequestError) -> LayoutKind { LayoutKind(rawValue: try word("layout")) ?? .training }

  package func trainingBatch() throws(RequestError) -> Batch { try batch(.training, rows: RowsOfLayout.right) }

  /// The padded batch of the texts' rows. Faults are found in the order of the list of rejections (OPS-6): c and t,
  /// ids, tokens, and the profile last.
  package func batch(_ kind: LayoutKind, rows: RowsOfText) throws(RequestError) -> Batch {
    let (parameters, vocabulary, texts) = (try lomaParameters(), try vocabulary(), try texts())
    for text in texts { try input { () throws(InputError) in try vocabulary.check(text: text) } }
    let profile = try profile()
    var all: [[Row]] = []
    for text in texts {
      all.append(try input { () throws(InputError) in try rows(kind, text, vocabulary, parameters, profile) })
    }
    return Batch(rows: all)
  }
}

extension ReferenceAnswers {
  /// `tokens`, `zones` (0 reading, 1 memory, 2 repetition, 3 pad), `chunks`, `indices`, `positions` and `labels`, each
  /// [texts, rows] with −1 for a missing value.
  func layout(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let batch = try request.batch(try request.layoutKind(), rows: rows)
    let shape = [batch.texts.count, batch.rowCount]
    let rows = batch.texts.flatMap { $0 }
    return [
      .integers("tokens", shape: shape, rows.map { $0.token }),
      .integers("zones", shape: shape, rows.map { Zone.allCases.firstIndex(of: $0.place.zone) ?? -1 }),
      .integers("chunks", shape: shape, rows.map { $0.place.chunk ?? -1 }),
      .integers("indices", shape: shape, rows.map { $0.place.index ?? -1 }),
      .integers("positions", shape: shape, rows.map { $0.position }),
      .integers("labels", shape: shape, rows.map { $0.label ?? -1 }),
    ]
  }

  /// `mask`: [texts, rows, rows], query first.
  func mask(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let (batch, profile) = (try request.batch(try request.layoutKind(), rows: rows), try request.profile())
    let count = batch.rowCount
    var cells = [Bool](repeating: false, count: batch.texts.count * count * count)
    for (index, rows) in batch.texts.enumerated() {
      let visible = rules.visible(Mask(rows: rows, profile: profile), 0..<count)
      for (query, keys) in visible.lists.enumerated() {
        for key in keys { cells[(index * count + query) * count + key] = true }
      }
    }
    return [.booleans("mask", shape: [batch.texts.count, count, count], cells)]
  }
}

extension Request {
  /// The schedule of the text tokens that are fed.
  func scheduleAnswer() throws(RequestError) -> [ResultTensor] {
    let parameters = try lomaParameters()
    let (prompt, count) = (try integer("prompt_length"), try integer("generate"))
    let schedule = try input { () throws(InputError) in
      try CacheSchedule(
        fedLength: try parameters.fedLength(prompt: prompt, generating: count), parameters: parameters)
    }
    return Request.scheduleTensors(schedule.steps.map { ($0, entries: schedule.entries(after: $0)) })
  }

  /// `events`, [steps, 6]: kind (0 read, 1 compress, 2 drop), text index or chunk, first and end of the range of
  /// generation-layout rows fed, memory and reading entries cached afterwards. `entries`, [steps, maximum]: the cached
  /// rows in cache order, padded with −1. `maximum`: the largest number of entries ever cached.
  package static func scheduleTensors(_ steps: [(CacheStep, entries: [Int])]) -> [ResultTensor] {
    let widest = steps.map { $0.entries.count }.max() ?? 0
    var events: [Int] = []
    var entries: [Int] = []
    for (step, cached) in steps {
      let (kind, argument) =
        switch step.event {
        case .read(let textIndex): (0, textIndex)
        case .compress(let chunk): (1, chunk)
        case .drop(let chunk): (2, chunk)
        }
      events += [
        kind, argument, step.fedRows.lowerBound, step.fedRows.upperBound, step.memoryEntries, step.readingEntries,
      ]
      entries += cached + Array(repeating: -1, count: widest - cached.count)
    }
    return [
      .integers("events", shape: [steps.count, 6], events),
      .integers("entries", shape: [steps.count, widest], entries), .integer("maximum", widest),
    ]
  }

  /// `counts`: correct tokens, tokens, correct chunks, chunks; a metric over nothing is 0 of 0.
  func metricsAnswer() throws(RequestError) -> [ResultTensor] {
    let parameters = try lomaParameters()
    var rest = try integers("reconstruction")[...]
    var pairs: [(text: [Int], reconstruction: [Int])] = []
    let texts = try texts()
    for (index, text) in texts.enumerated() {
      // The last text takes all that is left, so that a wrong number of tokens is rejected, not cut off.
      let length = parameters.fullChunks(text.count) * parameters.chunkLength
      let part = index == texts.count - 1 ? rest : rest.prefix(length)
      pairs.append((text, Array(part)))
      rest = rest.dropFirst(part.count)
    }
    let metrics = try input { () throws(InputError) in try Metrics(pairs, parameters: parameters) }
    let (tokens, chunks) = (metrics.tokenRepetitionAccuracy, metrics.repetitionAccuracy)
    return [
      .integers(
        "counts", shape: [4], [tokens?.correct ?? 0, tokens?.total ?? 0, chunks?.correct ?? 0, chunks?.total ?? 0])
    ]
  }

  /// `generation`, `training` and `full_attention`: visible pairs; `reconstruction`: visible pairs by chunk, [F];
  /// `entry_bytes`; `cache_size` and `cache_maximum` after n tokens.
  func costAnswer() throws(RequestError) -> [ResultTensor] {
    let (parameters, n) = (try lomaParameters(), try integer("text_length"))
    try input { () throws(InputError) in try Parameters.check(textLength: n) }
    let (layers, heads) = (try integer("layers"), try integer("kv_heads"))
    let (dimension, width) = (try integer("head_dim"), try integer("bytes_per_element"))
    let entry = try input { () throws(InputError) in
      try CacheEntrySize(layers: layers, keyValueHeads: heads, headDimension: dimension, bytesPerElement: width)
    }
    let profile = try profile()
    return try input { () throws(InputError) in
      let cost = try Cost(textLength: n, parameters: parameters, profile: profile)
      var reconstruction: [Int] = []
      for chunk in 0..<parameters.fullChunks(n) { reconstruction.append(try cost.reconstruction(chunk: chunk)) }
      return [
        .integer("generation", cost.generation), .integer("training", cost.training),
        .integer("full_attention", cost.fullAttention),
        .integers("reconstruction", shape: [reconstruction.count], reconstruction),
        .integer("entry_bytes", entry.bytes), .integer("cache_size", parameters.cacheSize(afterFeeding: n)),
        .integer("cache_maximum", parameters.cacheMaximum(whileFeeding: n)),
      ]
    }
  }
}
