// Draws an explanation for programs, continued: schedule, reconstruction, cost, metrics, choice and profiles.

import LoMA
import LoMAVectors

extension JSONDrawing {
  /// `row_count` rows of the generation layout are fed, starting at `first_row`; the sizes are those after the event.
  func scheduleValue(_ textIndex: Int) throws(InputError) -> JSONValue {
    let length = explanation.fedLengths[textIndex]
    var members = [
      JSONObject.Member("fed", .integer(length)),
      .init("largest_cache", .integer(parameters.cacheMaximum(whileFeeding: length))),
      .init("final_cache", .integer(parameters.cacheSize(afterFeeding: length))),
    ]
    let count = explanation.scheduleLength(length)
    guard count <= limits.lines else {
      members.append(.init("events", notShown(count, limit: limits.lines)))
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
  func reconstructionValue(_ textIndex: Int) throws(InputError) -> JSONValue {
    let length = explanation.fedLengths[textIndex]
    let chunks = explanation.reconstructedChunks(length)
    let tokens = chunks.count * parameters.chunkLength
    guard tokens <= limits.lines else { return notShown(tokens, limit: limits.lines) }
    var values: [JSONValue] = []
    for chunk in chunks {
      let reconstruction = try Reconstruction(
        chunk: chunk, textLength: length, parameters: parameters, profile: inputs.profile)
      let rows = reconstruction.predictingRows.map { explanation.trainingRow($0, chunk: chunk) }
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
  func costValue(_ textIndex: Int) throws(InputError) -> JSONValue {
    let cost = explanation.costs[textIndex]
    let chunks = explanation.reconstructedChunks(cost.textLength)
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
        chunks.count <= limits.lines ? .array(pairs) : notShown(chunks.count, limit: limits.lines)),
    ]
    if let bytes = explanation.entryBytes {
      members.append(
        .init(
          "bytes",
          .members([
            .init("entry", .integer(bytes)), .init("final_cache", .integer(final * bytes)),
            .init("largest_cache", .integer(largest * bytes)),
            .init("uncompressed", .integer(cost.textLength * bytes)),
          ])))
    }
    return .members(members)
  }

  /// The counts; null without a full chunk (REC-2).
  var metricsValue: JSONValue {
    func value(_ accuracy: Accuracy?) -> JSONValue {
      guard let accuracy else { return .null }
      return .members([.init("correct", .integer(accuracy.correct)), .init("total", .integer(accuracy.total))])
    }
    return .members([
      .init("token_repetition_accuracy", value(explanation.metrics?.tokenRepetitionAccuracy)),
      .init("repetition_accuracy", value(explanation.metrics?.repetitionAccuracy)),
    ])
  }

  /// The greedy token (GEN-5).
  var choiceValue: JSONValue { .members([.init("token", .integer(orNull: explanation.greedyToken))]) }

  /// The registry's axes.
  var profilesValue: JSONValue {
    .array(
      Axis.allCases.map { axis in
        .members([
          .init("axis", .string(axis.rawValue)), .init("decision", .string(axis.decision)),
          .init("default", .string(Profile.base[axis])),
          .init("alternatives", .array(axis.values.dropFirst().map { .string($0) })),
        ])
      })
  }
}
