// Where the code and the second derivation disagree on a sample: one function per chapter, each giving what it found
// as a sentence, or nothing.

import LoMA

/// A comparison of LoMA with the second derivation, chapter by chapter.
enum Agreement {
  /// LAY: tokens, zones, chunks and indices of both layouts.
  static func layout(_ sample: Sample) throws -> String? {
    let decoder = try StreamingDecoder(sample)
    for (layout, numbers) in try layouts(sample, decoder) {
      let expected = numbers.map { decoder.fed[$0] }
      guard layout.rows.count == expected.count else { return "\(layout.rows.count) rows, not \(expected.count)" }
      for (index, pair) in zip(layout.rows, expected).enumerated()
      where pair.0.place != pair.1.place || pair.0.token != pair.1.token {
        return "row \(index) is \(pair.0), not \(pair.1)"
      }
    }
    return nil
  }

  /// POS: positions of both layouts.
  static func positions(_ sample: Sample) throws -> String? {
    let decoder = try StreamingDecoder(sample)
    for (layout, numbers) in try layouts(sample, decoder) {
      let expected = numbers.map { decoder.fed[$0].position }
      let found = layout.rows.map { $0.position }
      if found != expected { return "positions \(found), not \(expected)" }
    }
    return nil
  }

  /// MSK: every cell of both layouts.
  static func mask(_ sample: Sample) throws -> String? {
    let decoder = try StreamingDecoder(sample)
    for (layout, numbers) in try layouts(sample, decoder) {
      let expected = decoder.cells(among: numbers)
      let mask = Mask(rows: layout.rows, profile: sample.profile)
      let count = layout.rows.count
      guard count == numbers.count else { return "\(count) rows, not \(numbers.count)" }
      let found = mask.cells()
      guard found.count == expected.count else { return "\(found.count) cells, not \(expected.count)" }
      for cell in expected.indices {
        let (query, key) = (cell / count, cell % count)
        if found[cell] != expected[cell] || mask.rule(query: query, key: key).isVisible != expected[cell] {
          return "query \(query), key \(key) should be \(expected[cell] ? "visible" : "hidden")"
        }
      }
    }
    return nil
  }

  /// LOS: labels of both layouts.
  static func labels(_ sample: Sample) throws -> String? {
    let decoder = try StreamingDecoder(sample)
    let text = sample.text
    for (layout, numbers) in try layouts(sample, decoder) {
      let expected = numbers.map { decoder.fed[$0].predictedTextIndex.map { text[$0] } }
      let found = layout.rows.map { $0.label }
      if found != expected { return "labels \(found), not \(expected)" }
    }
    return nil
  }

  /// GEN: the events, their entries and every size.
  static func schedule(_ sample: Sample) throws -> String? {
    let (parameters, n) = (sample.parameters, sample.textLength)
    let schedule = try CacheSchedule(fedLength: n, parameters: parameters)
    let (found, expected) = (schedule.derivedForm, try derivedSchedule(sample))
    if found != expected { return "schedule \(found), not \(expected)" }
    let decoder = try StreamingDecoder(sample)
    let sizes = [0] + decoder.sizesAfterReading
    let foundSizes = (0...n).map { parameters.cacheSize(afterFeeding: $0) }
    if foundSizes != sizes { return "sizes \(foundSizes), not \(sizes)" }
    let peaks = decoder.sizesWhileCompressing
    let foundPeaks = peaks.indices.map { parameters.cachePeak(whileCompressing: $0) }
    if foundPeaks != peaks { return "peaks \(foundPeaks), not \(peaks)" }
    let maximum = expected.map { $0.entries.count }.max() ?? 0
    let foundMaximum = parameters.cacheMaximum(whileFeeding: n)
    return foundMaximum == maximum ? nil : "maximum \(foundMaximum), not \(maximum)"
  }

  /// REC: which memories the repetition rows see, and which row predicts which token.
  static func reconstruction(_ sample: Sample) throws -> String? {
    let decoder = try StreamingDecoder(sample)
    let fullChunks = decoder.sizesWhileCompressing.count
    for chunk in 0..<fullChunks {
      let rows = decoder.fed.filter { $0.place.chunk == chunk }
      let found = try Reconstruction(
        chunk: chunk, textLength: sample.textLength, parameters: sample.parameters, profile: sample.profile)
      for row in rows where row.place.zone == .repetition {
        let memories = row.sees.compactMap { decoder.fed[$0].place.zone == .memory ? decoder.fed[$0].place.chunk : nil }
        if Set(memories) != Set(found.memoryChunks) { return "chunk \(chunk) sees the memories \(found.memoryChunks)" }
      }
      var predicting: [Int: PredictingRow] = [:]
      for row in rows {
        guard let textIndex = row.predictedTextIndex else { continue }
        switch row.place {
        case .reading, .pad: break
        case .memory: predicting[textIndex] = .lastMemory
        case .repetition(_, let index): predicting[textIndex] = .repetition(index)
        }
      }
      let expected = predicting.sorted { $0.key < $1.key }.map { $0.value }
      if found.predictingRows != expected { return "\(found.predictingRows) predict chunk \(chunk), not \(expected)" }
    }
    return nil
  }

  /// COST: the closed forms against pairs counted one by one.
  static func cost(_ sample: Sample) throws -> String? {
    let decoder = try StreamingDecoder(sample)
    let cost = try Cost(textLength: sample.textLength, parameters: sample.parameters, profile: sample.profile)
    let generation = decoder.pairs(of: decoder.generationNumbers)
    if cost.generation != generation { return "generation costs \(cost.generation), not \(generation)" }
    let training = decoder.pairs(of: decoder.fed.indices)
    if cost.training != training { return "training costs \(cost.training), not \(training)" }
    for chunk in decoder.sizesWhileCompressing.indices {
      let rows = decoder.fed.indices.filter {
        decoder.fed[$0].place.zone == .repetition && decoder.fed[$0].place.chunk == chunk
      }
      let (found, expected) = (try cost.reconstruction(chunk: chunk), decoder.pairs(of: rows))
      if found != expected { return "reconstructing chunk \(chunk) costs \(found), not \(expected)" }
    }
    let full = (0..<sample.textLength).reduce(0) { $0 + $1 + 1 }
    return cost.fullAttention == full ? nil : "full attention costs \(cost.fullAttention), not \(full)"
  }

  private static func layouts(_ sample: Sample, _ decoder: StreamingDecoder) throws -> [(Layout, [Int])] {
    [(try sample.training(), Array(decoder.fed.indices)), (try sample.generation(), decoder.generationNumbers)]
  }
}
