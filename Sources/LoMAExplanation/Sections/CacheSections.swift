// Sections schedule and reconstruction (GEN-1…GEN-8, REC-1, REC-4).

import LoMA

extension Explanation {
  /// All events of feeding each text to the compressed cache.
  func scheduleContent(limits: ExplanationLimits) throws(InputError) -> SectionContent {
    var blocks: [ContentBlock] = []
    for (index, length) in fedLengths.enumerated() {
      if fedLengths.count > 1 { blocks.append(.title("text \(index)")) }
      let steps = scheduleLength(length)
      if steps > limits.lines {
        blocks.append(.note(["\(steps) events, not listed: the limit here is \(limits.lines) events"]))
      } else if length > 0 {
        blocks.append(.table(try table(ofScheduleFor: index)))
      }
      blocks.append(.note([cacheSummary(length)]))
    }
    let tokens = fedLengths.count == 1 ? "\(fedLengths[0]) fed tokens" : "\(fedLengths.count) texts"
    return SectionContent(
      section: .schedule, subtitle: tokens + ", rows of the generation layout", blocks: blocks)
  }

  /// The number of events when n tokens are fed: one per token, two per full chunk.
  func scheduleLength(_ length: Int) -> Int { length + 2 * parameters.fullChunks(length) }

  private func cacheSummary(_ length: Int) -> String {
    Self.cacheSummary(
      most: parameters.cacheMaximum(whileFeeding: length), last: parameters.cacheSize(afterFeeding: length),
      uncompressed: length)
  }

  private func table(ofScheduleFor textIndex: Int) throws(InputError) -> ContentTable {
    let text = inputs.texts[textIndex]
    let schedule = try CacheSchedule(fedLength: fedLengths[textIndex], parameters: parameters)
    let drawsCache = parameters.cacheMaximum(whileFeeding: schedule.fedLength) <= 48
    var columns: [ContentColumn] = [
      .words("event"), .words("token"), .words("feeds"), .number("cache"), .number("memory"), .number("reading"),
    ]
    if inputs.generationLength != nil { columns.append(.words("chooses")) }
    if drawsCache { columns.append(.words("entries")) }
    var starts: Set<Int> = []
    var rows: [[ContentCell]] = []
    for step in schedule.steps {
      var row: [ContentCell]
      var chosen = ""
      switch step.event {
      case .read(let g):
        if g > 0, g % parameters.chunkLength == 0 { starts.insert(rows.count) }
        if g + 1 >= text.length, let m = inputs.generationLength, m > 0 { chosen = text.name(ofTextIndex: g + 1) }
        row = [
          ContentCell("read \(g)", ink: .zone(.reading)),
          ContentCell(text.name(ofTextIndex: g), ink: .zone(.reading)),
        ]
      case .compress(let chunk):
        row = [ContentCell("compress \(chunk)", ink: .zone(.memory)), ContentCell("<m>", ink: .zone(.memory))]
      case .drop(let chunk):
        row = [ContentCell("drop \(chunk)"), ContentCell("")]
      }
      row += [
        ContentCell(Explanation.describe(step.fedRows)), ContentCell("\(step.cacheSize)"),
        ContentCell("\(step.memoryEntries)"), ContentCell("\(step.readingEntries)"),
      ]
      if inputs.generationLength != nil { row.append(ContentCell(chosen)) }
      if drawsCache { row.append(ContentCell(cacheLetters(schedule, step), ink: .letters)) }
      rows.append(row)
    }
    return ContentTable(columns: columns, rows: rows, groupStarts: starts)
  }

  /// The entries of the cache in order, one letter each.
  private func cacheLetters(_ schedule: CacheSchedule, _ step: CacheStep) -> String {
    let rowsPerChunk = parameters.chunkLength + parameters.t
    return String(
      schedule.entries(after: step).map { row in
        (row % rowsPerChunk < parameters.chunkLength ? Zone.reading : Zone.memory).letter
      })
  }

  /// The full chunks of a fed text that the section shows.
  func reconstructedChunks(_ length: Int) -> Range<Int> {
    guard let chunk = inputs.chunk else { return 0..<parameters.fullChunks(length) }
    return chunk..<chunk + 1
  }

  /// The memories that each chunk's repetition rows see, and the row that predicts each token.
  func reconstructionContent(limits: ExplanationLimits) throws(InputError) -> SectionContent {
    var blocks: [ContentBlock] = []
    for (index, length) in fedLengths.enumerated() {
      if fedLengths.count > 1 { blocks.append(.title("text \(index)")) }
      let chunks = reconstructedChunks(length)
      let lines = chunks.count * parameters.chunkLength
      if chunks.isEmpty {
        blocks.append(.note(["no full chunk: nothing to reconstruct"]))
      } else if lines > limits.lines {
        let limit = "the limit here is \(limits.lines) tokens"
        blocks.append(.note(["\(lines) tokens, not listed: " + limit + "; --chunk K lists one chunk"]))
      } else {
        for chunk in chunks { blocks += try reconstructionBlocks(of: chunk, textIndex: index) }
      }
    }
    if inputs.profile.repetitionLabels == .shifted {
      blocks.append(
        .note(["the last memory row has seen the chunk's first token itself: predicting it proves nothing"]))
    }
    return SectionContent(
      section: .reconstruction,
      subtitle: "\(parameters.chunkLength) repetition rows per chunk in one pass, never cached", blocks: blocks)
  }

  /// The index in the training layout of the row that predicts a token of a chunk.
  func trainingRow(_ predicting: PredictingRow, chunk: Int) -> Int {
    let (t, length) = (parameters.t, parameters.chunkLength)
    let firstMemory = chunk * (length + t + length) + length
    return switch predicting {
    case .repetition(let index): firstMemory + t + index
    case .lastMemory: firstMemory + t - 1
    }
  }

  private func reconstructionBlocks(of chunk: Int, textIndex: Int) throws(InputError) -> [ContentBlock] {
    let (t, length) = (parameters.t, parameters.chunkLength)
    let reconstruction = try Reconstruction(
      chunk: chunk, textLength: fedLengths[textIndex], parameters: parameters, profile: inputs.profile)
    let rows = reconstruction.predictingRows.enumerated().map { offset, predicting in
      let name = inputs.texts[textIndex].name(ofTextIndex: chunk * length + offset)
      let row = trainingRow(predicting, chunk: chunk)
      let (place, zone) =
        switch predicting {
        case .repetition(let index): ("repetition \(index)", Zone.repetition)
        case .lastMemory: ("memory \(t - 1)", Zone.memory)
        }
      return [
        ContentCell(name, ink: .zone(.reading)), ContentCell("\(row)"), ContentCell(place, ink: .zone(zone)),
      ]
    }
    let seen = reconstruction.memoryChunks
    let chunks = seen.count == 1 ? "chunk \(chunk) only" : "chunks \(seen.lowerBound)-\(chunk)"
    let memories = "the memories of \(chunks) (entries: \(seen.count * t))"
    return [
      .note(["chunk \(chunk): its repetition rows see " + memories]),
      .table(ContentTable(columns: [.words("token"), .number("training row"), .words("predicted by")], rows: rows)),
    ]
  }
}
