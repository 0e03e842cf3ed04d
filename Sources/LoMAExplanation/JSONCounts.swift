// Draws an explanation of LoMA for programs: the sections that are LoMA's own.

import LoMA
import LoMAVectors

extension Explanation {
  /// The format alone.
  package var heading: [JSONObject.Member] { [.init("format", .string("loma explanation 1"))] }

  /// A section besides rows and mask.
  package func value(of section: ExplanationSection, limits: ExplanationLimits) throws -> JSONValue? {
    switch section {
    case .parameters: parametersValue
    case .rules: .array(rules)
    case .schedule: try .texts(inputs.texts.indices) { try scheduleValue($0, limits: limits) }
    case .reconstruction: try .texts(inputs.texts.indices) { try reconstructionValue($0, limits: limits) }
    case .cost: try .texts(inputs.texts.indices) { try costValue($0, limits: limits) }
    case .metrics: metricsValue
    case .choice: choiceValue
    case .profiles: Self.axes.value
    case .rows, .positions, .mask, .weights, .layers: nil
    }
  }

  private var parametersValue: JSONValue {
    .members([
      .init("c", .integer(parameters.c)), .init("t", .integer(parameters.t)),
      .init("chunk_length", .integer(parameters.chunkLength)),
      .init(
        "texts",
        .array(
          inputs.texts.map { text in
            .members([
              .init("length", .integer(text.length)),
              .init("full_chunks", .integer(parameters.fullChunks(text.length))),
              .init("tail", .integer(parameters.tailLength(text.length))),
            ])
          })),
      .init("generate", .integer(orNull: inputs.generationLength)),
      .init(
        "vocabulary",
        vocabulary.map { vocabulary in
          .members([
            .init("text", .integer(vocabulary.textSize)), .init("memory_token", .integer(vocabulary.memoryToken)),
            .init("repetition_token", .integer(vocabulary.repetitionToken)),
            .init("model", .integer(vocabulary.modelSize)),
          ])
        } ?? .null),
      .init(
        "profile", .members(Axis.allCases.map { .init($0.rawValue, .string(inputs.profile[$0])) })),
    ])
  }

  /// The clauses of the mask, with the zones that each applies to.
  private var rules: [JSONValue] {
    MaskSentences(profile: inputs.profile).all.map { rule in
      JSONValue.members([
        .init("clause", .string(rule.clause)), .init("query", .string(orNull: rule.query?.rawValue)),
        .init("key", .string(orNull: rule.key?.rawValue)), .init("sentence", .string(rule.sentence)),
      ])
    }
  }

  /// `row_count` rows of the generation layout are fed, starting at `first_row`; the sizes are those after the event.
  private func scheduleValue(_ textIndex: Int, limits: ExplanationLimits) throws(InputError) -> JSONValue {
    let length = fedLengths[textIndex]
    var members = [
      JSONObject.Member("fed", .integer(length)),
      .init("largest_cache", .integer(parameters.cacheMaximum(whileFeeding: length))),
      .init("final_cache", .integer(parameters.cacheSize(afterFeeding: length))),
    ]
    let count = scheduleLength(length)
    guard count <= limits.lines else {
      members.append(.init("events", .notShown(count, limit: limits.lines)))
      return .members(members)
    }
    let schedule = try CacheSchedule(fedLength: length, parameters: parameters)
    let events = schedule.steps.map { step in
      let (name, number) =
        switch step.event {
        case .read(let textIndex): ("read", textIndex)
        case .compress(let chunk): ("compress", chunk)
        case .drop(let chunk): ("drop", chunk)
        }
      return JSONValue.members([
        .init("event", .string(name)), .init(name == "read" ? "text_index" : "chunk", .integer(number)),
        .init("first_row", .integer(step.fedRows.lowerBound)), .init("row_count", .integer(step.fedRows.count)),
        .init("cache", .integer(step.cacheSize)),
        .init("memory", .integer(step.memoryEntries)), .init("reading", .integer(step.readingEntries)),
      ])
    }
    members.append(.init("events", .array(events)))
    return .members(members)
  }

  /// Per chunk: the chunks whose memories are seen, and the row of the training layout that predicts each token.
  private func reconstructionValue(_ textIndex: Int, limits: ExplanationLimits) throws(InputError) -> JSONValue {
    let length = fedLengths[textIndex]
    let chunks = reconstructedChunks(length)
    let tokens = chunks.count * parameters.chunkLength
    guard tokens <= limits.lines else { return .notShown(tokens, limit: limits.lines) }
    var values: [JSONValue] = []
    for chunk in chunks {
      let reconstruction = try Reconstruction(
        chunk: chunk, textLength: length, parameters: parameters, profile: inputs.profile)
      let rows = reconstruction.predictingRows.map { trainingRow($0, chunk: chunk) }
      values.append(
        .members([
          .init("chunk", .integer(chunk)),
          .init("first_memory_chunk", .integer(reconstruction.memoryChunks.lowerBound)),
          .init("last_memory_chunk", .integer(reconstruction.memoryChunks.upperBound - 1)),
          .init("predicting_rows", .array(rows.map { .integer($0) })),
        ]))
    }
    return .array(values)
  }

  /// Pairs; also bytes if the size of an entry is known.
  private func costValue(_ textIndex: Int, limits: ExplanationLimits) throws(InputError) -> JSONValue {
    let cost = costs[textIndex]
    let chunks = reconstructedChunks(cost.textLength)
    var pairs: [JSONValue] = []
    if chunks.count <= limits.lines {
      for chunk in chunks {
        pairs.append(
          .members([.init("chunk", .integer(chunk)), .init("pairs", .integer(try cost.reconstruction(chunk: chunk)))]))
      }
    }
    let final = parameters.cacheSize(afterFeeding: cost.textLength)
    let largest = parameters.cacheMaximum(whileFeeding: cost.textLength)
    var members: [JSONObject.Member] = [
      .init("length", .integer(cost.textLength)), .init("generation", .integer(cost.generation)),
      .init("training", .integer(cost.training)), .init("full_attention", .integer(cost.fullAttention)),
      .init(
        "reconstruction",
        chunks.count <= limits.lines ? .array(pairs) : .notShown(chunks.count, limit: limits.lines)),
    ]
    if let bytes = entryBytes {
      members.append(.init("bytes", .bytes(bytes, most: largest, last: final, uncompressed: cost.textLength)))
    }
    return .members(members)
  }

  /// The counts; null without a full chunk (REC-2).
  private var metricsValue: JSONValue {
    func value(_ accuracy: Accuracy?) -> JSONValue {
      guard let accuracy else { return .null }
      return .members([.init("correct", .integer(accuracy.correct)), .init("total", .integer(accuracy.total))])
    }
    return .members([
      .init("token_repetition_accuracy", value(metrics?.tokenRepetitionAccuracy)),
      .init("repetition_accuracy", value(metrics?.repetitionAccuracy)),
    ])
  }

  /// The greedy token (GEN-5).
  private var choiceValue: JSONValue { .members([.init("token", .integer(orNull: greedyToken))]) }
}
